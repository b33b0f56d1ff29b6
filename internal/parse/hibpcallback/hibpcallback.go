// Package hibpcallback implements parse-hibp-callback.
//
// parse-hibp-callback: parse what Have I Been Pwned sends to subscribers of a domain
//
// A callback is one JSON object about a breach or a paste. It makes an event for
// each address of mail in it.
//
// # Examples
//
//	echo '{"Email":"a@example.org","Domain":"example.org","DomainEmails":[],
//	  "Breach":{"AddedDate":"2026-01-31T10:20:30Z"}}' | parse-hibp-callback
package hibpcallback

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has no flags.
type Command struct{}

// Process makes an event of each address in each callback.
func (*Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	for x := range feed.Objects(report, emit) {
		var g feed.Group
		accounts, err := addresses(x)
		if err != nil {
			g.Add(x.Event()).Fail(err)
		}
		for _, account := range accounts {
			if g.Add(callback(x, account)).Err() != nil {
				break
			}
		}
		if err := g.Emit(emit); err != nil {
			return err
		}
	}
	return nil
}

// addresses are those of Email and DomainEmails, each once.
func addresses(x *feed.Element) ([]string, error) {
	for _, name := range []string{"Domain", "DomainEmails"} {
		if !x.Has(name) {
			return nil, fmt.Errorf("%s is missing", name)
		}
	}
	var all []string
	if v := x.Value("DomainEmails"); v.Kind != harmonization.Null && json.Unmarshal([]byte(v.Text), &all) != nil {
		return nil, errors.New("DomainEmails: a list of addresses is expected")
	}
	all = append(all, x.Get("Email"))
	all = slices.DeleteFunc(all, func(s string) bool { return s == "" })
	slices.Sort(all)
	return slices.Compact(all), nil
}

var errBoth = errors.New("a breach and a paste in one callback")

func callback(x *feed.Element, account string) *event.Message {
	e := x.Event()
	e.SetOrigin([]byte(harmonization.JSON(string(x.Text())).Dumps()))
	e.Set("classification.taxonomy", "information-content-security")
	e.Set("classification.type", "data-leak")
	e.SetIf("source.fqdn", x.Get("Domain"))
	e.Set("source.account", account)
	e.SetValue("extra.domain_emails", x.Value("DomainEmails"))
	breach, paste := x.Value("Breach"), x.Value("Paste")
	if !breach.Empty() {
		e.SetValue("extra.breach", breach)
		e.Set("classification.identifier", "breach")
		var about struct{ AddedDate string }
		if json.Unmarshal([]byte(breach.Text), &about) == nil { // a list in tests of the callback
			e.SetIf("time.source", about.AddedDate)
		}
	}
	if !paste.Empty() {
		if !breach.Empty() {
			e.Fail(errBoth)
		}
		e.SetValue("extra.paste", paste)
		e.Set("classification.identifier", "paste")
	}
	return e
}
