// Package export is the form in which events leave for files, queues and
// databases: JSON with sorted keys, as Python's json.dumps writes it. The flags
// are the same for all outputs that write it.
package export

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
)

// Flags are the flags of an output, to be embedded in a command.
type Flags struct {
	HierarchicalOutput      bool   `help:"Nest the fields: source.ip becomes ip inside of source." aliases:"message-hierarchical,message-hierarchical-output" group:"export"`
	MessageWithType         bool   `help:"Include __type." aliases:"with-type" group:"export"`
	MessageJSONDictAsString bool   `name:"message-jsondict-as-string" help:"Write extra as one string that holds JSON." group:"export"`
	SingleKey               string `help:"Write the value of this field alone: raw decoded, output as the JSON it holds." placeholder:"FIELD" group:"export" field:"event,false"`
	KeepRawField            bool   `help:"Include raw, which is left out otherwise." group:"export"`

	x exporter
}

// exporter is memory that is used again for each event.
type exporter struct {
	keys    []byte // of all fields, one after the other
	fields  []field
	layouts [8]layout
	next    int // the layout that is made anew next
}

// layout is how events with the same keys in the same order are written.
type layout struct {
	keys  []byte // of the fields, one after the other
	ends  []int  // of each
	order []int  // the fields sorted by key
	heads []byte // what stands before the values in this order, one after the other
	cuts  []int  // where each of them ends
}

type field struct {
	key        []byte
	start, end int // of the key in keys
	value      []byte
}

// Append appends the event as the flags want it, without a newline. The event
// stays as it is. It is not to be called by two goroutines at once.
func (f *Flags) Append(dst []byte, m *event.Message) ([]byte, error) {
	if key := f.single(); key != "" {
		return f.appendSingle(dst, m, key)
	}
	x := &f.x
	x.collect(m, f.KeepRawField)
	if f.MessageWithType {
		x.add([]byte("__type"), []byte(`"`+m.Kind.String()+`"`))
	}
	if f.MessageJSONDictAsString {
		x.fold(m.Dict())
	}
	x.resolve()
	if f.HierarchicalOutput {
		return x.nested(dst)
	}
	return x.flat(dst), nil
}

// single is the field of --single-key. A configuration may say false for none.
func (f *Flags) single() string {
	if f.SingleKey == "false" || f.SingleKey == "json:false" {
		return ""
	}
	return f.SingleKey
}

func (f *Flags) appendSingle(dst []byte, m *event.Message, key string) ([]byte, error) {
	v, ok := m.Value(key)
	if !ok {
		return dst, fmt.Errorf("%s: there is no such field in the event", key)
	}
	switch key {
	case "raw":
		raw, err := base64.StdEncoding.AppendDecode(dst, []byte(v.Text))
		if err != nil {
			return dst, fmt.Errorf("raw: %w", err)
		}
		return raw, nil
	case "output":
		if v.Kind != harmonization.String {
			break
		}
		inner, err := event.ParseValue(v.Text)
		if err != nil {
			return dst, fmt.Errorf("output: %w", err)
		}
		v = inner
	}
	if v.Kind == harmonization.String {
		return append(dst, v.Text...), nil
	}
	return AppendValue(dst, v.AppendJSON(nil)), nil
}

// collect notes keys and values of the fields.
func (x *exporter) collect(m *event.Message, raw bool) {
	x.keys, x.fields = x.keys[:0], x.fields[:0]
	for key, value := range m.Fields() {
		if string(key) != "raw" || raw {
			x.add(key, value)
		}
	}
}

func (x *exporter) add(key, value []byte) {
	start := len(x.keys)
	x.keys = append(x.keys, key...)
	x.fields = append(x.fields, field{start: start, end: len(x.keys), value: value})
}

// resolve sets the keys, once their memory moves no more.
func (x *exporter) resolve() {
	for i := range x.fields {
		f := &x.fields[i]
		f.key = x.keys[f.start:f.end:f.end]
	}
}

// fold replaces the members of each JSONDict field by one string.
func (x *exporter) fold(d *harmonization.Dictionary) {
	for known := range d.Fields(harmonization.Event) {
		if known.Type == "JSONDict" {
			x.foldField(known.Name)
		}
	}
}

func (x *exporter) foldField(name string) {
	var members exporter
	rest := x.fields[:0]
	for _, f := range x.fields {
		if sub, ok := bytes.CutPrefix(x.keys[f.start:f.end], []byte(name+".")); ok {
			members.add(sub, f.value)
		} else {
			rest = append(rest, f)
		}
	}
	x.fields = rest
	if len(members.fields) > 0 {
		members.resolve()
		x.add([]byte(name), json.AppendString(nil, string(members.flat(nil))))
	}
}

