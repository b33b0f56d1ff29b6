// Fields prints which fields each command reads and writes, as JSON: an object a
// command, one a line. What a table writes is what it says. Everything else is what
// the cases of the command show, and what its source names; see source.go. It is
// run by internal/dev/gen.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/tool"
)

// entry is what is said of a command.
type entry struct {
	Read    []string `json:"read"`
	Written []string `json:"written"`
	Flags   []string `json:"flags,omitempty"` // that name further fields
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "fields:", err)
		os.Exit(1)
	}
}

func run() error {
	w := bufio.NewWriter(os.Stdout)
	for i, spec := range tools {
		e, err := describe(spec)
		if err != nil {
			return fmt.Errorf("%s: %w", spec.Name, err)
		}
		text, err := json.Marshal(e)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s%q:%s", [2]string{"{", ",\n"}[min(i, 1)], spec.Name, text)
	}
	fmt.Fprintln(w, "}")
	return w.Flush()
}

func describe(spec tool.Spec) (entry, error) {
	command := spec.New()
	read, written := set{}, set{}
	family, _, _ := strings.Cut(spec.Name, "-")
	s, err := readSource(rooms[spec.Name])
	if err != nil {
		return entry{}, err
	}
	c, err := readCases(spec.Name)
	if err != nil {
		return entry{}, err
	}
	switch {
	case slices.Contains(open, spec.Name) && family == "parse":
		return entry{[]string{"raw"}, all, nil}, nil
	case slices.Contains(open, spec.Name):
		return entry{all, all, nil}, nil
	}
	named := naming(reflect.TypeOf(command).Elem())
	switch family {
	case "parse":
		ofParser(command, s, c, named, read, written)
	case "collect":
		for field := range c.out {
			if harmonization.Default().Check(harmonization.Report, field) != nil {
				return entry{[]string{}, all, nil}, nil // it passes on what there is
			}
		}
		written.add("raw", "time.observation", "feed.accuracy", "feed.code", "feed.documentation", "feed.name", "feed.provider")
		for field := range c.out {
			written.add(field)
		}
	case "expert":
		ofExpert(s, c, read, written)
	case "output":
		return entry{all, []string{}, named.fields}, nil
	}
	return entry{read.sorted(), written.sorted(), named.fields}, nil
}

// all stands for every field, open are commands that read and write any of them, as
// their input or their rules say.
var (
	all  = []string{"*"}
	open = []string{"expert-harmonize", "expert-modify", "expert-sieve", "parse-json"}
)

// ofParser adds what a parser reads of reports and writes to events.
func ofParser(command any, s *source, c *shown, named flagNames, read, written set) {
	read.add("raw")
	for field := range s.read {
		if harmonization.Default().Check(harmonization.Report, field) == nil && !(c.out[field] && strings.HasPrefix(field, "extra.")) {
			read.add(field)
		}
	}
	t, isTable := command.(feed.Tabular)
	if isTable {
		after := false
		for _, table := range t.Tables() {
			ofTable(table, read, written)
			after = after || table.After != nil
		}
		if !after {
			return
		}
	}
	if len(named.fields) > 0 { // then the cases show what their flags name
		written.add(named.vocabularies...)
		return
	}
	for field := range c.out {
		switch {
		case common(field) || written[field]:
		case s.extra && strings.HasPrefix(field, "extra.") && !s.literals[field]:
			written["extra.*"] = true
		default:
			written.add(field)
		}
	}
}

// ofExpert adds what an expert reads and writes.
func ofExpert(s *source, c *shown, read, written set) {
	for field := range s.read {
		read.add(field)
	}
	for field := range c.in {
		if s.mentions(field) && !s.below[field] {
			read.add(field)
		}
	}
	for _, from := range []set{s.written, s.below} {
		for field := range from {
			written.add(field)
		}
	}
	for field := range s.other {
		if !read[field] && !c.in[field] {
			written.add(field)
		}
	}
	for field := range c.changed {
		written.add(field)
	}
}

// common reports whether all events of a parser have the field, or may have it from
// their report.
func common(field string) bool {
	return field == "raw" || field == "time.observation" || field == "rtir_id" || strings.HasPrefix(field, "feed.")
}

// ofTable adds what a table reads of the report, and what it writes.
func ofTable(t *feed.Table, read, written set) {
	to := func(from, to string) {
		for name := range strings.SplitSeq(from, "|") {
			if field, ok := strings.CutPrefix(name, "report:"); ok {
				read.add(field)
			}
		}
		for key := range strings.SplitSeq(to, "|") {
			if key == "extra." {
				key = feed.ExtraKey(from)
			}
			written.add(key)
		}
	}
	for _, row := range t.Rows {
		to(row.From, row.To)
		for _, or := range row.Or {
			to(row.From, or.To)
		}
	}
	to(t.Cases.From, strings.Join(t.Cases.To, "|"))
	for _, pair := range t.Const {
		written.add(pair[0])
	}
	if t.Rest == feed.Extra {
		written.add("extra.*")
	}
}

// flagNames are the flags of a command that name fields, and the fields whose
// values are flags.
type flagNames struct{ fields, vocabularies []string }

func naming(command reflect.Type) (n flagNames) {
	for i := range command.NumField() {
		f := command.Field(i)
		if f.Tag.Get("field") != "" && strings.HasPrefix(f.Tag.Get("field"), "event") {
			name := f.Tag.Get("name")
			if name == "" {
				name = dashed(f.Name)
			}
			n.fields = append(n.fields, name)
		}
		if v := f.Tag.Get("vocabulary"); v != "" {
			n.vocabularies = append(n.vocabularies, v)
		}
	}
	slices.Sort(n.fields)
	return n
}

// dashed is a name of Go as a flag.
func dashed(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && 'A' <= r && r <= 'Z' {
			b.WriteByte('-')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}
