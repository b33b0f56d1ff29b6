package ripe

import (
	"context"
	"net/url"
	"strings"
	"sync"

	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/lookup/contacts"
	"github.com/intelpipe/intelpipe/internal/lookup/web"
)

// services are where the answers come from. Tests have servers of their own.
type services struct{ database, stat string }

var public = services{"https://rest.db.ripe.net/abuse-contact/", "https://stat.ripe.net/data/"}

// place is where RIPEstat says that an address is. Its form is that of Redis, too.
type place struct {
	Country   string      `json:"country,omitempty"`
	City      string      `json:"city,omitempty"`
	Latitude  json.Number `json:"latitude,omitempty"`
	Longitude json.Number `json:"longitude,omitempty"`
}

// source asks the services.
type source struct {
	services services
	web      web.Service
	warn     func(string, ...any)
	warned   sync.Once
}

// contacts asks for what a key names: "db_ip:192.0.2.1", "db_asn:64496", "stat:64496".
func (s *source) contacts(ctx context.Context, key string) ([]string, error) {
	kind, resource, _ := strings.Cut(key, ":")
	if kind == "stat" {
		return s.statContacts(ctx, resource)
	}
	if kind == "db_asn" {
		resource = "as" + resource
	}
	var answer struct {
		Contacts struct{ Email string } `json:"abuse-contacts"`
	}
	if err := s.get(ctx, s.services.database+url.PathEscape(resource)+".json", &answer); err != nil {
		return nil, err
	}
	return some(contacts.Split(answer.Contacts.Email))
}

func (s *source) statContacts(ctx context.Context, resource string) ([]string, error) {
	var answer struct {
		Status string `json:"data_call_status"`
		Data   struct {
			Old struct {
				Contacts []struct{ Email string } `json:"abuse_c"`
			} `json:"anti_abuse_contacts"`
			Contacts []string `json:"abuse_contacts"`
		}
	}
	if err := s.get(ctx, s.services.stat+"abuse-contact-finder/data.json?resource="+url.QueryEscape(resource), &answer); err != nil {
		return nil, err
	}
	s.maintained(answer.Status)
	all := answer.Data.Contacts
	if old := answer.Data.Old.Contacts; len(old) > 0 {
		all = append(all, old[0].Email)
	}
	return some(contacts.Split(strings.Join(all, ",")))
}

// place asks for "stat_geolocation:192.0.2.1".
func (s *source) place(ctx context.Context, key string) (p place, err error) {
	_, address, _ := strings.Cut(key, ":")
	var answer struct {
		Status string `json:"data_call_status"`
		Data   struct {
			Resources []struct{ Locations []place } `json:"located_resources"`
		}
	}
	if err := s.get(ctx, s.services.stat+"maxmind-geo-lite/data.json?resource="+url.QueryEscape(address), &answer); err != nil {
		return p, err
	}
	s.maintained(answer.Status)
	if r := answer.Data.Resources; len(r) == 0 || len(r[0].Locations) == 0 {
		return p, lookup.ErrNotThere
	}
	return answer.Data.Resources[0].Locations[0], nil
}

// maintained warns once of a service that may be going to change.
func (s *source) maintained(status string) {
	if strings.HasPrefix(status, "maintenance") {
		s.warned.Do(func() { s.warn("RIPEstat says of its service: %.100q", status) })
	}
}

// get fetches an answer. The database says with 404 that it has no contact.
func (s *source) get(ctx context.Context, url string, answer any) error {
	a, err := s.web.Get(ctx, url)
	if err != nil {
		return err
	}
	if a.None("No abuse contact found for ") {
		return lookup.ErrNotThere
	}
	return a.JSON(answer)
}

func some(list []string) ([]string, error) {
	if len(list) == 0 {
		return nil, lookup.ErrNotThere
	}
	return list, nil
}

// none is what IntelMQ keeps where there is no contact.
const none = "__no_contact"

var (
	contactsInRedis = lookup.Codec[[]string]{Encode: encode[[]string], Decode: decode[[]string]}
	placesInRedis   = lookup.Codec[place]{Encode: encode[place], Decode: decode[place]}
)

func encode[A any](answer A, found bool) (string, bool) {
	if !found {
		return none, true
	}
	text, err := json.Marshal(answer)
	return string(text), err == nil
}

func decode[A any](text string) (answer A, found bool, err error) {
	if text == none {
		return answer, false, nil
	}
	return answer, true, json.Unmarshal([]byte(text), &answer)
}
