package rdap

import (
	"context"
	"net/http"
	"net/url"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/lookup/web"
	"github.com/intelpipe/intelpipe/internal/plain"
)

// source asks the registries.
type source struct {
	client  *httpclient.Client
	own     map[string]server
	listURL string // of the list of the others, or ""
	lists   *lookup.Lookup[map[string]string]
	order   []string
	warn    func(string, ...any)
}

// maxList is how large the list may be, in bytes. It has 80,000.
const maxList = 8 << 20

// list fetches the list of the registries' servers.
func (s *source) list(ctx context.Context, url string) (map[string]string, error) {
	service := web.Service{Client: s.client, Header: http.Header{"Accept": {"application/json"}}, Most: maxList}
	answer, err := service.Get(ctx, url)
	if err != nil {
		return nil, err
	}
	return readList(answer)
}

// contact asks for the contact of a name.
func (s *source) contact(ctx context.Context, name string) (string, error) {
	at, domain, ok, err := s.server(ctx, name)
	if err != nil {
		return "", err
	}
	if !ok {
		lookup.GoodFor(ctx, 0) // nobody was asked
		return "", lookup.ErrNotThere
	}
	service := web.Service{Client: s.client, Header: at.header}
	answer, err := service.Get(ctx, at.url+"domain/"+url.PathEscape(domain))
	if err != nil {
		return "", err
	}
	if answer.Code == http.StatusNotFound {
		return "", lookup.ErrNotThere
	}
	return s.read(answer, domain)
}

// server returns the server for a name, and the domain to ask it for. One that the user has
// named goes before one of the list for the same suffix, and does without the list if that
// cannot be had.
func (s *source) server(ctx context.Context, name string) (at server, domain string, ok bool, err error) {
	var list map[string]string
	if s.listURL != "" {
		list, _, err = s.lists.Get(ctx, s.listURL)
	}
	at, domain, ok = find(name, func(suffix string) (server, bool) {
		if at, own := s.own[suffix]; own {
			return at, true
		}
		url, listed := list[suffix]
		return server{url, http.Header{"Accept": {accept}}}, listed
	})
	if ok {
		err = nil
	}
	return at, domain, ok, err
}

// read finds the contact in an answer.
func (s *source) read(answer *web.Answer, name string) (string, error) {
	var d domain
	if err := answer.JSON(&d); err != nil {
		return "", err
	}
	contact := d.contact(s.order, func() { s.warn("the answer for %s has an entity that is no object", plain.Quote(name)) })
	if contact == "" {
		return "", lookup.ErrNotThere
	}
	return contact, nil
}
