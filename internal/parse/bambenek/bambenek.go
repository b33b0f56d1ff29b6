// Package bambenek implements parse-bambenek.
//
// parse-bambenek: parse the lists of command and control servers and DGA domains of Bambenek
//
// The name of the list, the last part of feed.url or else extra.file_name, says
// what it holds: c2-ipmasterlist addresses and c2-dommasterlist domains of command
// and control servers, dga-feed domains that malware generates. What follows in the
// name does not count, as in dga-feed-high.csv. A pipe has no name: give it one
// with --file-name.
//
// # Examples
//
//	echo '192.0.2.1,used by gozi,2026-01-31 10:20,http://example.org/gozi.txt' |
//	  parse-bambenek --file-name c2-ipmasterlist.txt
//	echo 'example.org,used by gozi,2026-01-31,http://example.org/gozi.txt' |
//	  parse-bambenek --file-name dga-feed.txt
package bambenek

import (
	"cmp"
	"context"
	"errors"
	"path"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has no flags of its own.
type Command struct{ feed.Parser }

// Tables says what the columns become.
func (*Command) Tables() []*feed.Table { return []*feed.Table{&table} }

// Process makes an event of each line.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	if which(report) == nil {
		return errUnknown
	}
	return c.Parse(&table, report, emit)
}

var table = feed.Table{
	Format: feed.Line{
		Columns: []string{"indicator | text | date | url"},
		By:      ",", Skip: []string{"#"}, Recover: true,
	},
	Rows: []feed.Column{
		{From: "text", To: "event_description.text"},
		{From: "date", To: "time.source", Convert: "utc", Need: feed.Required},
		{From: "url", To: "event_description.url"},
		{From: "url", To: "malware.name", Convert: "last / | before .", Words: feed.Words{
			{"cl", "cryptolocker"},
			{"p2pgoz", "p2p goz"},
			{"ptgoz", "pt goz"},
			{"volatile", "volatile cedar"},
			{"*", "*"},
		}},
	},
	After: func(e *event.Message, row *feed.Record) error {
		l := which(row.Report())
		e.Set(l.field, row.Get("indicator"))
		if !e.Has(l.field) {
			return errNone // unless the value was refused, which is the error that counts
		}
		e.Set("classification.type", l.typ)
		e.SetIf("status", l.status)
		return nil
	},
}

var (
	errUnknown = errors.New("neither feed.url nor extra.file_name names a list that is known; name it, for example --file-name c2-ipmasterlist.txt")
	errNone    = errors.New("column indicator is empty")
)

// which finds out by its name which list a report is.
func which(report *event.Message) *list {
	name := path.Base(cmp.Or(report.Get("feed.url"), report.Get("extra.file_name")))
	for i := range lists {
		if strings.HasPrefix(name, lists[i].name) {
			return &lists[i]
		}
	}
	return nil
}

type list struct{ name, field, typ, status string }

var lists = []list{
	{"c2-ipmasterlist", "source.ip", "c2-server", "online"},
	{"c2-dommasterlist", "source.fqdn", "c2-server", "online"},
	{"dga-feed", "source.fqdn", "dga-domain", ""},
}
