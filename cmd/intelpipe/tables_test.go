package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/manual/page"
)

// TestTables holds the tables of all parsers against the data format.
func TestTables(t *testing.T) {
	n := 0
	for _, spec := range tools {
		command, ok := spec.New().(feed.Tabular)
		if !ok {
			continue
		}
		for _, table := range command.Tables() {
			n++
			for _, mistake := range mistakes(table) {
				t.Errorf("%s: %s", spec.Name, mistake)
			}
		}
	}
	if n == 0 {
		t.Error("no command has a table")
	}
}

// TestMistakesInTables makes sure that the test above can fail.
func TestMistakesInTables(t *testing.T) {
	for want, table := range map[string]feed.Table{
		"not a field of events":        {Rows: []feed.Column{{From: "ip", To: "source.ipp"}}},
		"no converter":                 {Rows: []feed.Column{{From: "ip", To: "source.ip", Convert: "lwoer"}}},
		"not a valid":                  {Rows: []feed.Column{{From: "t", To: "classification.type", Words: feed.Words{{"a", "evil"}}}}},
		"twice in Words":               {Rows: []feed.Column{{From: "t", To: "status", Words: feed.Words{{"a", "b"}, {"a", "c"}}}}},
		"Default":                      {Rows: []feed.Column{{From: "t", To: "source.port", Default: "http"}}},
		"Required, and has a Default":  {Rows: []feed.Column{{From: "t", To: "source.port", Need: feed.Required, Default: "1"}}},
		"is there twice":               {Rows: []feed.Column{{From: "t", To: "status"}, {From: "t", To: "status"}}},
		"Const overwrites":             {Rows: []feed.Column{{From: "t", To: "status"}}, Const: feed.Words{{"status", "online"}}},
		"is in Const twice":            {Const: feed.Words{{"status", "a"}, {"status", "b"}}},
		"not a field of reports":       {Rows: []feed.Column{{From: "report:feed.urll", To: "status"}}},
		"has no column t":              {Format: feed.Line{Columns: []string{"ip|time"}}, Rows: []feed.Column{{From: "t", To: "status"}}},
		"has no column kind":           {Format: feed.Line{Columns: []string{"ip|time"}}, Rows: []feed.Column{{From: "ip", To: "source.ip", If: [2]string{"kind", "ip"}}}},
		"line a of Cases has 0 values": {Cases: feed.Cases{From: "t", To: []string{"status"}, Is: [][]string{{"a"}}}},
	} {
		if table.Format == nil {
			table.Format = feed.CSV{}
		}
		if got := strings.Join(mistakes(&table), "; "); !strings.Contains(got, want) {
			t.Errorf("%q is not among the mistakes %q", want, got)
		}
	}
}

