// Package mcafeeatd implements parse-mcafee-atd.
//
// parse-mcafee-atd: parse the sandbox reports of McAfee (Trellix) Advanced Threat Defense
//
// Input is a report in JSON, or several. A sample whose verdict is at least as
// severe as --verdict-severity makes an event; each file that it wrote makes one
// more, and each address and URL that it spoke to, with name and hashes of the
// sample. If one of these values is not valid, the report makes no event.
//
// # Examples
//
//	echo '{"Summary":{"Verdict":{"Severity":"5"},
//	  "Subject":{"Name":"evil.exe","md5":"0123456789abcdef0123456789abcdef"},
//	  "Ips":[{"Ipv4":"192.0.2.1","Port":"443"}]}}' | parse-mcafee-atd
package mcafeeatd

import (
	"context"
	"errors"
	"strconv"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says which samples count.
type Command struct {
	VerdictSeverity int64 `help:"Leave out samples whose verdict is less severe." default:"4" placeholder:"N"`
}

// Process makes events of each report.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	for x := range feed.Objects(report, emit) {
		if err := c.events(x).Emit(emit); err != nil {
			return err
		}
	}
	return nil
}

// sample is what a report says.
type sample struct {
	Verdict          struct{ Severity json.RawMessage }
	Subject          json.RawMessage
	Files, Ips, Urls []json.RawMessage
}

// events returns the events of a report, or one that has failed.
func (c *Command) events(x *feed.Element) *feed.Group {
	g := new(feed.Group)
	begin := func() *event.Message {
		e := g.Add(x.Event())
		e.Set("classification.taxonomy", "malicious-code")
		e.Set("classification.type", "infected-system")
		return e
	}
	var s sample
	err := json.Unmarshal([]byte(x.Value("Summary").Text), &s)
	severity, number := strconv.ParseInt(unquoted(s.Verdict.Severity), 10, 64)
	switch {
	case err != nil:
		begin().Fail(errors.New("the Summary is missing, or not in the form of a report of ATD"))
		return g
	case number != nil:
		begin().Fail(errors.New("Summary.Verdict.Severity is missing, or no number"))
		return g
	case severity < c.VerdictSeverity:
		return g
	case s.Subject == nil:
		begin().Fail(errors.New("Summary.Subject is missing"))
		return g
	}
	set(begin(), subject, s.Subject)
	for _, file := range s.Files {
		set(begin(), entry, file)
	}
	for _, peer := range append(s.Ips, s.Urls...) {
		e := begin()
		set(e, subject, s.Subject)
		set(e, entry, peer)
	}
	return g
}

func unquoted(text json.RawMessage) string {
	if s, ok := json.Unquote(string(text)); ok {
		return s
	}
	return string(text)
}

// set stores the members of an object.
func set(e *event.Message, fields [][2]string, text json.RawMessage) {
	var o event.Object
	if err := o.Parse(text); err != nil {
		e.Fail(err)
		return
	}
	for _, f := range fields {
		if v := o.Value(f[0]); !v.Empty() {
			if err := e.Add(f[1], v); err != nil {
				e.Fail(err)
			}
		}
	}
}

var subject = [][2]string{
	{"Name", "malware.name"},
	{"md5", "malware.hash.md5"},
	{"sha-1", "malware.hash.sha1"},
	{"sha-256", "malware.hash.sha256"},
}

var entry = [][2]string{
	{"domain", "source.fqdn"},
	{"hostname", "source.fqdn"},
	{"Name", "malware.name"},
	{"Md5", "malware.hash.md5"},
	{"Sha1", "malware.hash.sha1"},
	{"Sha256", "malware.hash.sha256"},
	{"Ipv4", "destination.ip"},
	{"Port", "destination.port"},
	{"Url", "destination.fqdn"},
}
