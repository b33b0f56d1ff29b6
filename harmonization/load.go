package harmonization

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/python/value"
)

// Open returns the dictionary of the file at path, which [Load] reads, or the built-in
// one if the path is "".
func Open(path string) (*Dictionary, error) {
	if path == "" {
		return Default(), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Load(path, f)
}

// Load reads a harmonization.conf of IntelMQ: a JSON object with the fields of events
// and reports. If it has none for reports, these have the built-in ones. The file is
// named in errors, with line and column.
func Load(file string, r io.Reader) (*Dictionary, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	text := strings.TrimPrefix(string(b), "\ufeff")
	if err := json.Check(text); err != nil {
		return nil, json.InFile(file, err)
	}
	conf, _ := value.Parse(text)
	d, at, err := load(&conf)
	if err != nil {
		line, column := json.Position(text, at)
		return nil, fmt.Errorf("%s:%d:%d: %w", file, line, column, err)
	}
	return d, nil
}

// load makes a dictionary. On an error, at is the offset in the text.
func load(conf *value.Node) (d *Dictionary, at int, err error) {
	if !isObject(conf) {
		return nil, conf.At, errors.New(`an object is expected, as {"event": {"source.ip": {"type": "IPAddress"}}}`)
	}
	if !slices.Contains(conf.Keys, Event.String()) {
		return nil, conf.At, errors.New("no fields for events")
	}
	d = &Dictionary{messages: Default().messages}
	for i, name := range conf.Keys {
		entries := &conf.Items[i]
		var kind Message
		switch name {
		case Event.String():
			kind = Event
		case Report.String():
			kind = Report
		default:
			return nil, entries.At, fmt.Errorf("%s: unknown kind of message; event and report are known", plain.Line(name))
		}
		if !isObject(entries) {
			return nil, entries.At, fmt.Errorf("%s: an object of fields is expected", name)
		}
		list := make([]*Field, len(entries.Keys))
		for j, key := range entries.Keys {
			f := &Field{Name: key}
			if at, err := f.load(&entries.Items[j]); err != nil {
				return nil, at, fmt.Errorf("%s %s: %w", kind, plain.Line(key), err)
			}
			list[j] = f
		}
		slices.SortFunc(list, func(a, b *Field) int { return strings.Compare(a.Name, b.Name) })
		d.messages[kind].fill(list)
	}
	return d, 0, nil
}

func isObject(n *value.Node) bool { return n.Value.Kind == Compound && !n.List }

// load reads type and constraints from an entry. On an error, at is the offset in the
// text.
func (f *Field) load(entry *value.Node) (at int, err error) {
	if !isObject(entry) {
		return entry.At, errors.New(`an object is expected, as {"type": "String"}`)
	}
	at = entry.At
	for i, name := range entry.Keys {
		n := &entry.Items[i]
		if n.Value.Kind == Null {
			continue
		}
		if name == "length" {
			text := n.Value.Text
			if f.Length, err = strconv.Atoi(text); n.Value.Kind == Compound || err != nil || f.Length < 0 {
				return n.At, fmt.Errorf("bad length %s: a number of characters is expected", plain.Quote(text))
			}
			continue
		}
		to := map[string]*string{"type": &f.Type, "regex": &f.Regex, "iregex": &f.IRegex, "description": &f.Description}[name]
		if to == nil {
			// A site may have members of its own, but a typing error in ours would
			// lose a constraint.
			if near := plain.Nearest(name, slices.Values(members[:])); near != "" {
				return n.At, fmt.Errorf("unknown member %s; did you mean %s?", plain.Quote(name), near)
			}
			continue
		}
		if n.Value.Kind != String {
			return n.At, fmt.Errorf("%s: a text is expected", name)
		}
		*to = n.Value.Text
		switch name {
		case "type":
			at = n.At // where most of what prepare refuses is
		case "regex":
			f.match, err = compile(f.Regex, false)
		case "iregex":
			f.imatch, err = compile(f.IRegex, true)
		}
		if err != nil {
			return n.At, fmt.Errorf("%s: %w", name, err)
		}
	}
	return at, f.prepare()
}

var members = [...]string{"type", "length", "regex", "iregex", "description"}
