// Package web asks services on the web, for the experts that do: a request, and an
// answer that is small enough to be read to its end before anything is made of it.
package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/plain"
)

// Service is a service on the web. It is safe for concurrent use.
type Service struct {
	Client *httpclient.Client
	Header http.Header // sent with each request, such as the one of authorization
	Most   int         // how many bytes an answer may have; 0 is 1 MiB
}

// Bearer is the header of a service that wants a token.
func Bearer(token string) http.Header {
	return http.Header{"Accept": {"application/json"}, "Authorization": {"Bearer " + token}}
}

// Answer is an answer that has arrived to its end, whatever its status is.
type Answer struct {
	URL    string // as it may be shown, of the last redirect
	Code   int
	Status string // code and reason phrase
	Body   []byte
	Header http.Header
}

// Get asks with a GET. A service that is away for now or overloaded is asked again, as the
// flags of the client say.
func (s *Service) Get(ctx context.Context, url string) (*Answer, error) {
	return s.whole(s.Client.Do(ctx, http.MethodGet, url, s.Header, nil))
}

// Post asks with a POST that changes nothing at the service: it is repeated as a GET is.
func (s *Service) Post(ctx context.Context, url, contentType string, body []byte) (*Answer, error) {
	return s.whole(s.Client.Query(ctx, url, s.typed(contentType), body))
}

// Submit sends a POST that changes something. It is repeated only if it never got there.
func (s *Service) Submit(ctx context.Context, url, contentType string, body []byte) (*Answer, error) {
	return s.whole(s.Client.Do(ctx, http.MethodPost, url, s.typed(contentType), body))
}

func (s *Service) typed(contentType string) http.Header {
	header := s.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", contentType)
	return header
}

// whole reads an answer to its end.
func (s *Service) whole(r *http.Response, err error) (*Answer, error) {
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	status := plain.Clip(r.Status, 100)
	if status == "" {
		status = strconv.Itoa(r.StatusCode)
	}
	a := &Answer{URL: s.Client.Show(r.Request.URL.String()), Code: r.StatusCode, Status: status, Header: r.Header}
	most := s.Most
	if most == 0 {
		most = 1 << 20
	}
	switch a.Body, err = io.ReadAll(io.LimitReader(r.Body, int64(most)+1)); {
	case err != nil:
		return nil, err
	case len(a.Body) > most:
		return nil, fmt.Errorf("%s: the answer has more than %d bytes", a.URL, most)
	}
	return a, nil
}

// OK is nil, or for a status other than 2xx an *httpclient.StatusError.
func (a *Answer) OK() error {
	if a.Code < 200 || a.Code > 299 {
		return &httpclient.StatusError{URL: a.URL, Code: a.Code, Status: a.Status}
	}
	return nil
}

// JSON decodes an answer whose status is 2xx.
func (a *Answer) JSON(v any) error {
	if err := a.OK(); err != nil {
		return err
	}
	if err := json.Unmarshal(a.Body, v); err != nil {
		return a.Unexpected(err)
	}
	return nil
}

// Unexpected is the error for an answer that says something else than it should.
func (a *Answer) Unexpected(err error) error {
	return fmt.Errorf("%s: the answer is not what was expected: %w", a.URL, err)
}

// None reports whether the service says with status 404 that it has nothing: its message
// begins with these words. Any other 404 may be a wrong URL.
func (a *Answer) None(message string) bool {
	var said struct{ Message string }
	return a.Code == http.StatusNotFound && json.Unmarshal(a.Body, &said) == nil && strings.HasPrefix(said.Message, message)
}
