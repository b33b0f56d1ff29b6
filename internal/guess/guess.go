// Package guess finds out how a table is written and what its columns are, from a
// sample of it. It is for people who have a file before them: what it says is a
// proposal, with its reasons, and nothing is parsed by it.
package guess

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/charset"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/python/csv"
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

var (
	errEmpty       = errors.New("there is nothing in it")
	errHeaderAlone = errors.New("it has names of columns, but no row")
	errNothingTold = errors.New("it is no table that can be told: no column has a name, or values such as addresses, domains, URLs, times or hashes")
	errNoTable     = errors.New("it is no table: its lines do not have the same number of columns, whatever stands between them, and no line is an address, a name or a URL")
)

// Sniff looks at the beginning of a file, or with whole at all of it. The error says
// why that is no table.
func Sniff(sample []byte, whole bool, o Options) (*Table, error) {
	if err := foreign(sample); err != nil {
		return nil, err
	}
	t := &Table{}
	text, err := t.decode(sample, whole, o)
	if err != nil {
		return nil, err
	}
	best, err := t.split(text, o)
	if err != nil {
		return nil, err
	}
	t.Delimiter = best.delimiter
	rows := t.skipLines(best)
	names := []string(nil)
	if t.Header {
		names, rows = rows[0].fields, rows[1:]
	} else if names = best.comment(text); names != nil {
		t.note("the columns are named in a comment, which is used to tell what they are")
	}
	t.Rows = len(rows)
	t.ragged(rows, best.width)
	t.columns(names, rows, best.width, o)
	switch {
	case len(rows) == 0:
		return nil, errHeaderAlone
	case !slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Field != "" }):
		return nil, errNothingTold
	}
	return t, nil
}

// foreign tells files of other kinds by how they begin.
func foreign(sample []byte) error {
	for _, kind := range [...]struct{ magic, what string }{
		{"PK\x03\x04", "a ZIP archive, such as a workbook of Excel: save the sheet as CSV, or unpack the archive"},
		{"\xd0\xcf\x11\xe0", "a workbook of an old Excel: save the sheet as CSV"},
		{"\x1f\x8b", "compressed by gzip: unpack it with gunzip"},
		{"BZh", "compressed by bzip2: unpack it with bunzip2"},
		{"\xfd7zXZ", "compressed by xz: unpack it with unxz"},
		{"%PDF", "a PDF"},
	} {
		if bytes.HasPrefix(sample, []byte(kind.magic)) {
			return fmt.Errorf("it is no table but %s", kind.what)
		}
	}
	text := bytes.TrimLeft(sample, "\xef\xbb\xbf \t\r\n")
	switch {
	case len(text) == 0:
		return errEmpty
	case text[0] == '{' || text[0] == '[' && bytes.IndexByte(text, '{') > 0:
		return errors.New("it is no table but JSON, see parse-json and the parsers of feeds")
	case text[0] == '<':
		return errors.New("it is no table but XML or HTML, see parse-html-table")
	}
	return nil
}

// decode finds the encoding, and returns the text of the sample up to its last line.
func (t *Table) decode(sample []byte, whole bool, o Options) (string, error) {
	named, err := charset.Lookup(o.Encoding)
	if o.Encoding == "" {
		named, err = nil, nil
	}
	if err != nil {
		return "", err
	}
	found, mark := charset.Detect(sample, named)
	switch label := unmarked(sample); {
	case mark > 0:
		t.note("the text is %s, as its byte order mark says", found)
	case o.Encoding != "":
	case label != "":
		if found, err = charset.Lookup(label); err != nil {
			return "", err
		}
		t.Encoding = found.String()
		t.note("bytes that are no UTF-8 are read as %s; if letters are wrong, name another one with --encoding", found)
	}
	t.Sample = sample
	if !whole {
		t.Sample = cut(sample, found)
	}
	text, err := charset.Decode(t.Sample, found, charset.Strict)
	if err != nil {
		return "", fmt.Errorf("it is no text: %w", err)
	}
	return string(text), nil
}

