// Package cymrucapprogram implements parse-cymru-cap-program.
//
// parse-cymru-cap-program: parse the reports of Team Cymru's CSIRT Assistance Program
//
// A comment above the lines says in which of its two forms a report is: "generated
// on" in the present one, in which the last but one column has pairs of a name and
// a value, and "Data file written at" in the old one, in which it is text. A line
// with several destination ports makes an event for each of them. The comments
// above a line are part of raw, since it cannot be parsed without them.
//
// # Examples
//
//	printf '%s\n' '#generated on 20260131' \
//	  'spam|192.0.2.1|64496|2026-01-31 10:20:30||EXAMPLE, AT' |
//	  parse-cymru-cap-program --name 'Team Cymru CAP'
package cymrucapprogram

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has no flags of its own.
type Command struct{}

// Process makes an event of each line, or of each destination port in it.
func (*Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	comments := ""
	var in form
	for line := range feed.Lines(report, emit) {
		if strings.HasPrefix(line, "#") {
			comments += line + "\n"
			switch {
			case strings.Contains(line, "generated on"):
				in = present
			case strings.Contains(line, "Data file written at"):
				in = old
			}
			continue
		}
		if err := events(report, comments, line, in).Emit(emit); err != nil {
			return err
		}
	}
	return nil
}

var (
	errForm    = errors.New(`no comment above says in which form the report is: "generated on" or "Data file written at"`)
	errColumns = errors.New("the line has not six columns")
)

// events are those of one line: category|ip|asn|time|information|as.
func events(report *event.Message, comments, line string, in form) *feed.Group {
	columns := strings.Split(line, "|")
	for i := range columns {
		columns[i] = strings.TrimSpace(columns[i])
	}
	ports := []string{""}
	if len(columns) == 6 {
		ports = destinationPorts(columns[4])
	}
	g := new(feed.Group)
	for _, port := range ports {
		r := &row{Message: g.Add(feed.Event(report, comments, line)), category: columns[0], port: strings.TrimSpace(port)}
		switch {
		case in == 0:
			r.Fail(errForm)
		case len(columns) != 6:
			r.Fail(errColumns)
		default:
			r.fill(in, columns)
		}
		if r.Err() != nil {
			break
		}
	}
	return g
}

// fill sets the fields.
func (r *row) fill(in form, columns []string) {
	information, as, cc := columns[4], columns[5], ""
	if in == present {
		i := max(strings.LastIndex(as, ", "), 0)
		as, cc = as[:i], strings.TrimPrefix(as[i:], ", ")
	}
	r.add(columns[1], "source.ip")
	if columns[2] != "0" {
		r.add(columns[2], "source.asn")
	}
	r.add(columns[3]+" UTC", "time.source")
	r.add(as, "source.as_name")
	r.add(cc, "source.geolocation.cc")
	c := find(in, r.category)
	if c == nil {
		r.Fail(fmt.Errorf("the category %q is not known", r.category))
		return
	}
	r.add(c.typ, "classification.type")
	r.add(c.identifier, "classification.identifier")
	r.add(c.application, "protocol.application")
	if c.malware {
		r.malware(r.category)
	}
	if in == present {
		r.items(c, information)
	} else {
		c.tell(r, information)
	}
}
