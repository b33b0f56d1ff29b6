package filter

import (
	"context"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// passes starts the command at a time of the test's choice and gives it one
// event.
func passes(t *testing.T, c *Command, now time.Time, key string, v harmonization.Value) bool {
	t.Helper()
	env := &stage.Env{
		Dictionary: harmonization.Default(),
		Now:        func() time.Time { return now },
		Warn:       t.Errorf,
		Path:       func(string) stage.Route { return nil },
	}
	ctx := context.Background()
	if err := c.Start(ctx, env); err != nil {
		t.Fatal(err)
	}
	m := event.New(event.Event, nil)
	if err := m.Put(mustField(t, key), key, v); err != nil {
		t.Fatal(err)
	}
	passed := false
	if err := c.Process(ctx, m, func(*event.Message) error { passed = true; return nil }); err != nil {
		t.Fatal(err)
	}
	return passed
}

func mustField(t *testing.T, key string) *harmonization.Field {
	t.Helper()
	f, err := harmonization.Default().Field(harmonization.Event, key)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestSpansEndAtTheTimeOfTheRuntime takes the present time from the runtime and
// not from the machine.
func TestSpansEndAtTheTimeOfTheRuntime(t *testing.T) {
	at := harmonization.Text("2001-02-03T04:05:06+00:00")
	for now, want := range map[string]bool{"2001-02-20T00:00:00Z": true, "2001-04-01T00:00:00Z": false} {
		moment, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := passes(t, &Command{NotBefore: "30 days"}, moment, "time.source", at); got != want {
			t.Errorf("--not-before '30 days' on %s: %v", now, got)
		}
		if got := passes(t, &Command{NotAfter: "30 days"}, moment, "time.source", at); got == want {
			t.Errorf("--not-after '30 days' on %s: %v", now, got)
		}
	}
}

func TestValuesTakeTheTypeOfTheField(t *testing.T) {
	num := func(s string) harmonization.Value { return harmonization.JSON(s) }
	text := harmonization.Text
	for _, c := range []struct {
		key, value string
		in         harmonization.Value
		want       bool
	}{
		{"source.port", "80", num("80"), true},
		{"source.port", "080", num("80"), true},
		{"source.port", "81", num("80"), false},
		{"source.geolocation.latitude", "48.20", num("48.2"), true},
		{"source.tor_node", "True", num("true"), true},
		{"source.tor_node", "FALSE", num("false"), true},
		{"source.ip", "192.0.2.0/25", text("192.0.2.127"), true},
		{"source.ip", "192.0.2.0/25", text("192.0.2.128"), false},
		{"source.ip", "192.0.2.77/25", text("192.0.2.1"), true},
		{"source.ip", "::/0", text("2001:db8::1"), true},
		{"source.ip", "::/0", text("192.0.2.1"), false},
		{"source.ip", "2001:DB8::/32", text("2001:db8:ffff::"), true},
		{"source.ip", "192.0.2.1", text("192.0.2.1"), true},
		{"source.ip", "192.0.2.1", text("192.0.2.10"), false},
		{"source.local_ip", "10.0.0.0/8", text("10.1.2.3"), true},
		{"source.network", "192.0.2.0/24", text("192.0.2.0/24"), true},
		{"source.network", "192.0.2.0/23", text("192.0.2.0/24"), false},
		{"time.source", "2024-05-01 06:00", text("2024-05-01T06:00:00+00:00"), true},
		{"time.source", "2024-05-01T06:00:00.5", text("2024-05-01T06:00:00.500000+00:00"), true},
		{"source.fqdn", "WWW.Example.ORG.", text("www.example.org"), true},
		{"malware.name", "Zeus", text("zeus"), true},
		{"raw", "MTky", text("192"), true},
		{"extra.tags", `["a","b"]`, num(`["a","b"]`), true},
		{"extra.tags", "true", num("true"), true},
		{"extra.tags", "true", text("true"), true},
		{"extra.tags", "1e1", num("10"), true},
		{"extra.tags", "x", text("x"), true},
		{"extra.tags", "null", text("null"), true},
	} {
		command := &Command{FilterKey: c.key, FilterValue: stage.Value{Value: text(c.value)}, FilterAction: "keep"}
		if got := passes(t, command, time.Time{}, c.key, c.in); got != c.want {
			t.Errorf("%s %s: %v matches %v", c.key, c.value, c.in, got)
		}
	}
}
