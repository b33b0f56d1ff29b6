// Package table makes the tables that the benchmark prints, and says which of their
// rows miss a bar.
package table

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// ErrMissed is returned when a table has a row that is not ok.
var ErrMissed = errors.New("a bar is missed")

// Table has rows, and in words those that missed their bar and what was left out.
type Table struct {
	Rows         [][]string
	Missed, Left []string
}

// Row is a row of the main table.
type Row struct {
	Task, Ours, Name, Reference, ReferenceName, Ratio, Bar string
}

// Add adds a row: whether it is ok, or the error for which it could not be measured.
func (t *Table) Add(r Row, ok bool, err error) {
	verdict := Verdict(ok)
	switch {
	case err != nil:
		verdict = "FAILED"
		t.Missed = append(t.Missed, fmt.Sprintf("%s: %v", r.Task, err))
	case !ok:
		t.Missed = append(t.Missed, fmt.Sprintf("%s: %s, bar %s", r.Task, strings.TrimSpace(r.Ours+" "+r.Ratio), r.Bar))
	}
	t.Rows = append(t.Rows, []string{r.Task, r.Ours, r.Name, r.Reference, r.ReferenceName, r.Ratio, r.Bar, verdict})
}

// Append adds all that another table has.
func (t *Table) Append(other Table) {
	t.Rows = append(t.Rows, other.Rows...)
	t.Missed = append(t.Missed, other.Missed...)
	t.Left = append(t.Left, other.Left...)
}

// Conclude writes what was left out and what is missed, and returns ErrMissed if
// anything is.
func (t *Table) Conclude(w io.Writer) error {
	for _, list := range []struct {
		title string
		lines []string
	}{{"left out", t.Left}, {"missed", t.Missed}} {
		if len(list.lines) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s: %d\n", list.title, len(list.lines))
		for _, l := range list.lines {
			fmt.Fprintln(w, "  "+l)
		}
	}
	if len(t.Missed) > 0 {
		return ErrMissed
	}
	return nil
}

// Verdict is the word for a row that was measured.
func Verdict(ok bool) string {
	if ok {
		return "ok"
	}
	return "MISSED"
}

// Mebibytes is how many MiB the bytes are.
func Mebibytes(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// Write writes rows in columns as wide as their widest cell, two blanks
// apart. The letters of align, l or r, say to which side the cells of a column
// go: text to the left, figures to the right.
func Write(w io.Writer, align string, rows [][]string) error {
	var width []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i > 0 {
				line.WriteString("  ")
			}
			if align[i] == 'l' {
				line.WriteString(cell + pad)
			} else {
				line.WriteString(pad + cell)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
