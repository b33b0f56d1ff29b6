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
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
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
			fmt.Fprint(w, `{"abuse-contacts":{"email":"`+strings.Repeat("a", 1<<20)+`"}}`)
		case strings.Contains(resource, "192.0.2.28"):
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(429)
		case strings.Contains(resource, "192.0.2.64"):
			<-r.Context().Done() // which is when nobody waits any longer
		case strings.Contains(resource, "192.0.2.65"):
			fmt.Fprint(w, `{"abuse-contacts":{"email":"a@example.org\u0007,nobody,Abuse <b@example.org>,Good@Example.org"},"data":{"abuse_contacts":["good@example.org","c\u2028@example.org"],
				"located_resources":[{"locations":[{"country":"?","city":"\u001b[2J","latitude":null,"longitude":null}]}]}}`)
		case strings.Contains(resource, "192.0.2.66"):
			fmt.Fprint(w, `{"data":{"anti_abuse_contacts":{"abuse_c":[]},"located_resources":[]},"abuse-contacts":null}`)
		case strings.Contains(r.URL.EscapedPath(), "%2"):
			fmt.Fprintf(w, `{"abuse-contacts":{"email":"%s@example.org"}}`, r.URL.EscapedPath())
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

// command asks the peer for all.
func command(url string) *Command {
	return &Command{
		Mode: "append", QueryRipeDbAsn: true, QueryRipeDbIp: true, QueryRipeStatAsn: true, QueryRipeStatIp: true, QueryRipeStatGeolocation: true,
		HTTP:  httpclient.Flags{HTTPTimeoutSec: []float64{10}, HTTPTimeoutTotal: 60, HTTPTimeoutMaxTries: 2, HTTPVerifyCert: "true"},
		Flags: lookup.Flags{RedisCacheTTL: 60, CacheTTLMissing: 60, CacheTTLFailure: 60, OnError: "dump"}, services: services{url + "/db/", url + "/stat/"},
	}
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
		{"without an end", func(c *Command) { c.QueryRipeStatIp = false }, `{"source.ip":"192.0.2.63"}`, "", "more than 1048576 bytes"},
		{"passed on", func(c *Command) { c.OnError = "pass" }, `{"source.ip":"192.0.2.50"}`, `{"source.ip":"192.0.2.50"}`, ""},
		{"replace, and nothing is known", func(c *Command) { c.Mode, c.Offline, c.Cache = "replace", true, filepath.Join(t.TempDir(), "cache") }, `{"source.ip":"192.0.2.44","source.abuse_contact":"old@example.org"}`, `{"source.ip":"192.0.2.44","source.abuse_contact":"old@example.org"}`, ""},
		{"asked to stay away for an hour", nil, `{"source.ip":"192.0.2.28"}`, "", "429 Too Many Requests"},
		{"silent", func(c *Command) { c.HTTP.HTTPTimeoutSec, c.HTTP.HTTPTimeoutMaxTries = []float64{10, 0.05}, 1 }, `{"source.ip":"192.0.2.64"}`, "", "timeout"},
		{"no contacts and no place", func(c *Command) { c.Mode = "replace" }, `{"source.ip":"192.0.2.65","source.abuse_contact":"old@example.org","source.geolocation.cc":"DE"}`,
			`{"source.ip":"192.0.2.65","source.abuse_contact":"good@example.org","source.geolocation.cc":"DE"}`, ""},
		{"none at all", func(c *Command) { c.Mode = "replace" }, `{"source.ip":"192.0.2.66","source.abuse_contact":"old@example.org","source.geolocation.cc":"DE"}`,
			`{"source.ip":"192.0.2.66","source.geolocation.cc":"DE"}`, ""},
		{"an address that leads elsewhere", func(c *Command) { c.QueryRipeStatIp, c.QueryRipeStatGeolocation = false, false }, `{"source.ip":"../x?"}`,
			`{"source.ip":"../x?","source.abuse_contact":"/db/..%2fx%3f.json@example.org"}`, ""},
		{"nothing to ask", nil, `{"source.fqdn":"www.example.org","source.abuse_contact":"a@example.org"}`, `{"source.fqdn":"www.example.org","source.abuse_contact":"a@example.org"}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := command(s.URL)
			if c.change != nil {
				c.change(cmd)
			}
			if err := cmd.Start(t.Context(), stage.Standalone()); err != nil {
				t.Fatal(err)
			}
			before := int64(-1)
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
				if n := asked.Load(); before >= 0 && n != before {
					t.Errorf("asked %d times more", n-before)
				}
				before = asked.Load()
			}
		})
	}
}

// TestRedis reads what IntelMQ keeps, and keeps what it can read.
func TestRedis(t *testing.T) {
	asked := new(atomic.Int64)
	s := peer(t, asked)
	redis := miniredis.RunT(t)
	db := redis.DB(10)
	for key, text := range map[string]string{
		"stat:192.0.2.7": `["A@example.org", "b@example.org"]`, "db_ip:192.0.2.7": none, "stat:64507": `["a@example.org"]`, "db_asn:64507": "broken",
		"stat_geolocation:192.0.2.7": `{"country": "?", "city": "Wien", "resources": ["192.0.2.0/24"], "latitude": 48.25, "longitude": 16.0, "covered_percentage": 100}`,
	} {
		db.Set(key, text)
	}
	c := command(s.URL)
	c.RedisCacheHost, c.RedisCachePort, c.RedisCacheDB = redis.Host(), redis.Server().Addr().Port, 10
	if err := c.Start(t.Context(), stage.Standalone()); err != nil {
		t.Fatal(err)
	}
	for _, line := range [][2]string{
		{`{"source.ip":"192.0.2.7","source.asn":64507}`, `{"source.ip":"192.0.2.7","source.asn":64507,"source.abuse_contact":"a@example.org,b@example.org,db@example.org","source.geolocation.city":"Wien","source.geolocation.latitude":48.25,"source.geolocation.longitude":16.0}`},
		{`{"source.ip":"192.0.2.44"}`, ""}, // which RIPEstat says of in another way that there is nothing
		{`{"source.ip":"192.0.2.66"}`, `{"source.ip":"192.0.2.66"}`},
		{`{"source.asn":64496}`, `{"source.asn":64496,"source.abuse_contact":"as@example.org,db@example.org,net@example.org"}`},
	} {
		m := event.New(event.Event, nil)
		if err := m.Decode([]byte(line[0])); err != nil {
			t.Fatal(err)
		}
		if err := c.Process(context.Background(), m, func(*event.Message) error { return nil }); err != nil || line[1] != "" && m.String() != line[1] {
			t.Errorf("got %s, %v, want %s", m, err, line[1])
		}
	}
	for key, want := range map[string]string{
		"db_asn:64507": `["db@example.org"]`, "db_ip:192.0.2.44": none, "db_ip:192.0.2.66": none, "stat:192.0.2.66": none, "stat_geolocation:192.0.2.66": none,
		"stat:64496": `["as@example.org","net@example.org"]`,
	} {
		if text, _ := db.Get(key); text != want || db.TTL(key) != time.Minute {
			t.Errorf("%s is %s for %v, want %s", key, text, db.TTL(key), want)
		}
	}
}

// TestMaintenance: what RIPEstat says of itself is passed on once.
func TestMaintenance(t *testing.T) {
	s := peer(t, new(atomic.Int64))
	env, said := stage.Standalone(), []string{}
	env.Warn = func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	c := command(s.URL)
	if err := c.Start(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"192.0.2.1", "192.0.2.2"} {
		m := event.New(event.Event, nil)
		m.Set("source.ip", address)
		if err := c.Process(context.Background(), m, func(*event.Message) error { return nil }); err != nil || m.Get("source.geolocation.cc") != "AT" {
			t.Errorf("got %s, %v", m, err)
		}
	}
	if len(said) != 1 || !strings.Contains(said[0], "maintenance - read more") {
		t.Errorf("said %q", said)
	}
}
