// Package cleanmx implements parse-cleanmx.
//
// parse-cleanmx: parse the lists of phishing sites and malicious URLs of Clean-MX in XML
//
// Which list it is is told by feed.url, or else by extra.file_name: xmlphishing or
// xmlviruses is a part of it. A pipe has no name: give it one with --file-name. The
// report may have 64 MiB. An element that is empty or undef has no value; an entry
// with an element that is not known fails.
//
// # Examples
//
//	echo '<entry><url>http://example.org/login</url></entry>' |
//	  parse-cleanmx --file-name xmlphishing
//
//intelpipe:full
package cleanmx

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/xmltree"
)

// Command has no flags of its own.
type Command struct{ feed.Parser }

// Tables says what the elements of an entry become.
func (*Command) Tables() []*feed.Table { return []*feed.Table{&table} }

var (
	errCSV     = errors.New("only XML is read: fetch the list without format=csv")
	errUnknown = errors.New("neither feed.url nor extra.file_name says which list it is; name it, for example --file-name xmlphishing")
)

// Process makes an event of each entry.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	switch name := name(report); {
	case strings.Contains(name, "format=csv"):
		return errCSV
	case !strings.Contains(name, "xmlphishing") && !strings.Contains(name, "xmlviruses"):
		return errUnknown
	}
	return c.Parse(&table, report, emit)
}

func name(report *event.Message) string {
	return cmp.Or(report.Get("feed.url"), report.Get("extra.file_name"))
}

// Elements that only one of the lists has are taken in both. The one that means
// something else in each of them is left to After.
var table = feed.Table{
	Format: entries{},
	Rest:   feed.Refuse,
	Rows: []feed.Column{
		{From: "first", To: "time.source", Convert: "int | epoch"},
		{From: "url", To: "source.url"},
		{From: "ip", To: "source.ip", With: unlessName},
		{From: "domain", To: "source.fqdn", With: unlessAddress},
		{From: "country", To: "source.geolocation.cc"},
		{From: "email", To: "source.abuse_contact"},
		{From: "recent", To: "status", Words: feed.Words{{"down", "offline"}, {"up", "online"}, {"*", "*"}}},
		{From: "target", To: "event_description.target"},
		{From: "virusname", To: "malware.name"},
		{From: "md5", To: "malware.hash.md5"},
		{From: "as", To: "source.asn", With: firstAS},
		{From: "id", To: "extra."},
		{From: "response", To: "extra."},
		{From: "review", To: "extra."},
		{From: "inetnum", To: "extra."},
		{From: "netname", To: "extra."},
		{From: "descr", To: "extra."},
		{From: "ns1", To: "extra."},
		{From: "ns2", To: "extra."},
		{From: "ns3", To: "extra."},
		{From: "ns4", To: "extra."},
		{From: "ns5", To: "extra."},
		{From: "phishtank", To: "extra."},
		{From: "sub", To: "extra."},
		{From: "scanner", To: "extra."},
		{From: "virustotal", To: "extra."},
		{From: "vt_score", To: "extra."},
		{From: "vt_info", To: "extra."},
		{From: "source"},
		{From: "line"},
		{From: "firsttime"},
		{From: "last"},
		{From: "lasttime"},
	},
	After: func(e *event.Message, row *feed.Record) error {
		typ, source := "malware-distribution", "extra.source"
		if strings.Contains(name(row.Report()), "xmlphishing") {
			typ, source = "phishing", "source.registry"
		}
		e.Set("classification.type", typ)
		e.SetIf(source, row.Get("source"))
		return nil
	},
}

// unlessName drops names from what should be addresses.
func unlessName(v harmonization.Value, _ *feed.Record) (harmonization.Value, error) {
	return unless("FQDN", v), nil
}

// unlessAddress drops addresses from what should be names.
func unlessAddress(v harmonization.Value, _ *feed.Record) (harmonization.Value, error) {
	return unless("IPAddress", v), nil
}

func unless(typ string, v harmonization.Value) harmonization.Value {
	rule, _ := harmonization.Type(typ)
	if _, err := rule.Sanitise(v); err == nil {
		return harmonization.Value{}
	}
	return v
}

// firstAS is the first AS of a list. ASNA is none.
func firstAS(v harmonization.Value, _ *feed.Record) (harmonization.Value, error) {
	upper := strings.ToUpper(v.Text)
	if v.Empty() || strings.HasPrefix(upper, "ASNA") {
		return harmonization.Value{}, nil
	}
	for part := range strings.SplitSeq(upper, ",") {
		if number, ok := strings.CutPrefix(strings.TrimSpace(part), "AS"); ok {
			return harmonization.Text(number), nil
		}
	}
	return v, nil
}

// entries are the elements of that name, wherever they stand. Their columns are
// the elements in them.
type entries struct{}

// maxDocument bounds a document, in bytes.
const maxDocument = 64 << 20

// Inputs yields the entries.
func (entries) Inputs(report *event.Message, _ stage.Emit) iter.Seq2[*feed.Input, error] {
	return func(yield func(*feed.Input, error) bool) {
		text, err := feed.Text(report, maxDocument)
		if err == nil && strings.TrimSpace(text) == "" {
			return
		}
		document, err2 := xmltree.Parse(text)
		if err = cmp.Or(err, err2); err != nil {
			yield(nil, err)
			return
		}
		for n := range document.All() {
			if n.Name != "entry" {
				continue
			}
			in := &feed.Input{Piece: entry{report, n.Source(text)}}
			for _, c := range n.Children {
				value := c.Text
				if value == "undef" {
					value = ""
				}
				in.Names, in.Fields = append(in.Names, c.Name), append(in.Fields, value)
			}
			if !yield(in, nil) {
				return
			}
		}
	}
}

// entry is an entry as it stands.
type entry struct {
	report *event.Message
	text   string
}

// Event returns a new event for the entry.
func (x entry) Event() *event.Message { return feed.Event(x.report, x.text) }
