// Package openioc implements parse-openioc.
//
// parse-openioc: parse indicators of compromise in OpenIOC, 1.0 and 1.1
//
// Items that look for something that a field can hold make events:
//
//	hashes of files      malware.hash.md5, .sha1, .sha256
//	addresses            destination.ip, or destination.network of a network
//	names, URLs          destination.fqdn, destination.url, destination.urlpath
//	ports                destination.port
//	senders of mail      source.account
//
// An Indicator with OR makes an event of each item, one with AND an event with all
// of them, unless it names one field twice. Items with a negation, or with a
// condition other than is and contains, are left out, and so are items that no
// field can hold, a contains with a part of a value, and a port alone. Events have
// the type --type, the document's short_description as event_description.text and
// its id as extra.openioc.id. A document may have 16 MiB.
//
// # Examples
//
//	echo '<ioc><definition><Indicator operator="OR"><IndicatorItem
//	  condition="is"><Context search="PortItem/remoteIP"/><Content>192.0.2.1
//	  </Content></IndicatorItem></Indicator></definition></ioc>' |
//	  parse-openioc --type c2-server
//
//intelpipe:full
package openioc

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/indicator"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/xmltree"
)

// Command says which type the events have.
type Command struct {
	Type string `help:"Store this as classification.type." default:"undetermined" placeholder:"TYPE"`

	env *stage.Env
}

// Start checks the type.
func (c *Command) Start(_ context.Context, env *stage.Env) error {
	c.env = env
	if _, err := env.Dictionary.CheckValue(harmonization.Event, "classification.type", harmonization.Text(c.Type)); err != nil {
		return fmt.Errorf("--type: %w", err)
	}
	return nil
}

// maxDocument bounds a document, in bytes.
const maxDocument = 16 << 20

// Process makes events of a document.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	text, err := feed.Text(report, maxDocument)
	if err != nil || strings.TrimSpace(text) == "" {
		return err
	}
	root, err := xmltree.Parse(text)
	if err != nil {
		return err
	}
	about := root // of 1.0; 1.1 has a part for it
	if m := root.Child("metadata"); m.Name != "" {
		about = m
	}
	criteria := root.Child("definition")
	if criteria.Name == "" {
		criteria = root.Child("criteria")
	}
	if criteria.Name == "" {
		return fmt.Errorf("the document is not OpenIOC: <%s> has neither <definition> nor <criteria>", root.Name)
	}
	var sets []indicator.Set
	for _, n := range criteria.Children {
		sets = append(sets, c.formula(n)...)
	}
	sets = slices.DeleteFunc(sets, func(s indicator.Set) bool { return len(s) == 1 && s[0].Key == "destination.port" })
	if len(sets) == 0 {
		c.env.Warn("%s: no item is a field of an event", report.Place())
	}
	var g feed.Group
	for _, set := range sets {
		e := g.Add(feed.Event(report, text))
		e.Set("classification.type", c.Type)
		e.SetIf("event_description.text", about.Child("short_description").Text)
		e.SetIf("comment", about.Child("description").Text)
		if date := about.Child("authored_date").Text; !strings.HasPrefix(date, "0001-") { // nobody has set it
			e.SetIf("time.source", date)
		}
		e.SetIf("extra.openioc.id", root.Attribute("id"))
		e.SetIf("extra.openioc.author", about.Child("authored_by").Text)
		for _, f := range set {
			e.Set(f.Key, f.Value)
		}
		if e.Err() != nil {
			break
		}
	}
	return g.Emit(emit)
}

