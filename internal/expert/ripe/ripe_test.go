package ripe

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/httpclient"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// peer answers as the services do, and badly.
func peer(t *testing.T, asked *atomic.Int64) *httptest.Server {
	overloaded := new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		resource := r.URL.Query().Get("resource") + strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/db/"), ".json")
		switch {
		case strings.Contains(resource, "192.0.2.44"):
			w.WriteHeader(404)
			fmt.Fprint(w, `{"message":"No abuse contact found for 192.0.2.44"}`)
		case strings.Contains(resource, "192.0.2.45"):
			http.NotFound(w, r)
		case strings.Contains(resource, "192.0.2.50"):
			w.WriteHeader(500)
		case strings.Contains(resource, "192.0.2.29") && overloaded.Add(1) == 1:
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(429)
		case strings.Contains(resource, "192.0.2.60"):
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, `{"abuse-contacts":{"email":"a@exa`)
		case strings.Contains(resource, "192.0.2.61"):
			fmt.Fprint(w, `<html>Please log in`)
		case strings.Contains(resource, "192.0.2.62"):
			fmt.Fprint(w, `{"abuse-contacts":{"email":17},"data":{"anti_abuse_contacts":17,"located_resources":17}}`)
		case strings.Contains(resource, "192.0.2.63"):
			fmt.Fprint(w, `{"abuse-contacts":{"email":"`+strings.Repeat("a", maxAnswer)+`"}}`)
		case strings.HasPrefix(r.URL.Path, "/stat/maxmind"):
			fmt.Fprint(w, `{"data_call_status":"maintenance - read more","data":{"located_resources":[{"locations":[{"country":"AT","city":"Vienna","latitude":48.2,"longitude":16.37}]}]}}`)
		case strings.HasPrefix(r.URL.Path, "/stat/") && strings.Contains(resource, "64496"):
			fmt.Fprint(w, `{"data":{"abuse_contacts":["as@example.org","net@example.org"]}}`)
		case strings.HasPrefix(r.URL.Path, "/stat/"):
			fmt.Fprint(w, `{"data":{"anti_abuse_contacts":{"abuse_c":[{"email":"net@example.org, abuse@example.org"}]}}}`)
		default:
			fmt.Fprint(w, `{"abuse-contacts":{"email":"db@example.org,,"}}`)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func TestProcess(t *testing.T) {
	asked := new(atomic.Int64)
	s := peer(t, asked)
	const all, replaced = "abuse@example.org,db@example.org,net@example.org", `"source.abuse_contact":"db@example.org"`
	for _, c := range []struct {
		name    string
		change  func(*Command)
		in, out string
		err     string
	}{
		{"all of an address", nil, `{"source.ip":"192.0.2.1"}`,
			`{"source.ip":"192.0.2.1","source.abuse_contact":"` + all + `","source.geolocation.cc":"AT","source.geolocation.city":"Vienna","source.geolocation.latitude":48.2,"source.geolocation.longitude":16.37}`, ""},
		{"an AS, too", func(c *Command) { c.QueryRipeStatGeolocation = false }, `{"destination.ip":"192.0.2.1","destination.asn":64496}`,
			`{"destination.ip":"192.0.2.1","destination.asn":64496,"destination.abuse_contact":"abuse@example.org,as@example.org,db@example.org,net@example.org"}`, ""},
		{"append", nil, `{"source.ip":"192.0.2.1","source.abuse_contact":"old@example.org","source.geolocation.cc":"DE","source.geolocation.city":"X","source.geolocation.latitude":1,"source.geolocation.longitude":2}`,
			`{"source.ip":"192.0.2.1","source.abuse_contact":"abuse@example.org,db@example.org,net@example.org,old@example.org","source.geolocation.cc":"DE","source.geolocation.city":"X","source.geolocation.latitude":1,"source.geolocation.longitude":2}`, ""},
		{"replace", func(c *Command) { c.Mode, c.QueryRipeStatIp = "replace", false }, `{"source.ip":"192.0.2.1","source.abuse_contact":"old@example.org","source.geolocation.cc":"DE"}`,
			`{"source.ip":"192.0.2.1",` + replaced + `,"source.geolocation.cc":"AT","source.geolocation.city":"Vienna","source.geolocation.latitude":48.2,"source.geolocation.longitude":16.37}`, ""},
		{"replace by nothing", func(c *Command) {
			c.Mode, c.QueryRipeStatIp, c.QueryRipeStatGeolocation = "replace", false, false
		}, `{"source.ip":"192.0.2.44","source.abuse_contact":"old@example.org","destination.abuse_contact":"b@example.org"}`, `{"source.ip":"192.0.2.44","destination.abuse_contact":"b@example.org"}`, ""},
		{"overloaded", func(c *Command) { c.QueryRipeStatIp, c.QueryRipeStatGeolocation = false, false }, `{"source.ip":"192.0.2.29"}`, `{"source.ip":"192.0.2.29",` + replaced + `}`, ""},
		{"not found", nil, `{"source.ip":"192.0.2.45"}`, "", "404 Not Found"},
		{"broken", nil, `{"source.ip":"192.0.2.50"}`, "", "500 Internal Server Error"},
		{"torn", nil, `{"source.ip":"192.0.2.60"}`, "", "unexpected EOF"},
		{"a page", nil, `{"source.ip":"192.0.2.61"}`, "", "the answer is not what was expected"},
		{"other JSON", nil, `{"source.ip":"192.0.2.62"}`, "", "the answer is not what was expected"},
		{"without an end", func(c *Command) { c.QueryRipeStatIp = false }, `{"source.ip":"192.0.2.63"}`, "", "more than 1 MiB"},
		{"passed on", func(c *Command) { c.OnError = "pass" }, `{"source.ip":"192.0.2.50"}`, `{"source.ip":"192.0.2.50"}`, ""},
		{"replace, and nothing is known", func(c *Command) { c.Mode, c.Offline, c.Cache = "replace", true, filepath.Join(t.TempDir(), "cache") }, `{"source.ip":"192.0.2.44","source.abuse_contact":"old@example.org"}`, `{"source.ip":"192.0.2.44","source.abuse_contact":"old@example.org"}`, ""},
		{"nothing to ask", nil, `{"source.fqdn":"www.example.org","source.abuse_contact":"a@example.org"}`, `{"source.fqdn":"www.example.org","source.abuse_contact":"a@example.org"}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := &Command{
				Mode: "append", QueryRipeDbAsn: true, QueryRipeDbIp: true, QueryRipeStatAsn: true, QueryRipeStatIp: true, QueryRipeStatGeolocation: true,
				HTTP:  httpclient.Flags{HTTPTimeoutSec: []float64{10}, HTTPTimeoutTotal: 60, HTTPTimeoutMaxTries: 2, HTTPVerifyCert: "true"},
				Flags: lookup.Flags{RedisCacheTTL: 60, CacheTTLMissing: 60, CacheTTLFailure: 60, OnError: "dump"}, services: services{s.URL + "/db/", s.URL + "/stat/"},
			}
			if c.change != nil {
				c.change(cmd)
			}
			if err := cmd.Start(t.Context(), stage.Standalone()); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second time out of memory
				m := event.New(event.Event, nil)
				if err := m.Decode([]byte(c.in)); err != nil {
					t.Fatal(err)
				}
				out := ""
				err := cmd.Process(context.Background(), m, func(m *event.Message) error {
					out = m.String()
					return nil
				})
				if out != c.out || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
					t.Errorf("got %s, %v\nwant %s, %s", out, err, c.out, c.err)
				}
			}
		})
	}
	before := asked.Load()
	if before == 0 {
		t.Error("nobody was asked")
	}
}
