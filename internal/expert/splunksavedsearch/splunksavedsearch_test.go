package splunksavedsearch

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// command runs a search at the service.
func command(url string, total float64) *Command {
	return &Command{
		URL: url + "/", AuthToken: "abc", SavedSearch: `the "hosts"`, RetryInterval: 0.001,
		SearchParameters: stage.Object{"source.ip": "ip", "source.account": `u"s\er`}, ResultFields: stage.Object{"host": "source.fqdn"},
		NotFound: []string{"send"}, MultipleResultHandling: []string{"limit"},
		HTTP:  httpclient.Flags{HTTPTimeoutTotal: total, HTTPTimeoutMaxTries: 1},
		Flags: lookup.Flags{CacheTTLMissing: 60, CacheTTLFailure: 60, OnError: "dump"},
	}
}

func run(t *testing.T, c *Command) (*event.Message, error) {
	if err := c.Start(t.Context(), stage.Standalone()); err != nil {
		t.Fatal(err)
	}
	m := event.New(event.Event, nil)
	m.Set("source.ip", "192.0.2.1")
	m.Set("source.account", `a" | delete "\`)
	return m, c.Process(context.Background(), m, func(*event.Message) error { return nil })
}

// TestSearch: Splunk gets a search out of which no value can break, and is asked until it
// has the results.
func TestSearch(t *testing.T) {
	const want = `|savedsearch "the \"hosts\"" "u\"s\\er"="a\" | delete \"\\" "ip"="192.0.2.1" | head 1`
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer abc" {
			t.Errorf("authorized by %q", r.Header.Get("Authorization"))
		}
		switch r.URL.Path {
		case "/services/search/jobs":
			if search := r.FormValue("search"); search != want || r.FormValue("output_mode") != "json" || r.Method != http.MethodPost {
				t.Errorf("%s %s, want %s", r.Method, search, want)
			}
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, `{"sid":"7"}`)
		case "/services/search/jobs/7/results/":
			if asked++; asked < 3 {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			fmt.Fprint(w, `{"results":[{"host":"www.example.org"}]}`)
		default:
			t.Errorf("asked for %s", r.URL)
		}
	}))
	defer s.Close()
	if m, err := run(t, command(s.URL, 0)); err != nil || m.Get("source.fqdn") != "www.example.org" || asked != 3 {
		t.Errorf("got %s, %v, asked %d times", m, err, asked)
	}
}

// TestNoEnd has a search that does not end.
func TestNoEnd(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		fmt.Fprint(w, `{"sid":"7"}`)
	}))
	defer s.Close()
	if m, err := run(t, command(s.URL, 0.2)); err == nil || !strings.Contains(err.Error(), "see --http-timeout-total") {
		t.Errorf("got %s, %v", m, err)
	}
}