// unmarked guesses the encoding of a text without a mark; "" is UTF-8.
func unmarked(sample []byte) string {
	even, odd := 0, 0
	for i, c := range sample {
		if c == 0 {
			even, odd = even+1-i%2, odd+i%2
		}
	}
	switch n := len(sample) / 4; {
	case odd > n && even < n/8:
		return "utf-16le"
	case even > n && odd < n/8:
		return "utf-16be"
	}
	for len(sample) > 0 {
		r, n := utf8.DecodeRune(sample)
		if r == utf8.RuneError && n == 1 && utf8.FullRune(sample) {
			return "windows-1252"
		}
		sample = sample[max(n, 1):]
	}
	return ""
}

// cut cuts a sample behind its last line.
func cut(sample []byte, e *charset.Encoding) []byte {
	end := "\n"
	switch e.String() {
	case "utf-16le":
		end = "\n\x00"
	case "utf-16be":
		end = "\x00\n"
	}
	for i := len(sample) - len(sample)%len(end) - len(end); i >= 0; i -= len(end) {
		if string(sample[i:i+len(end)]) == end {
			return sample[:i+len(end)]
		}
	}
	return sample
}

// row is a row and the line it begins in.
type row struct {
	fields []string
	line   int
}

// layout is a text taken apart at one delimiter.
type layout struct {
	delimiter rune
	rows      []row
	width     int     // the number of columns that most rows have
	score     float64 // how much it is like a table
}

// split tries the delimiters.
func (t *Table) split(text string, o Options) (*layout, error) {
	candidates := []rune{',', ';', '\t', '|', ' '}
	if o.Delimiter != 0 {
		candidates = []rune{o.Delimiter}
	}
	var best *layout
	for _, delimiter := range candidates {
		if delimiter == ' ' && best != nil && best.width > 1 && best.score > 0 {
			break // a last resort: texts have blanks in them
		}
		l, err := read(text, delimiter, o.Skip)
		if err != nil {
			return nil, err
		}
		if best == nil || l.score > best.score {
			best = l
		}
	}
	switch {
	case len(best.rows) == 0:
		return nil, errEmpty
	case best.score == 0:
		return nil, errNoTable
	}
	return best, nil
}

// maxRows is how many rows of a sample are looked at.
const maxRows = 5000

func read(text string, delimiter rune, skip func([]byte) bool) (*layout, error) {
	l := &layout{delimiter: delimiter}
	r := csv.NewReader(strings.NewReader(text), delimiter)
	r.Skip = skip
	for len(l.rows) < maxRows {
		fields, err := r.Read()
		if err == io.EOF {
			break
		}
		if bad := new(csv.Error); errors.As(err, &bad) {
			continue
		} else if err != nil {
			return nil, err
		}
		if len(fields) > 0 {
			l.rows = append(l.rows, row{slices.Clone(fields), r.Line()})
			for i, field := range l.rows[len(l.rows)-1].fields {
				l.rows[len(l.rows)-1].fields[i] = strings.Clone(field)
			}
		}
	}
	l.weigh()
	return l, nil
}

// weigh finds the width, and gives a score: the share of rows that have it, and how
// many columns have values of a kind that can be told.
func (l *layout) weigh() {
	counts := map[int]int{}
	for _, row := range l.rows {
		counts[len(row.fields)]++
	}
	for width, n := range counts {
		if n > counts[l.width] || n == counts[l.width] && width > l.width {
			l.width = width
		}
	}
	if l.width == 0 {
		return
	}
	share := float64(counts[l.width]) / float64(len(l.rows))
	told := 0
	for i := range l.width {
		if kind := kindOf(values(l.rows, i, 50), false); kind.name != "" && kind.name != "text" {
			told++
		}
	}
	if l.width > 1 && share >= 0.5 {
		l.score = share * share * float64(l.width-1+2*told)
	} else if l.width == 1 && told == 1 {
		l.score = share
	}
}

// values are those of a column that say something, at most n.
func values(rows []row, column, n int) (list []string) {
	for _, row := range rows {
		if column < len(row.fields) && len(list) < n {
			if v := strings.TrimSpace(row.fields[column]); !void(v) {
				list = append(list, v)
			}
		}
	}
	return list
}

