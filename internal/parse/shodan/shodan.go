// Package shodan implements parse-shodan.
//
// parse-shodan: parse the banners of hosts that Shodan has scanned
//
// Input is one banner, as the collectors for Shodan send it, or one a line, as
// "shodan download" writes them. The parts of a banner that are known are stored
// below extra, and extra.shodan.unique_keys says which parts it has. With
// --minimal-mode the whole banner is extra.shodan, and few fields are set.
//
// # Examples
//
//	echo '{"ip_str":"192.0.2.1","port":21,"transport":"tcp","asn":"AS64496",
//	  "timestamp":"2026-01-31T10:20:30.123456","ftp":{"anonymous":false}}' |
//	  parse-shodan
//	echo '{"ip_str":"192.0.2.1","timestamp":"2026-01-31T10:20:30"}' |
//	  parse-shodan --minimal-mode
package shodan

import (
	"context"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says how much of a banner is stored.
type Command struct {
	feed.Parser
	MinimalMode  bool `help:"Store few fields, and the whole banner as extra.shodan."`
	IgnoreErrors bool `help:"Accepted for configurations of IntelMQ; it has no effect." default:"true" hidden:""`

	table *feed.Table
}

// Tables says what the parts of a banner become.
func (*Command) Tables() []*feed.Table { return []*feed.Table{full(), minimal()} }

// Start chooses the table.
func (c *Command) Start(ctx context.Context, env *stage.Env) error {
	if c.table = full(); c.MinimalMode {
		c.table = minimal()
	}
	return c.Parser.Start(ctx, env)
}

// Process makes an event of each banner.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	return c.Parse(c.table, report, emit)
}

// minimal is the table of few parts.
func minimal() *feed.Table {
	return &feed.Table{
		Format: feed.JSON{Objects: true},
		Rows: slices.Concat(always, []feed.Column{
			{From: "data", To: "extra.data"},
			{From: "title", To: "extra.html_title"},
			{From: "tags", To: "extra.tags"},
			{From: "timestamp", To: "time.source", Convert: "utc", Need: feed.Required},
		}),
		Const: feed.Words{{"classification.type", "other"}, {"classification.identifier", "network-scan"}},
		After: func(e *event.Message, row *feed.Record) error {
			e.SetValue("extra.shodan", harmonization.JSON(string(row.Object().Text())))
			return nil
		},
	}
}

// full is the table of all parts: those that have a place of their own, and those
// that are stored below extra under their own names.
func full() *feed.Table {
	t := &feed.Table{
		Format: feed.JSON{Objects: true},
		Rows:   slices.Concat(always, irregular),
		Const:  feed.Words{{"classification.type", "other"}, {"classification.identifier", "shodan-scan"}},
		After:  after,
	}
	for _, part := range regular {
		for name := range strings.SplitSeq(part[2], " ") {
			from, to := strings.ReplaceAll(part[0], "|", name+"|")+name, "extra."+strings.ToLower(part[1]+name)
			t.Rows = append(t.Rows, feed.Column{From: from, To: to, With: converter(from)})
		}
	}
	return t
}

// after says which parts the banner has.
func after(e *event.Message, row *feed.Record) error {
	unique := []string{}
	for name := range row.Object().All {
		if !among(common, name) {
			unique = append(unique, name)
		}
	}
	slices.Sort(unique)
	e.SetText("extra.shodan.unique_keys", list(unique))
	if i := slices.IndexFunc(unique, func(name string) bool { return among(protocols, name) }); i >= 0 {
		e.Set("protocol.application", unique[i])
	}
	verified := []string{}
	var vulns event.Object
	if !e.Has("extra.vulns") || vulns.Parse([]byte(row.Get("vulns"))) != nil {
		return nil
	}
	for name := range vulns.All {
		if row.Get("vulns."+name+".verified") == "true" {
			verified = append(verified, name)
		}
	}
	e.SetText("extra.verified_vulns", list(verified))
	return nil
}

// common are parts that each banner may have.
const common = " _id _shodan asn data device devicetype domains hash hostnames html ip ip_str isp location opts org os port tags timestamp transport "

// protocols are parts that are named like the protocol of the scan.
const protocols = " ftp http isakmp afp bgp coap dns ethernetip hp_ilo iscsi knx lantronix minecraft mqtt msrpc netbios ntp redis rip rsync smb snmp ssh telnet unitronics_pcom upnp "

// among reports whether a name is one of a list.
func among(names, name string) bool { return strings.Contains(names, " "+name+" ") }
