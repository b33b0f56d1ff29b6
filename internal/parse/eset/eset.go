// Package eset implements parse-eset.
//
// parse-eset: parse the domains and URLs of ESET Threat Intelligence
//
// The feed is told by extra.eset_feed, which collect-eset stores: "ei.urls (json)"
// or "ei.domains v2 (json)". For bare input --feed names it.
//
// # Examples
//
//	echo '[{"domain":"www.example.org","ip":"192.0.2.1",
//	  "reason":"Host is used as command and control server.",
//	  "last_seen":"2026-01-31 10:20:30 UTC"}]' |
//	  parse-eset --feed "ei.domains v2 (json)"
package eset

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says which feed is meant.
type Command struct {
	feed.Parser
	Feed string `help:"Read the report as this feed if it does not say what it is." placeholder:"NAME"`
}

const (
	domains = "ei.domains v2 (json)"
	urls    = "ei.urls (json)"
)

// Tables says what the members of a host become.
func (*Command) Tables() []*feed.Table { return []*feed.Table{&domainTable, &urlTable} }

// Process makes an event of each host.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	name := cmp.Or(report.Get("extra.eset_feed"), c.Feed)
	table := &domainTable
	switch name {
	case domains:
	case urls:
		table = &urlTable
	default:
		return fmt.Errorf("extra.eset_feed: %q is neither %q nor %q, see --feed", name, domains, urls)
	}
	return c.Parse(table, report, func(e *event.Message) error {
		if e.Err() == nil {
			e.Set("extra.eset_feed", name)
		}
		return emit(e)
	})
}

var domainTable = feed.Table{
	Format: feed.JSON{Objects: true, Sorted: true},
	Rows: []feed.Column{
		{From: "reason", To: "event_description.text", Need: feed.Present},
		{From: "domain", To: "source.fqdn", Need: feed.Soft},
		{From: "last_seen", To: "time.source", Convert: "utc", Need: feed.Present},
	},
	After: classify,
}

var urlTable = feed.Table{
	Format: feed.JSON{Objects: true, Sorted: true},
	Rows: []feed.Column{
		{From: "reason", To: "event_description.text", Need: feed.Present},
		{From: "domain", To: "source.fqdn", Need: feed.Soft},
		{From: "domain_last_seen", To: "time.source", Convert: "utc", Need: feed.Present},
		{From: "url", To: "source.url"},
	},
	After: classify,
}

// classify says what a host has done.
func classify(e *event.Message, row *feed.Record) error {
	for _, name := range []string{"domain", "ip"} {
		if !row.Has(name) {
			return fmt.Errorf("%s is missing", name)
		}
	}
	if ip := row.Get("ip"); !strings.HasSuffix(ip, "_NXDOMAIN") {
		e.SetIf("source.ip", ip)
	}
	reason := row.Get("reason")
	typ, _ := reasons.Find(reason)
	if strings.HasPrefix(reason, "Host is used as command and control server") {
		typ = "c2-server"
	}
	e.Set("classification.type", typ)
	return nil
}

var reasons = feed.Words{
	{"Host actively distributes high-severity threat in the form of executable code.", "malware-distribution"},
	{"Host is known to be distributing low-risk and potentially unwanted content.", "malware-distribution"},
	{"Host is known source of phishing or other fraudulent content.", "phishing"},
	{"*", "other"},
}