// void reports whether a value stands for none.
func void(v string) bool { return v == "" || v == "-" || v == "N/A" }

// skipLines takes what stands before the table off its rows. The header is the row
// before the first data that is most like one.
func (t *Table) skipLines(l *layout) []row {
	data := slices.IndexFunc(l.rows[:min(len(l.rows), 20)], func(r row) bool { return l.full(r) && slices.ContainsFunc(r.fields, told) })
	best := 0
	for i, r := range l.rows[:max(data, 0)] {
		if l.full(r) && isHeader(l.rows[i:]) && likeness(r) > best {
			best, t.Skip, t.Header = likeness(r), i, true
		}
	}
	switch {
	case t.Header:
	case data < 0:
		t.Header = isHeader(l.rows)
	case slices.IndexFunc(l.rows[:data], l.full) < 0:
		t.Skip = data
	}
	if t.Skip > 0 {
		t.note("the table begins in line %d, behind something else", l.rows[t.Skip].line)
	}
	return l.rows[t.Skip:]
}

// full reports whether a row has a value in most of the columns.
func (l *layout) full(r row) bool {
	n := 0
	for _, v := range r.fields {
		if strings.TrimSpace(v) != "" {
			n++
		}
	}
	return len(r.fields) == l.width && 2*n > l.width
}

// likeness says how much a row is like a header.
func likeness(r row) (n int) {
	for _, name := range r.fields {
		if strings.TrimSpace(name) != "" {
			n++
		}
		if meaning(name) != nothing || knownField(name) {
			n++
		}
	}
	return n
}

// told reports whether a value is of a kind that can be told.
func told(v string) bool {
	if v = strings.TrimSpace(v); void(v) || knownField(v) { // source.ip looks like a domain
		return false
	}
	kind := kindOf([]string{v}, true)
	return kind.name != "" && kind.name != "text"
}

// isHeader reports whether the first row names the columns: it has names, where
// below there are values of another kind, or one that is known.
func isHeader(rows []row) bool {
	first := rows[0].fields
	named := 0
	for _, name := range first {
		if told(name) {
			return false
		}
		if strings.TrimSpace(name) != "" {
			named++
		}
	}
	if 2*named <= len(first) {
		return false
	}
	for i, name := range first {
		if meaning(name) != nothing || knownField(name) {
			return true
		}
		if below := values(rows[1:], i, 50); len(below) > 0 {
			if kind := kindOf(below, false); kind.name != "" && kind.name != "text" {
				return true
			}
		}
	}
	return false
}

func knownField(name string) bool {
	_, err := harmonization.Default().Field(harmonization.Event, strings.TrimSpace(name))
	return err == nil && strings.Contains(name, ".")
}

// comment returns the names in the last comment before the rows, if it has as many
// as there are columns, and they are names.
func (l *layout) comment(text string) []string {
	var last string
	n := 0
	for line := range strings.Lines(text) {
		if n++; len(l.rows) == 0 || n >= l.rows[0].line {
			break
		}
		if c, ok := strings.CutPrefix(strings.TrimSpace(line), "#"); ok && strings.TrimSpace(c) != "" {
			last = c
		}
	}
	names := strings.Split(last, string(l.delimiter))
	if len(names) != l.width || l.width == 1 || slices.ContainsFunc(names, told) {
		return nil
	}
	return names
}

// ragged tells of rows that are too short or too long.
func (t *Table) ragged(rows []row, width int) {
	short, long, line, size := 0, 0, 0, 0
	for _, row := range rows {
		n := len(row.fields)
		if n == width {
			continue
		}
		if n < width {
			short++
		} else {
			long++
		}
		if line == 0 {
			line, size = row.line, n
		}
	}
	if line > 0 {
		t.note("rows with fewer than %d columns: %d, with more: %d, the first of them in line %d with %d; what is missing has no value, what is more is left out",
			width, short, long, line, size)
	}
}

// quote shows a value to people.
func quote(s string) string { return plain.Quote(s) }
