package manual

import (
	"fmt"
	"strings"

	"github.com/intelpipe/intelpipe/internal/flags"
	"github.com/intelpipe/intelpipe/internal/manual/page"
	"github.com/intelpipe/intelpipe/internal/plain"
)

// fieldsOf says in paragraphs which fields a command reads and writes. There is
// nothing to say of those that are no part of a stream.
func fieldsOf(name string) (paragraphs []string, err error) {
	f, err := page.FieldsOf(name)
	if err != nil || len(f.Read)+len(f.Written)+len(f.Flags) == 0 {
		return nil, err
	}
	add := func(format string, args ...any) { paragraphs = append(paragraphs, fmt.Sprintf(format, args...)) }
	if len(f.Read) > 0 {
		add("Read: %s.", enumerated(f.Read))
	}
	if len(f.Written) > 0 {
		add("Written: %s.", enumerated(f.Written))
	}
	if len(f.Flags) > 0 {
		var names []string
		for _, flag := range f.Flags {
			names = append(names, "--"+flag)
		}
		add("Fields are also named by %s.", plain.Enumeration(names, "and"))
	}
	if flags.Family(name) == "parse" {
		add("Every event also has raw, unless there is --no-raw, and time.observation and the feed fields of its report.")
	}
	return paragraphs, nil
}

// enumerated lists fields, with those below extra once behind the others.
func enumerated(fields []string) string {
	var plain, below []string
	open := false
	for _, field := range fields {
		name, extra := strings.CutPrefix(field, "extra.")
		switch {
		case field == "*":
			return "any field"
		case name == "*":
			open = true
		case extra:
			below = append(below, name)
		default:
			plain = append(plain, field)
		}
	}
	text := strings.Join(plain, ", ")
	if len(below) > 0 {
		text += "; below extra: " + strings.Join(below, ", ")
	}
	if open {
		text += "; and below extra what else the feed has"
	}
	return strings.TrimPrefix(text, "; ")
}
