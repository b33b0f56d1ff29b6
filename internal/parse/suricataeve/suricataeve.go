// Package suricataeve implements parse-suricata-eve.
//
// parse-suricata-eve: parse the alerts that Suricata writes to eve.json
//
// Each line is an event of Suricata. Alerts become events of type ids-alert;
// other kinds, such as flow and http, are left out unless --event-types names
// them, and then are of type other. The source is the host that the rule calls
// so, and else the sender of the packet. What is no field of events goes below
// extra, as extra.http.
//
// # Examples
//
//	echo '{"event_type":"alert","src_ip":"192.0.2.1","src_port":40000}' |
//	  parse-suricata-eve
//	echo '{"event_type":"anomaly","src_ip":"192.0.2.1"}' |
//	  parse-suricata-eve --event-types alert,anomaly
package suricataeve

import (
	"context"
	"slices"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has the flags: every exported field is one.
type Command struct {
	EventTypes []string `help:"The kinds of events that are taken, by their event_type." default:"alert" placeholder:"TYPE"`

	feed.Parser
	table feed.Table
}

// Tables says what the members become.
func (*Command) Tables() []*feed.Table { return []*feed.Table{&table} }

// Start prepares the choice of kinds.
func (c *Command) Start(ctx context.Context, env *stage.Env) error {
	c.table = table
	c.table.After = func(_ *event.Message, row *feed.Record) error {
		if !slices.Contains(c.EventTypes, row.Get("event_type")) {
			return feed.ErrSkip
		}
		return nil
	}
	return c.Parser.Start(ctx, env)
}

// Process makes an event of each line.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	return c.Parse(&c.table, report, emit)
}

var table = feed.Table{
	Format: feed.JSON{Lines: true},
	Rows: []feed.Column{
		{From: "event_type", To: "classification.type", Need: feed.Required, Words: feed.Words{{"alert", "ids-alert"}, {"*", "other"}}},
		{From: "event_type", To: "extra."},
		{From: "alert", To: "extra."},
		{From: "timestamp", To: "time.source", Convert: "utc"},
		{From: "alert.source.ip|src_ip", To: "source.ip"},
		{From: "alert.source.port|src_port", To: "source.port"},
		{From: "alert.target.ip|dest_ip", To: "destination.ip"},
		{From: "alert.target.port|dest_port", To: "destination.port"},
		{From: "proto", To: "protocol.transport|extra.proto", Convert: "lower"},
		{From: "app_proto", To: "protocol.application", Words: feed.Words{{"failed", ""}, {"unknown", ""}, {"*", "*"}}},
		{From: "alert.signature", To: "event_description.text"},
		{From: "alert.severity", To: "severity", Words: feed.Words{{"1", "high"}, {"2", "medium"}, {"3", "low"}, {"4", "info"}}, Need: feed.Soft},
	},
	Rest: feed.Extra,
}
