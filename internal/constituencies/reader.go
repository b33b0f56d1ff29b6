package constituencies

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/network"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/python/idna"
)

var errNoKey = errors.New("a row needs a network, an asn, a domain or a cc")

// reader adds rows to a table.
type reader struct {
	*Builder
	path       string
	dictionary *harmonization.Dictionary
	locate     func(at int) place // where a cell of the row at hand stands
}

// place is where something stands in the file.
type place struct{ line, column int }

// cell is a value of a row. The reader's locate knows what at means.
type cell struct {
	name  string
	value harmonization.Value
	at    int
}

// wrong puts the place before an error.
func (r *reader) wrong(at place, err error) error {
	return fmt.Errorf("%s:%d:%d: %w", r.path, at.line, at.column, err)
}

// add adds a row. Its cells are valid until it returns.
func (r *reader) add(at place, cells []cell) error {
	var keys []cell
	var values []Cell
	for _, c := range cells {
		if c.value.Empty() {
			continue
		}
		if IsKey(c.name) {
			keys = append(keys, c)
			continue
		}
		v, err := r.value(c)
		if err != nil {
			return r.wrong(r.locate(c.at), err)
		}
		values = append(values, v)
	}
	if len(keys) == 0 {
		return r.wrong(at, errNoKey)
	}
	row, err := r.Row(at.line, values)
	for _, c := range keys {
		if err != nil {
			return err
		}
		if wrong := r.key(c.name, strings.TrimSpace(c.value.Text), row); wrong != nil {
			err = r.wrong(r.locate(c.at), wrong)
		}
	}
	return err
}

// value makes sure that a value fits the field that it will be put into.
func (r *reader) value(c cell) (Cell, error) {
	source, destination, err := Fields(r.dictionary, c.name)
	if err != nil {
		return Cell{}, err
	}
	key := source
	if key == "" {
		key = destination
	}
	v, err := r.dictionary.CheckValue(harmonization.Event, key, c.value)
	if err != nil {
		return Cell{}, err
	}
	i := slices.Index(r.Columns, c.name)
	if i < 0 {
		i = len(r.Columns)
		r.Columns = append(r.Columns, strings.Clone(c.name))
	}
	if v.Kind == harmonization.String {
		return Cell{Column: i, Text: v.Text}, nil
	}
	return Cell{Column: i, Text: string(v.AppendJSON(nil)), JSON: true}, nil
}

// key adds what a row is for.
func (r *reader) key(name, text string, row int) error {
	switch name {
	case "network":
		networks, err := network.Parse(text)
		for _, p := range networks {
			if err == nil {
				err = r.Prefix(p, row)
			}
		}
		return err
	case "asn":
		digits := text
		if len(text) > 2 && strings.EqualFold(text[:2], "AS") {
			digits = text[2:]
		}
		n, err := strconv.ParseUint(digits, 10, 32)
		if err != nil || n == 0 {
			return fmt.Errorf("not an AS number: %s", plain.Quote(text))
		}
		return r.Key(ASN, strconv.FormatUint(n, 10), row)
	case "domain":
		domain, ok := idna.Host(strings.TrimPrefix(strings.TrimPrefix(text, "*"), "."))
		if !ok || !isDomain(domain) {
			return fmt.Errorf("not a domain: %s", plain.Quote(text))
		}
		return r.Key(Domain, domain, row)
	}
	cc := strings.ToUpper(text)
	if len(cc) != 2 || !isLetter(cc[0]) || !isLetter(cc[1]) {
		return fmt.Errorf("not a country's code of two letters: %s", plain.Quote(text))
	}
	return r.Key(Country, cc, row)
}

func isLetter(c byte) bool { return c >= 'A' && c <= 'Z' }

// isDomain looks at the labels of a name in ASCII and lower case.
func isDomain(name string) bool {
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}
