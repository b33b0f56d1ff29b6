// Package preview shows people what was guessed of a table, and what comes of its first
// rows.
package preview

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/guess"
	"github.com/intelpipe/intelpipe/internal/plain"
)

// Preview is what comes of a sample.
type Preview struct {
	Table  *guess.Table
	first  []outcome // of the first rows
	failed []outcome // the first that fail
	rows   int
	wrong  int
	Broken error // nothing could be parsed
}

// outcome is an event, or why there is none.
type outcome struct {
	line   int64
	fields map[string]string
	err    error
}

const (
	shown     = 5  // rows of each sort
	cellWidth = 32 // characters of a value
)

// Add takes an event of the sample, or a row that failed.
func (p *Preview) Add(e *event.Message) {
	p.rows++
	o := outcome{line: e.Place().Line, err: e.Err()}
	if o.err != nil {
		if p.wrong++; len(p.failed) < shown {
			p.failed = append(p.failed, o)
		}
	}
	if len(p.first) == shown {
		return
	}
	o.fields = map[string]string{}
	for key := range e.All() {
		o.fields[key] = e.Get(key)
	}
	p.first = append(p.first, o)
}

// Text is what stands below the command line, as comments of a shell.
func (p *Preview) Text(whole bool) string {
	t := p.Table
	lines := []string{""}
	rows := [][]string{{"COLUMN", "EXAMPLE", "IS", "BECOMES"}}
	for i, c := range t.Columns {
		name, field := c.Name, c.Field
		if name == "" {
			name = strconv.Itoa(i + 1)
		}
		if field == "" {
			field = "(left out)"
		}
		for _, more := range c.More {
			more, _, _ = strings.Cut(more, "=")
			field += ", " + more
		}
		rows = append(rows, []string{name, c.Example, c.Kind, field})
	}
	lines = append(lines, aligned(rows)...)
	lines = append(lines, "", p.summary(whole))
	lines = append(lines, aligned(p.grid())...)
	for _, o := range p.failed {
		lines = append(lines, fmt.Sprintf("line %d fails: %v", o.line, o.err))
	}
	if len(t.Notes) > 0 {
		lines = append(lines, "")
	}
	for _, note := range t.Notes {
		lines = append(lines, "Note: "+note+".")
	}
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(strings.TrimRight("# "+plain.Line(line), " ") + "\n")
	}
	return b.String()
}

func (p *Preview) summary(whole bool) string {
	if p.Broken != nil {
		return "With these flags it cannot be parsed: " + p.Broken.Error()
	}
	of := "all"
	if !whole {
		of = "the beginning"
	}
	text := fmt.Sprintf("With these flags %s of the file makes %s", of, count(p.rows-p.wrong, "event"))
	if p.wrong > 0 {
		text += fmt.Sprintf("; %s would go into the dump", count(p.wrong, "row"))
	}
	return text + fmt.Sprintf(". The first %s:", count(len(p.first), "row"))
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprint(n) + " " + what + "s"
}

// grid is the first rows, with a column for each field.
func (p *Preview) grid() [][]string {
	var keys []string
	for _, c := range p.Table.Columns {
		fields := strings.Split(c.Field, "|")
		for _, more := range c.More {
			more, _, _ = strings.Cut(more, "=")
			fields = append(fields, more)
		}
		for _, field := range fields {
			if slices.ContainsFunc(p.first, func(o outcome) bool { return o.fields[field] != "" }) {
				keys = append(keys, field)
			}
		}
	}
	for _, o := range p.first { // what other flags set
		var more []string
		for key := range o.fields {
			if !slices.Contains(keys, key) {
				more = append(more, key)
			}
		}
		slices.Sort(more)
		keys = append(keys, more...)
	}
	rows := [][]string{append([]string{"LINE"}, keys...)}
	for _, o := range p.first {
		row := []string{strconv.FormatInt(o.line, 10)}
		for _, key := range keys {
			row = append(row, o.fields[key])
		}
		if o.err != nil {
			row = []string{row[0], "fails, see below"}
		}
		rows = append(rows, row)
	}
	return rows
}

// aligned lays rows out in columns, and clips what is long.
func aligned(rows [][]string) (lines []string) {
	widths := map[int]int{}
	for _, row := range rows {
		for i, cell := range row {
			if row[i] = clip(cell); i < len(row)-1 {
				widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
			}
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		lines = append(lines, b.String())
	}
	return lines
}

// clip makes a cell of a value.
func clip(text string) string {
	text = plain.Line(text)
	if runes := []rune(text); len(runes) > cellWidth {
		return string(runes[:cellWidth-1]) + "…"
	}
	return text
}
