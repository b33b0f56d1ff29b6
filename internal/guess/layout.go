package guess

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/python/csv"
)

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
