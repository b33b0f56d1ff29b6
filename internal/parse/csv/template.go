package csv

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// template is one of --compose-fields: texts with columns between them.
type template struct {
	key   string
	field *harmonization.Field
	parts []part
}

// part is a text, or the value of a column if text is empty.
type part struct {
	text   string
	column int
}

func compose(d *harmonization.Dictionary, object stage.Object) ([]template, error) {
	formats, err := texts("compose-fields", object)
	if err != nil {
		return nil, err
	}
	var list []template
	for _, name := range slices.Sorted(maps.Keys(formats)) {
		t := template{}
		if t.key, t.field, err = field(d, name); err == nil {
			t.parts, err = split(formats[name])
		}
		if err != nil {
			return nil, fmt.Errorf("--compose-fields: %w", err)
		}
		list = append(list, t)
	}
	return list, nil
}

var errTemplate = errors.New("in a template a column is {0}, {1} and so on, a brace is {{ or }}")

// split reads a template, as Python's str.format does with numbers.
func split(format string) (parts []part, err error) {
	text := ""
	for {
		i := strings.IndexAny(format, "{}")
		if i < 0 {
			break
		}
		text += format[:i]
		brace := format[i]
		format = format[i+1:]
		if format != "" && format[0] == brace {
			text += string(brace)
			format = format[1:]
			continue
		}
		number, rest, ok := strings.Cut(format, "}")
		n, err := strconv.Atoi(number)
		if brace == '}' || !ok || err != nil || n < 0 {
			return nil, errTemplate
		}
		if text != "" {
			parts = append(parts, part{text: text})
		}
		parts = append(parts, part{column: n})
		text, format = "", rest
	}
	if text += format; text != "" {
		parts = append(parts, part{text: text})
	}
	return parts, nil
}

// set composes the field, which must be new.
func (t *template) set(e *event.Message, fields []string) error {
	var b strings.Builder
	for _, p := range t.parts {
		switch {
		case p.text != "":
			b.WriteString(p.text)
		case p.column >= len(fields):
			return fmt.Errorf("%s: there is no column %d to compose it of", t.key, p.column+1)
		default:
			b.WriteString(fields[p.column])
		}
	}
	v := harmonization.Text(b.String())
	switch {
	case e.Has(t.key):
		return fmt.Errorf("%s: %w", t.key, event.ErrKeyExists)
	case v.Empty():
		return nil
	}
	return e.Put(t.field, t.key, v)
}
