// Package strformat is equal to Python's str.format, in whose syntax the templates of
// IntelMQ's rules and file names are written:
//
//	{msg[source.ip]:>15}  {event[time.source]:%Y-%m-%d}  {matches[source.url][1]}  {{literal}}
//
// A format specification has fill, alignment, sign, width, grouping, precision and type,
// or the directives of strftime for a text that is a time. Attributes, nested fields and
// !a are errors.
package strformat

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/python/value"
)

// Lookup returns the value of {name[index][index]…}, and false if there is none.
type Lookup func(name string, index []string) (value.Value, bool)

// A Template is a template that was compiled. Several goroutines may use it at once.
type Template struct{ parts []part }

// part is literal text, or a field if it has a name.
type part struct {
	literal string
	name    string
	index   []string
	source  string // the field as written, for errors
	repr    bool   // !r
	spec    spec
}

// Compile compiles a template. If names are given, the template must not use others. The
// error says which field is wrong.
func Compile(template string, names ...string) (*Template, error) {
	t := &Template{}
	var literal strings.Builder
	for rest := template; rest != ""; {
		i := strings.IndexAny(rest, "{}")
		if i < 0 {
			literal.WriteString(rest)
			break
		}
		literal.WriteString(rest[:i])
		brace := rest[i]
		rest = rest[i+1:]
		if rest != "" && rest[0] == brace {
			literal.WriteByte(brace)
			rest = rest[1:]
			continue
		}
		if brace == '}' {
			return nil, errors.New("a single } in the template; a literal one is written }}")
		}
		end, err := fieldEnd(rest)
		if err != nil {
			return nil, err
		}
		p, err := field(rest[:end], names)
		if err != nil {
			return nil, fmt.Errorf("{%s}: %w", rest[:end], err)
		}
		p.literal = literal.String()
		literal.Reset()
		t.parts = append(t.parts, p)
		rest = rest[end+1:]
	}
	if literal.Len() > 0 {
		t.parts = append(t.parts, part{literal: literal.String()})
	}
	return t, nil
}

// fieldEnd finds the brace that closes a field. One in square brackets belongs
// to an index.
func fieldEnd(s string) (int, error) {
	bracket := false
	for i := range len(s) {
		switch c := s[i]; {
		case c == '[':
			bracket = true
		case c == ']':
			bracket = false
		case bracket:
		case c == '}':
			return i, nil
		case c == '{':
			return 0, errors.New("a { inside a field of the template; a literal one is written {{")
		}
	}
	return 0, errors.New("a { in the template that is not closed; a literal one is written {{")
}

func field(text string, names []string) (part, error) {
	p := part{source: text}
	end := strings.IndexAny(text, "[.!:")
	if end < 0 {
		end = len(text)
	}
	p.name = text[:end]
	if p.name == "" {
		return p, errors.New("a field needs a name")
	}
	if len(names) > 0 && !slices.Contains(names, p.name) {
		return p, fmt.Errorf("unknown name %q; known are %s", p.name, strings.Join(names, ", "))
	}
	rest := text[end:]
	for strings.HasPrefix(rest, "[") {
		index, after, _ := strings.Cut(rest[1:], "]") // fieldEnd has seen it
		if index == "" {
			return p, errors.New("an index is empty")
		}
		p.index = append(p.index, index)
		rest = after
	}
	if conversion, ok := strings.CutPrefix(rest, "!"); ok {
		switch {
		case strings.HasPrefix(conversion, "r"):
			p.repr = true
		case !strings.HasPrefix(conversion, "s"):
			return p, errors.New("of the conversions only !s and !r are known")
		default:
			p.spec.text = true
		}
		rest = conversion[1:]
	}
	if rest == "" {
		return p, nil
	}
	if rest[0] != ':' {
		return p, fmt.Errorf("%q is not understood; write {name[index]:format}", rest)
	}
	text = rest[1:]
	s, err := parseSpec(text)
	s.text = p.spec.text
	p.spec = s
	return p, err
}

// Execute appends the filled-in template to dst. On an error, which a field
// that is missing is too, dst is returned as it was.
func (t *Template) Execute(dst []byte, lookup Lookup) ([]byte, error) {
	start := len(dst)
	for i := range t.parts {
		p := &t.parts[i]
		dst = append(dst, p.literal...)
		if p.name == "" {
			continue
		}
		v, ok := lookup(p.name, p.index)
		if !ok {
			return dst[:start], fmt.Errorf("{%s}: there is no such value", p.source)
		}
		if p.repr {
			v = value.Text(string(v.AppendRepr(nil)))
		} else if p.spec.text {
			v = value.Text(v.Python())
		}
		var err error
		if dst, err = p.spec.append(dst, v); err != nil {
			return dst[:start], fmt.Errorf("{%s}: %w", p.source, err)
		}
	}
	return dst, nil
}

// Constant returns the text of a template that has no fields.
func (t *Template) Constant() (text string, ok bool) {
	switch {
	case len(t.parts) == 0:
		return "", true
	case len(t.parts) == 1 && t.parts[0].name == "":
		return t.parts[0].literal, true
	}
	return "", false
}

// Fields calls yield with name and index of each field, so that a command can
// check at its start what a template refers to.
func (t *Template) Fields(yield func(name string, index []string) bool) {
	for i := range t.parts {
		if p := &t.parts[i]; p.name != "" && !yield(p.name, p.index) {
			return
		}
	}
}
