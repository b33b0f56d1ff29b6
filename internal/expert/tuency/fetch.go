package tuency

import (
	"context"

	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/lookup/contacts"
	"github.com/intelpipe/intelpipe/internal/lookup/web"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/timeformat"
)

// rule is what Tuency says about events.
type rule struct {
	Suppress       bool     `json:"suppress,omitempty"`
	Interval       *int64   `json:"interval,omitempty"` // in seconds
	Contacts       []string `json:"contacts,omitempty"`
	Constituencies []string `json:"constituencies,omitempty"`
}

// source asks Tuency.
type source struct{ web web.Service }

// target is what Tuency knows of an address or a name.
type target struct {
	Destinations []struct {
		Contacts []struct{ Email string }
	}
}

// rule asks for a URL. Where nobody is responsible there is no rule, unless all is to be
// suppressed.
func (s *source) rule(ctx context.Context, url string) (r rule, err error) {
	a, err := s.web.Get(ctx, url)
	if err != nil {
		return r, err
	}
	var answer struct {
		IP, Domain target
		Suppress   bool
		Interval   *struct {
			Unit   string
			Length json.Number
		}
		Constituencies []string
	}
	if err := a.JSON(&answer); err != nil {
		return r, err
	}
	destinations := append(answer.IP.Destinations, answer.Domain.Destinations...)
	if !answer.Suppress && len(destinations) == 0 {
		return r, lookup.ErrNotThere
	}
	r.Suppress = answer.Suppress
	if i := answer.Interval; i != nil && !r.Suppress {
		seconds, err := interval(i.Length.String(), i.Unit)
		if err != nil {
			return r, a.Unexpected(err)
		}
		r.Interval = &seconds
	}
	for _, destination := range destinations {
		for _, contact := range destination.Contacts {
			r.Contacts = append(r.Contacts, contacts.Addresses([]string{contact.Email})...)
		}
	}
	for _, name := range answer.Constituencies {
		if plain.Line(name) == name {
			r.Constituencies = append(r.Constituencies, name)
		}
	}
	return r, nil
}

// interval is a number of units in seconds.
func interval(length, unit string) (int64, error) {
	if unit == "immediate" {
		return 0, nil
	}
	d, err := timeformat.ParseRelative(length + " " + unit)
	return int64(d.Seconds()), err
}
