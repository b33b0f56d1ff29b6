// Package cef implements parse-cef.
//
// parse-cef: parse lines in the Common Event Format of ArcSight
//
// A line begins with CEF:0, or has a header of syslog before it:
//
//	CEF:0|vendor|product|version|signature|name|severity|key=value key=value
//
// What the usual keys say becomes fields: src, spt, shost and suser of the
// source, dst, dpt, dhost and duser of the destination, proto, app, request and
// fileHash; c6a2 and c6a3 are IPv6 addresses of both. ArcSight's long names, such
// as sourceAddress, mean the same. A host name without a dot is local_hostname. What
// stands for no address (0.0.0.0) and port 0 are kept below extra alone.
//
// The time is rt, end or start, or else that of the header of syslog: a number
// since 1970 in any unit, or a date, perhaps without its year. Dates are in the
// zone that they name, or else dtz does, or else --timezone.
//
// A key with a label, as cs1 with cs1Label, is kept below extra under its label,
// and any other under its own name, with a number behind it if there is one of that
// name. The format does not say what kind of incident it is about.
//
// # Examples
//
//	echo 'CEF:0|Example|Sensor|1.0|100|port scan|5|src=192.0.2.1 dpt=22' |
//	  parse-cef --classification-type scanner
//	echo '<13>Jan 31 10:20:30 host CEF:0|Example|Sensor|1|7|x|Low|src=192.0.2.1' |
//	  parse-cef
package cef

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/cef"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/indicator"
	"github.com/intelpipe/intelpipe/internal/logtime"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has the flags: every exported field is one.
type Command struct {
	ClassificationType string `help:"The type of all events." default:"undetermined" placeholder:"TYPE" vocabulary:"classification.type"`

	now func() time.Time
}

// Start keeps the clock, for times without a year.
func (c *Command) Start(_ context.Context, env *stage.Env) error {
	c.now = env.Now
	return nil
}

// Process makes an event of each line.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	for line := range feed.Lines(report, emit) {
		e := feed.Event(report, line)
		if err := c.fill(e, line); err != nil {
			e.Fail(err)
		}
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

// fill reads a line.
func (c *Command) fill(e *event.Message, line string) error {
	in, err := cef.Parse(line)
	if err != nil {
		return err
	}
	e.SetIf("extra.device_vendor", in.Vendor)
	e.SetIf("extra.device_product", in.Product)
	e.SetIf("extra.device_version", in.Version)
	e.SetIf("extra.signature_id", in.Signature)
	e.SetIf("event_description.text", in.Name)
	if word := severity(in.Severity); !e.Try("severity", harmonization.Text(word)) {
		e.SetIf("extra.severity", in.Severity)
	}
	for _, p := range in.Extension {
		set(e, p, in.Extension)
	}
	if err := c.setTime(e, in); err != nil {
		return err
	}
	e.Set("classification.type", c.ClassificationType)
	return nil
}

// setTime finds the time among the keys, or in what stands before the format.
func (c *Command) setTime(e *event.Message, in *cef.Event) error {
	zone := in.Extension.Get("dtz")
	for _, key := range []string{"rt", "end", "start"} {
		if text := in.Extension.Get(key); text != "" {
			v, err := logtime.Parse(text, zone, c.now(), e.Times())
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			e.SetValue("time.source", v)
			return nil
		}
	}
	if v, err := logtime.Parse(logtime.Header(in.Above), zone, c.now(), e.Times()); err == nil {
		e.SetValue("time.source", v)
	}
	return nil
}

// set stores what a key says.
func set(e *event.Message, p cef.Pair, all cef.Extension) {
	switch field, _ := fields.Find(p.Key); {
	case p.Value == "", p.Key == "rt", strings.HasSuffix(p.Key, "Label") && all.Get(strings.TrimSuffix(p.Key, "Label")) != "":
		return
	case field != "" && !e.Has(field) && !isNothing(field, p.Value):
		e.SetIf(field, p.Value)
		return
	}
	if field, value := perhaps(p); field != "" && !e.Has(field) && e.Try(field, harmonization.Text(value)) {
		return
	}
	key := feed.ExtraKey(p.Key)
	if label := all.Get(p.Key + "Label"); label != "" {
		key = feed.ExtraKey(label)
	}
	free := key
	for n := 2; e.Has(free); n++ {
		free = key + "_" + strconv.Itoa(n)
	}
	e.SetIf(free, p.Value)
}

// isNothing reports whether a value only says that there is none.
func isNothing(field, value string) bool {
	if strings.HasSuffix(field, ".port") {
		return value == "0"
	}
	a, err := netip.ParseAddr(value)
	return err == nil && a.IsUnspecified()
}

// perhaps is the field of a key that is kept below extra where the value does not fit.
func perhaps(p cef.Pair) (field, value string) {
	switch p.Key {
	case "shost", "dhost":
		side := map[byte]string{'s': "source", 'd': "destination"}[p.Key[0]]
		if !strings.Contains(p.Value, ".") {
			return side + ".local_hostname", p.Value
		} else if !strings.ContainsAny(p.Value, " \t") {
			return side + ".fqdn", p.Value
		}
	case "request":
		return "destination.url", p.Value
	case "app":
		return "protocol.application", strings.ToLower(p.Value)
	case "proto":
		if word, ok := protocols.Find(p.Value); ok {
			return "protocol.transport", word
		}
		return "protocol.transport", strings.ToLower(p.Value)
	case "fileHash":
		if field := indicator.HashField(p.Value); field != "extra.sha512" {
			return field, p.Value
		}
	}
	return "", ""
}

// severity is the word for a number from 0 to 10, or for a word of the format.
func severity(text string) string {
	if n, err := strconv.Atoi(text); err == nil && n >= 0 && n <= 10 {
		return [...]string{"low", "low", "low", "low", "medium", "medium", "medium", "high", "high", "critical", "critical"}[n]
	}
	switch word := strings.ToLower(text); word {
	case "low", "medium", "high", "critical":
		return word
	case "very-high":
		return "critical"
	}
	return ""
}

// fields are those of keys whose value has to fit.
var fields = feed.Words{
	{"src", "source.ip"},
	{"spt", "source.port"},
	{"suser", "source.account"},
	{"dst", "destination.ip"},
	{"dpt", "destination.port"},
	{"duser", "destination.account"},
}

// protocols are those that some devices give the number of.
var protocols = feed.Words{{"1", "icmp"}, {"6", "tcp"}, {"17", "udp"}, {"47", "gre"}, {"50", "esp"}, {"58", "ipv6-icmp"}, {"132", "sctp"}}
