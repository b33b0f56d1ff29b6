// Package propose makes flags of parse-csv out of what was guessed of a table.
package propose

import (
	"slices"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/internal/guess"
	"github.com/intelpipe/intelpipe/internal/json"
)

// Proposal is a command line, and what was added to it.
type Proposal struct {
	Words     []string // behind the name of the command
	Encoding  string
	Delimiter string
	Skip      int
	Columns   []string
	Convert   []string
}

// Given reports whether a flag stands on the command line.
func Given(words []string, flag string) bool {
	return slices.ContainsFunc(words, func(word string) bool {
		return word == "--"+flag || strings.HasPrefix(word, "--"+flag+"=")
	})
}

// For adds flags that fit the table to the words of a command line, but for those that
// were given, and puts the file in place of --guess.
func For(t *guess.Table, file string, words []string) *Proposal {
	p := &Proposal{}
	for i := 0; i < len(words); i++ {
		switch {
		case words[i] == "--guess":
			i++
		case !strings.HasPrefix(words[i], "--guess="):
			p.Words = append(p.Words, words[i])
		}
	}
	set := func(flag, value string) bool {
		if Given(words, flag) {
			return false
		}
		p.Words = append(p.Words, "--"+flag, value)
		return true
	}
	if t.Encoding != "" && set("encoding", t.Encoding) {
		p.Encoding = t.Encoding
	}
	if name := strings.ReplaceAll(string(t.Delimiter), "\t", `\t`); t.Delimiter != ',' && set("delimiter", name) {
		p.Delimiter = name
	}
	if t.Skip > 0 && set("skip-header", strconv.Itoa(t.Skip)) {
		p.Skip = t.Skip
	}
	if !Given(words, "columns") {
		columns, conversions := columns(t)
		if !t.Header || len(columns) > 0 {
			set("columns", list(columns))
			p.Columns = columns
		}
		for _, conversion := range conversions {
			if !Given(words, "convert") {
				p.Words = append(p.Words, "--convert", conversion)
				p.Convert = append(p.Convert, conversion)
			}
		}
	}
	switch {
	case file == "-":
	case strings.HasPrefix(file, "-"):
		p.Words = append(p.Words, "./"+file)
	default:
		p.Words = append(p.Words, file)
	}
	return p
}

// columns are the values of --columns and of --convert.
func columns(t *guess.Table) (columns, conversions []string) {
	seen := map[string]int{}
	for _, column := range t.Columns {
		seen[column.Name]++
	}
	for i, column := range t.Columns {
		name := column.Name
		if _, err := strconv.Atoi(name); err == nil || name == "" || seen[name] > 1 {
			name = strconv.Itoa(i + 1) // which the header cannot tell apart from others
		}
		keys := []string{name}
		if !t.Header {
			columns = append(columns, column.Field)
		} else if column.Field != "" {
			columns = append(columns, name+"="+column.Field)
		}
		if !t.Header || len(column.More) > 0 { // there is no name, or it stands for several fields
			keys = strings.Split(column.Field, "|")
		}
		for _, key := range keys {
			if column.Field != "" && column.Convert != "" {
				conversions = append(conversions, key+"="+column.Convert)
			}
		}
		for _, more := range column.More {
			field, _, _ := strings.Cut(more, "=")
			columns, conversions = append(columns, name+"="+field), append(conversions, more)
		}
	}
	for !t.Header && len(columns) > 0 && columns[len(columns)-1] == "" {
		columns = columns[:len(columns)-1]
	}
	return columns, conversions
}

// list writes a list as the value of a flag.
func list(items []string) string {
	if !slices.ContainsFunc(items, func(s string) bool {
		return strings.Contains(s, ",") || strings.TrimSpace(s) != s || strings.HasPrefix(s, "[")
	}) {
		return strings.Join(items, ",")
	}
	var text []byte
	for i, item := range items {
		text = json.AppendString(append(text, "[,"[min(i, 1)]), item)
	}
	return string(append(text, ']'))
}
