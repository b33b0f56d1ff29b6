package guess

import (
	"errors"
	"fmt"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/plain"
)

// Options are what is known already, and how parse-csv does things.
type Options struct {
	Dictionary *harmonization.Dictionary
	Encoding   string                   // "" if nobody has named one
	Delimiter  rune                     // 0 if nobody has named one
	DayFirst   bool                     // of dates that may be read both ways
	Zoned      bool                     // times without a zone have a known one
	Typed      bool                     // so have events a type
	Skip       func(line []byte) bool   // lines that are no rows
	Key        func(name string) string // the key below extra for a name
}

// Table is what a sample seems to be.
type Table struct {
	Sample    []byte // up to the end of its last line
	Encoding  string // that has to be named, or ""
	Delimiter rune
	Skip      int  // rows before the header, or before the first row
	Header    bool // the first row behind them names the columns
	Columns   []Column
	Rows      int // how many there are in the sample, without the header
	Notes     []string
}

// Column is one of the columns.
type Column struct {
	Name    string // in the header, or ""
	Example string
	Field   string   // "" if it is left out
	Kind    string   // what the values are, for people
	Convert string   // how they are read, or ""
	More    []string // further fields with the converter for each, as in "source.port=port"
}

func (t *Table) note(format string, args ...any) {
	t.Notes = append(t.Notes, fmt.Sprintf(format, args...))
}

// quote shows a value to people.
func quote(s string) string { return plain.Quote(s) }

var (
	errEmpty       = errors.New("there is nothing in it")
	errHeaderAlone = errors.New("it has names of columns, but no row")
	errNothingTold = errors.New("it is no table that can be told: no column has a name, or values such as addresses, domains, URLs, times or hashes")
	errNoTable     = errors.New("it is no table: its lines do not have the same number of columns, whatever stands between them, and no line is an address, a name or a URL")
)