func (x *exporter) flat(dst []byte) []byte {
	l := x.layout()
	start := 0
	for i, n := range l.order {
		dst = AppendValue(append(dst, l.heads[start:l.cuts[i]]...), x.fields[n].value)
		start = l.cuts[i]
	}
	if len(l.order) == 0 {
		dst = append(dst, '{')
	}
	return append(dst, '}')
}

// layout finds the order of the keys. The events of a feed have mostly the same
// keys as one of the last before, and so the same order.
func (x *exporter) layout() *layout {
	for i := range x.layouts {
		if l := &x.layouts[i]; bytes.Equal(x.keys, l.keys) && slices.EqualFunc(l.ends, x.fields, func(end int, f field) bool { return end == f.end }) {
			return l
		}
	}
	l := &x.layouts[x.next]
	x.next = (x.next + 1) % len(x.layouts)
	l.keys = append(l.keys[:0], x.keys...)
	l.ends, l.order, l.heads, l.cuts = l.ends[:0], l.order[:0], l.heads[:0], l.cuts[:0]
	for i := range x.fields {
		l.order = append(l.order, i)
		l.ends = append(l.ends, x.fields[i].end)
	}
	slices.SortFunc(l.order, func(a, b int) int { return bytes.Compare(x.fields[a].key, x.fields[b].key) })
	separator := "{"
	for _, n := range l.order {
		l.heads = appendKey(append(l.heads, separator...), x.fields[n].key)
		l.cuts = append(l.cuts, len(l.heads))
		separator = ", "
	}
	return l
}

// nested writes the fields as objects inside of objects. They are sorted so
// that those with the same beginning stand together, and the objects can be
// opened and closed on the way.
func (x *exporter) nested(dst []byte) ([]byte, error) {
	start := len(dst)
	slices.SortFunc(x.fields, func(a, b field) int { return compareDotted(a.key, b.key) })
	dst = append(dst, '{')
	var open []byte // the key up to the innermost object that is open, with its dot
	for i, f := range x.fields {
		if i > 0 {
			last := x.fields[i-1].key
			if len(f.key) > len(last) && f.key[len(last)] == '.' && bytes.HasPrefix(f.key, last) {
				return dst[:start], fmt.Errorf("%s: it is a value and cannot hold %s as well, without --hierarchical-output both fit", last, f.key)
			}
			for !bytes.HasPrefix(f.key, open) {
				dst = append(dst, '}')
				open = open[:1+bytes.LastIndexByte(open[:len(open)-1], '.')]
			}
			dst = append(dst, ", "...)
		}
		if err := depth(f); err != nil {
			return dst[:start], err
		}
		rest := f.key[len(open):]
		for {
			dot := bytes.IndexByte(rest, '.')
			if dot < 0 {
				break
			}
			dst = append(appendKey(dst, rest[:dot]), '{')
			rest = rest[dot+1:]
		}
		open = f.key[:len(f.key)-len(rest)]
		dst = AppendValue(appendKey(dst, rest), f.value)
	}
	for range bytes.Count(open, []byte{'.'}) {
		dst = append(dst, '}')
	}
	return append(dst, '}'), nil
}

// depth returns an error for a field that would be nested so deeply that nobody
// of us could read it again.
func depth(f field) error {
	levels := json.MaxDepth - 1 - bytes.Count(f.key, []byte{'.'})
	var err error
	if c := f.value[0]; levels < 0 {
		err = json.ErrTooDeep
	} else if c == '{' || c == '[' {
		_, err = json.AppendCompact(nil, f.value, levels)
	}
	if err != nil {
		return fmt.Errorf("%.60s: %w, without --hierarchical-output it fits", f.key, err)
	}
	return nil
}

// compareDotted compares keys with the dot before everything else.
func compareDotted(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			switch {
			case a[i] == '.':
				return -1
			case b[i] == '.':
				return 1
			}
			return cmp.Compare(a[i], b[i])
		}
	}
	return cmp.Compare(len(a), len(b))
}

func appendKey(dst, key []byte) []byte {
	return append(json.AppendString(dst, string(key)), ": "...)
}

var errNotUTF8 = errors.New("not UTF-8, see --encoding-errors-mode")

// Encode deals with bytes that are not UTF-8 as Python's error handler of that
// name does: strict, ignore, replace or backslashreplace. Only what
// --single-key raw decodes can have them.
func Encode(text []byte, mode string) ([]byte, error) {
	if utf8.Valid(text) {
		return text, nil
	}
	if mode == "strict" {
		return nil, errNotUTF8
	}
	var out []byte
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r != utf8.RuneError || n > 1:
			out = append(out, text[:n]...)
		case mode == "replace":
			out = append(out, "\uFFFD"...)
		case mode == "backslashreplace":
			out = fmt.Appendf(out, `\x%02x`, text[0])
		}
		text = text[n:]
	}
	return out, nil
}
