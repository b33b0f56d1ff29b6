// Package abusechfeodotracker implements parse-abusech-feodotracker.
//
// parse-abusech-feodotracker: parse the list of command and control servers of Feodo Tracker
//
// The list is the JSON that abuse.ch publishes as ipblocklist.json. The time of
// an event is when the server was first seen, or else the day on which it was
// last online.
//
// # Examples
//
//	echo '[{"ip_address":"192.0.2.1","port":443,"malware":"Dridex"}]' |
//	  parse-abusech-feodotracker
//	echo '[{"ip_address":"192.0.2.1","first_seen":"2026-01-31 10:20:30"}]' |
//	  parse-abusech-feodotracker --name "Feodo Tracker"
package abusechfeodotracker

import (
	"context"
	"errors"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has no flags of its own.
type Command struct{ env *stage.Env }

// Start keeps what the runtime offers.
func (c *Command) Start(_ context.Context, env *stage.Env) error {
	c.env = env
	return nil
}

// Process makes an event of each server.
func (c *Command) Process(ctx context.Context, report *event.Message, emit stage.Emit) error {
	for x := range feed.Elements(report, emit) {
		e := x.Event()
		if x.Value("ip_address").Empty() {
			e.Fail(errors.New("ip_address is missing"))
		}
		for _, m := range required {
			e.SetValue(m.field, x.Value(m.member))
		}
		for _, m := range optional {
			e.Try(m.field, x.Value(m.member))
		}
		for _, member := range []string{"first_seen", "last_online"} {
			v := x.Value(member)
			if e.Try("time.source", v) {
				break
			} else if !v.Empty() {
				c.env.Warn("%s: %s is not a time: %s", e.Place(), member, v.Python())
			}
		}
		e.Set("classification.type", "c2-server")
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

type mapping struct{ field, member string }

// A wrong value condemns the event in a required field only.
var (
	required = []mapping{
		{"source.ip", "ip_address"},
		{"source.port", "port"},
		{"extra.last_online", "last_online"},
		{"status", "status"},
	}
	optional = []mapping{
		{"source.asn", "as_number"},
		{"source.as_name", "as_name"},
		{"source.geolocation.cc", "country"},
		{"source.reverse_dns", "hostname"},
		{"malware.name", "malware"},
	}
)
