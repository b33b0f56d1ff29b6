// Package suricataeve implements parse-suricata-eve.
//
// parse-suricata-eve: parse the alerts that Suricata writes to eve.json
//
// Each line is an event of Suricata, in JSON; what stands before it, such as a
// header of syslog, does not count. Alerts become events of type ids-alert; other
// kinds, such as flow and http, are left out unless --event-types names them, and
// then are of type other.
//
// The source is the host that the rule calls so, and else the sender of the packet.
// An address 0.0.0.0 or :: is none. The text is the signature, or what an anomaly
// is called. What is no field of events goes below extra, as extra.http.
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
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has the flags: every exported field is one.
type Command struct {
	EventTypes []string `help:"The kinds of events that are taken, by their event_type." default:"alert" placeholder:"TYPE"`

	plan *feed.Plan
}

// Tables says what the members become.
func (*Command) Tables() []*feed.Table { return []*feed.Table{&table} }

// Start compiles the table.
func (c *Command) Start(_ context.Context, env *stage.Env) (err error) {
	c.plan, err = table.Compile(env.Dictionary, nil)
	return err
}

// Process makes an event of each line. Those of other kinds, which are many, are left
// out before anything is made of them.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	var o event.Object
	for line := range feed.Lines(report, emit) {
		err := o.Parse([]byte(line[max(0, strings.IndexByte(line, '{')):]))
		if err == nil {
			kind := o.Value("event_type")
			if kind.Kind == harmonization.String && kind.Text != "" && !slices.Contains(c.EventTypes, kind.Text) {
				continue
			} else if kind.Kind != harmonization.String {
				err = errKind
			}
		}
		e := feed.Event(report, line)
		e.Fail(err)
		if err == nil {
			c.plan.FillObject(e, &o)
		}
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

var errKind = errors.New("event_type is missing, or is no text")

var table = feed.Table{
	Rows: []feed.Column{
		{From: "event_type", To: "classification.type", Need: feed.Required, Words: feed.Words{{"alert", "ids-alert"}, {"*", "other"}}},
		{From: "event_type", To: "extra."},
		{From: "alert", To: "extra."},
		{From: "anomaly", To: "extra."},
		{From: "timestamp", To: "time.source", Convert: "utc"},
		{From: "alert.source.ip|src_ip", To: "source.ip", With: address},
		{From: "alert.source.port|src_port", To: "source.port"},
		{From: "alert.target.ip|dest_ip", To: "destination.ip", With: address},
		{From: "alert.target.port|dest_port", To: "destination.port"},
		{From: "proto", To: "protocol.transport|extra.proto", Convert: "lower"},
		{From: "app_proto", To: "protocol.application", Words: feed.Words{{"failed", ""}, {"unknown", ""}, {"*", "*"}}},
		{From: "alert.signature|anomaly.event", To: "event_description.text"},
		{From: "alert.severity", To: "severity", Words: feed.Words{{"1", "high"}, {"2", "medium"}, {"3", "low"}, {"4", "info"}}, Need: feed.Soft},
	},
	After: application,
	Rest:  feed.Extra,
}

// address leaves out what stands for no address, as in the first packets of DHCP.
func address(v harmonization.Value, _ *feed.Record) (harmonization.Value, error) {
	if a, err := netip.ParseAddr(v.Text); err == nil && a.IsUnspecified() {
		return harmonization.Value{}, nil
	}
	return v, nil
}

// protocols are kinds of events that are called like the protocol that they are about,
// and do not name it again.
var protocols = []string{
	"bittorrent_dht", "dcerpc", "dhcp", "dnp3", "dns", "ftp", "http", "http2", "ike", "krb5", "ldap", "modbus", "mqtt",
	"nfs", "pgsql", "pop3", "quic", "rdp", "rfb", "sip", "smb", "smtp", "snmp", "ssh", "telnet", "tftp", "tls", "websocket",
}

// application names the protocol of such an event.
func application(e *event.Message, row *feed.Record) error {
	if kind := row.Get("event_type"); !e.Has("protocol.application") && slices.Contains(protocols, kind) {
		e.Set("protocol.application", kind)
	}
	return nil
}
