// Package xarf implements parse-x-arf.
//
// parse-x-arf: parse reports of abuse in the formats of X-ARF
//
// Input is the part of a mail that is for machines: lines of Key: value (0.1, 0.2),
// or JSON (3 and 4). parse-mail takes it out of the mail:
//
//	parse-mail --content-types none --attach-regex '^report[.]txt$|[.]json$' |
//	  parse-x-arf
//
// Several reports may follow one another, in lines with --- between them. What kind
// of incident one is about follows from Report-Type, ReportType, or type; what is
// not known is undetermined. The port is that of the service that was attacked, or
// of the host that offers what must not be. What is no field of events goes below
// extra.
//
// # Examples
//
//	printf 'Report-Type: login-attack\nSource: 192.0.2.1\nService: ssh\n' |
//	  parse-x-arf
//	echo '{"Report":{"ReportType":"Spam","SourceIp":"192.0.2.1"}}' |
//	  parse-x-arf
package xarf

import (
	"context"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has no flags of its own.
type Command struct{ feed.Parser }

// Tables says what the members become.
func (*Command) Tables() []*feed.Table { return []*feed.Table{&table} }

// maxReport bounds a report, in bytes.
const maxReport = 16 << 20

// Process makes an event of each report.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	if first := feed.First(report); first == '{' || first == '[' {
		return c.Parse(&table, report, emit)
	}
	text, err := feed.Text(report, maxReport)
	if err != nil {
		return err
	}
	all := documents(text)
	for _, part := range all {
		if len(all) == 1 {
			part = text
		}
		e := feed.Event(report, part)
		if err := fill(e, part); err != nil {
			e.Fail(err)
		}
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

// documents are the reports that stand in a text as lines.
func documents(text string) (all []string) {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimRight(text, "\n") + "\n---") {
		if strings.TrimSpace(line) != "---" {
			b.WriteString(line)
			continue
		}
		if strings.TrimSpace(b.String()) != "" {
			all = append(all, b.String())
		}
		b.Reset()
	}
	return all
}