func mistakes(t *feed.Table) (list []string) {
	complain := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	d := harmonization.Default()
	valid := func(keys, text, where string) {
		for key := range strings.SplitSeq(keys, "|") {
			f, err := d.Field(harmonization.Event, key)
			if err != nil {
				continue // said before
			}
			if _, err := f.Sanitise(harmonization.Text(text)); err != nil {
				complain("%s: %s: %v", where, key, err)
			}
		}
	}
	for _, line := range t.Cases.Is {
		if len(line) != len(t.Cases.To)+1 {
			complain("line %s of Cases has %d values for %d fields", line[0], len(line)-1, len(t.Cases.To))
			return list
		}
	}
	known := columnsOf(t.Format)
	seen := map[string]bool{}
	check := func(c *feed.Column, where string) {
		for key := range strings.SplitSeq(c.To, "|") {
			if key == "" || key == "extra." {
				continue
			}
			if err := d.Check(harmonization.Event, key); err != nil {
				complain("%s: %v", where, err)
			}
		}
		for name := range strings.SplitSeq(c.From, "|") {
			if field, ok := strings.CutPrefix(name, "report:"); ok {
				if err := d.Check(harmonization.Report, field); err != nil {
					complain("%s: %v", name, err)
				}
				continue
			}
			if name != "" && known != nil && !slices.Contains(known, name) && strings.Trim(name, "0123456789") != "" {
				complain("the format has no column %s", name)
			}
		}
		if c.If[0] != "" && known != nil && !slices.Contains(known, c.If[0]) {
			complain("the format has no column %s", c.If[0])
		}
		words := map[string]bool{}
		for _, pair := range c.Words {
			if words[pair[0]] {
				complain("%s: %q is twice in Words", where, pair[0])
			}
			words[pair[0]] = true
			if pair[1] != "" && pair[1] != "*" {
				valid(c.To, pair[1], where)
			}
		}
		if c.Default != "" {
			valid(c.To, c.Default, where+": Default")
			if c.Need == feed.Required {
				complain("%s is Required, and has a Default", where)
			}
		}
	}
	rows := slices.Clone(t.Rows)
	for i, to := range t.Cases.To {
		row := feed.Column{From: t.Cases.From, To: to}
		for _, line := range t.Cases.Is {
			row.Words = append(row.Words, [2]string{line[0], line[i+1]})
		}
		rows = append(rows, row)
	}
	var keys []string
	for i := range rows {
		where := rows[i].From + " to " + rows[i].To
		check(&rows[i], where)
		for j := range rows[i].Or {
			or := rows[i].Or[j]
			if or.To == "" {
				or.To = rows[i].To
			}
			check(&or, where)
		}
		if seen[where] {
			complain("%s is there twice", where)
		}
		seen[where] = true
		keys = append(keys, strings.Split(rows[i].To, "|")...)
	}
	for i, pair := range t.Const {
		if err := d.Check(harmonization.Event, pair[0]); err != nil {
			complain("Const: %v", err)
		}
		valid(pair[0], pair[1], "Const")
		if slices.Contains(keys, pair[0]) {
			complain("Const overwrites what a row says of %s", pair[0])
		}
		for _, other := range t.Const[:i] {
			if other[0] == pair[0] {
				complain("%s is in Const twice", pair[0])
			}
		}
	}
	if _, err := t.Compile(d, known); err != nil {
		complain("%v", err)
	}
	return list
}

// columnsOf are the names of the columns, or nil where the feed names them.
func columnsOf(format feed.Format) (names []string) {
	switch f := format.(type) {
	case feed.CSV:
		return f.Columns
	case feed.Line:
		if f.Pattern != "" {
			names = regexp.MustCompile(f.Pattern).SubexpNames()
		}
		for _, list := range f.Columns {
			for name := range strings.SplitSeq(list, "|") {
				names = append(names, strings.TrimSpace(name))
			}
		}
		if names != nil {
			names = append(names, f.Head...)
		}
	}
	return names
}

// TestFieldsOfCommands: what is generated of fields has each command, and fields that
// there are.
func TestFieldsOfCommands(t *testing.T) {
	for _, spec := range commands {
		f, err := page.FieldsOf(spec.Name)
		if err != nil {
			t.Fatal(err)
		}
		family, _, stage := strings.Cut(spec.Name, "-")
		if spec.Name == "expert-wait" {
			continue // it holds events back, whatever is in them
		}
		if stage && len(f.Read)+len(f.Written)+len(f.Flags) == 0 || family == "parse" && len(f.Written)+len(f.Flags) == 0 {
			t.Errorf("%s: no fields", spec.Name)
		}
		for _, field := range append(slices.Clone(f.Read), f.Written...) {
			if field == "*" {
				continue
			}
			if err := harmonization.Default().Check(harmonization.Event, strings.ReplaceAll(field, ".*", ".x")); err != nil {
				t.Errorf("%s: %v", spec.Name, err)
			}
		}
	}
	f, err := page.FieldsOf("expert-taxonomy")
	if want := []string{"classification.taxonomy", "classification.type"}; err != nil || !slices.Equal(f.Read, want) || !slices.Equal(f.Written, want) {
		t.Errorf("expert-taxonomy: %+v, %v", f, err)
	}
}
