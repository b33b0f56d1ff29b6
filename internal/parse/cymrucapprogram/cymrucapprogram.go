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

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has no flags of its own.
type Command struct{}

// row is one line: category|ip|asn|timestamp|information|as info.
type row struct {
	*event.Message
	category, information string
	port                  string // the destination port of this event, if there are several
	err                   error
}

// Process makes an event of each line, or of each port in it.
func (*Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	comments := ""
	var fill func(*row, []string)
	for line := range feed.Lines(report, emit) {
		if strings.HasPrefix(line, "#") {
			comments += line + "\n"
			switch {
			case strings.Contains(line, "generated on"):
				fill = (*row).present
			case strings.Contains(line, "Data file written at"):
				fill = (*row).old
			}
			continue
		}
		if err := events(report, comments, line, fill, emit); err != nil {
			return err
		}
	}
	return nil
}

var (
	errForm    = errors.New(`no comment above says in which form the report is: "generated on" or "Data file written at"`)
	errColumns = errors.New("the line has not six columns")
)

// events emits those of one line, or the first that fails.
func events(report *event.Message, comments, line string, fill func(*row, []string), emit stage.Emit) error {
	columns := strings.Split(line, "|")
	ports := []string{""}
	if len(columns) == 6 {
		ports = destinationPorts(columns[4])
	}
	made := make([]*event.Message, 0, len(ports))
	for _, port := range ports {
		r := &row{Message: feed.Event(report, comments, line), port: port}
		switch {
		case fill == nil:
			r.fail(errForm)
		case len(columns) != 6:
			r.fail(errColumns)
		default:
			r.common(columns)
			fill(r, columns)
		}
		if r.err != nil {
			r.Fail(r.err)
			for _, e := range made {
				e.Release()
			}
			return emit(r.Message)
		}
		made = append(made, r.Message)
	}
	for _, e := range made {
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

func (r *row) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// add sets a field that has no value yet. The first error counts.
func (r *row) add(key, text string) {
	if text != "" {
		r.fail(r.Add(key, harmonization.Text(text)))
	}
}

// is adds what a category says by itself.
func (r *row) is(typ, identifier string) {
	r.add("classification.type", typ)
	r.add("classification.identifier", identifier)
}

// malware adds the name of a family of malware.
func (r *row) malware(name string) {
	r.add("classification.identifier", strings.ToLower(name))
	r.add("malware.name", strings.ToLower(name))
}

// common adds what both forms have.
func (r *row) common(columns []string) {
	for i := range columns {
		columns[i] = strings.TrimSpace(columns[i])
	}
	r.category, r.information = columns[0], columns[4]
	r.add("source.ip", columns[1])
	if columns[2] != "0" {
		r.add("source.asn", columns[2])
	}
	r.add("time.source", columns[3]+" UTC")
}

func (r *row) unknown() { r.fail(fmt.Errorf("the category %q is not known", r.category)) }
