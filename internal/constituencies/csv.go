package constituencies

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/python/csv"
)

var errHeader = errors.New("the first row must name the columns, one of them network, asn, domain or cc")

// csv reads a header and rows.
func (r *reader) csv(in io.Reader, delimiter string) error {
	between := []rune(strings.ReplaceAll(delimiter, `\t`, "\t"))
	if len(between) != 1 {
		return fmt.Errorf("--delimiter %s: one character is expected", plain.Quote(delimiter))
	}
	all := csv.NewReader(in, between[0])
	all.Skip = func(line []byte) bool { return bytes.HasPrefix(line, []byte("#")) }
	r.locate = func(i int) place { return cellAt(all.Row(), between[0], i, all.Line()) }
	var names []string
	var cells []cell
	for {
		row, err := all.Read()
		at := place{all.Line(), 1}
		var bad *csv.Error
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, &bad):
			return r.wrong(place{bad.Line, bad.Column}, bad.Err)
		case err != nil:
			return err // of charset, with the place
		case len(row) == 0:
			continue
		case names == nil:
			if names, err = r.header(row); err != nil {
				return err
			}
			continue
		case len(row) != len(names):
			return r.wrong(at, fmt.Errorf("%d columns, but the header has %d", len(row), len(names)))
		}
		cells = cells[:0]
		for i, text := range row {
			if names[i] != "" {
				cells = append(cells, cell{names[i], harmonization.Text(text), i})
			}
		}
		if err := r.add(at, cells); err != nil {
			return err
		}
	}
}

// header reads the names of columns. One without a name is left out.
func (r *reader) header(row []string) ([]string, error) {
	names := make([]string, len(row))
	known := false
	for i, name := range row {
		name = strings.Clone(strings.TrimSpace(name))
		var err error
		switch {
		case name == "":
		case slices.Contains(names, name):
			err = fmt.Errorf("two columns are named %s", plain.Quote(name))
		case IsKey(name):
			known = true
		default:
			_, _, err = Fields(r.dictionary, name)
		}
		if err != nil {
			return nil, r.wrong(r.locate(i), err)
		}
		names[i] = name
	}
	if !known {
		return nil, r.wrong(r.locate(0), errHeader)
	}
	return names, nil
}

// cellAt is where the i-th cell of a row begins.
func cellAt(row []byte, delimiter rune, i, line int) place {
	column, quoted := 1, false
	for _, c := range string(row) {
		if i == 0 {
			break
		}
		column++
		switch {
		case c == '"':
			quoted = !quoted
		case c == delimiter && !quoted:
			i--
		case c == '\n':
			line, column = line+1, 1
		}
	}
	return place{line, column}
}