// formula are the events that an item or Indicator stands for.
func (c *Command) formula(n *xmltree.Node) []indicator.Set {
	switch {
	case n.Attribute("negate") == "true":
		return nil
	case n.Name == "IndicatorItem":
		set := item(n.Child("Context").Attribute("search"), n.Child("Content").Text)
		switch condition := n.Attribute("condition"); {
		case set == nil, condition == "contains" && !c.fits(set[0]), condition != "" && condition != "is" && condition != "contains":
			return nil
		}
		return []indicator.Set{set}
	}
	var inner [][]indicator.Set
	for _, child := range n.Children {
		inner = append(inner, c.formula(child))
	}
	if strings.EqualFold(n.Attribute("operator"), "AND") {
		return indicator.And(inner...)
	}
	return indicator.Or(inner...)
}

// fits reports whether a field takes a value, which may be a part of one.
func (c *Command) fits(f indicator.Field) bool {
	switch {
	case strings.HasSuffix(f.Key, ".fqdn"):
		return indicator.SourceField(f.Value) == "source.fqdn"
	case strings.HasPrefix(f.Key, "malware.hash."):
		return indicator.HashField(f.Value) == f.Key
	}
	_, err := c.env.Dictionary.CheckValue(harmonization.Event, f.Key, harmonization.Text(f.Value))
	return err == nil
}

// item is the field for what an item looks for, or nothing.
func item(search, content string) indicator.Set {
	for _, f := range fields {
		if !strings.EqualFold(f[0], search) || content == "" {
			continue
		}
		key := f[1]
		switch looks := indicator.SourceField(content); {
		case key == "destination.ip" && looks == "source.network":
			key = "destination.network"
		case key == "destination.fqdn" && looks == "source.ip":
			key = "destination.ip"
		case key == "destination.urlpath" && looks == "source.url":
			key = "destination.url"
		}
		return indicator.Set{{Key: key, Value: content}}
	}
	return nil
}

var fields = [][2]string{
	{"FileItem/Md5sum", "malware.hash.md5"},
	{"FileItem/Sha1sum", "malware.hash.sha1"},
	{"FileItem/Sha256sum", "malware.hash.sha256"},
	{"TaskItem/md5sum", "malware.hash.md5"},
	{"TaskItem/sha1sum", "malware.hash.sha1"},
	{"TaskItem/sha256sum", "malware.hash.sha256"},
	{"ProcessItem/SectionList/MemorySection/Md5sum", "malware.hash.md5"},
	{"ProcessItem/SectionList/MemorySection/Sha1Sum", "malware.hash.sha1"},
	{"ProcessItem/SectionList/MemorySection/Sha256Sum", "malware.hash.sha256"},
	{"ServiceItem/pathmd5sum", "malware.hash.md5"},
	{"ServiceItem/serviceDLLmd5sum", "malware.hash.md5"},
	{"DriverItem/Md5sum", "malware.hash.md5"},
	{"DnsEntryItem/Host", "destination.fqdn"},
	{"DnsEntryItem/RecordName", "destination.fqdn"},
	{"DnsEntryItem/RecordData/Host", "destination.fqdn"},
	{"DnsEntryItem/RecordData/IPv4Address", "destination.ip"},
	{"PortItem/remoteIP", "destination.ip"},
	{"PortItem/remotePort", "destination.port"},
	{"ProcessItem/PortList/PortItem/remoteIP", "destination.ip"},
	{"ProcessItem/PortList/PortItem/remotePort", "destination.port"},
	{"RouteEntryItem/Destination", "destination.ip"},
	{"UrlHistoryItem/URL", "destination.url"},
	{"UrlHistoryItem/HostName", "destination.fqdn"},
	{"FileDownloadHistoryItem/SourceURL", "destination.url"},
	{"CookieHistoryItem/HostName", "destination.fqdn"},
	{"Network/DNS", "destination.fqdn"},
	{"Network/URI", "destination.urlpath"},
	{"Network/HTTP/Host", "destination.fqdn"},
	{"Network/HTTP/RequestURI", "destination.urlpath"},
	{"Network/Connection/RemoteIP", "destination.ip"},
	{"Network/Connection/RemotePort", "destination.port"},
	{"Email/From", "source.account"},
	{"EmailMessageItem/From", "source.account"},
}
