package rdap

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// TestRedis reads what IntelMQ keeps, and keeps what it can read: contacts, and nothing
// where there is none. The server wants a token.
func TestRedis(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer abc":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/domain/example.org":
			fmt.Fprint(w, `{"entities":[{"roles":["abuse"],"vcardArray":["vcard",[["email",{},"text","abuse@example.org"]]]}]}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer s.Close()
	redis := miniredis.RunT(t)
	db := redis.DB(8)
	db.Set("rdap_www.example.net", "known@example.net")
	c := &Command{
		RdapOrder: []string{"abuse"}, Overwrite: true,
		RdapBootstrappedServers: stage.Object{"org": map[string]any{"url": s.URL, "auth": map[string]any{"type": "jwt", "token": "abc"}}},
		HTTP:                    httpclient.Flags{HTTPTimeoutMaxTries: 1},
		Flags: lookup.Flags{RedisCacheHost: redis.Host(), RedisCachePort: redis.Server().Addr().Port, RedisCacheDB: 8,
			RedisCacheTTL: 60, CacheTTLMissing: 60, CacheTTLFailure: 60, OnError: "dump"},
	}
	if err := c.Start(t.Context(), stage.Standalone()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"www.example.net": "known@example.net", "mail.example.org": "abuse@example.org", "none.org": "", "example.com": "",
	} {
		m := event.New(event.Event, nil)
		m.Set("source.fqdn", name)
		if err := c.Process(context.Background(), m, func(*event.Message) error { return nil }); err != nil || m.Get("source.abuse_contact") != want {
			t.Errorf("got %s, %v, want %s", m, err, want)
		}
	}
	if keys := db.Keys(); len(keys) != 2 {
		t.Errorf("kept %q", keys)
	}
	if text, _ := db.Get("rdap_mail.example.org"); text != "abuse@example.org" || db.TTL("rdap_mail.example.org") != time.Minute {
		t.Errorf("kept %q for %v", text, db.TTL("rdap_mail.example.org"))
	}
}
