package recordedfutureiprisk

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/internal/charset"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/python/csv"
)

// risks are those of addresses.
type risks map[netip.Addr]int64

var (
	errColumns = errors.New("the first line must name the columns, among them Name and Risk")
	errEmpty   = errors.New("there is no address in it")
	errShort   = errors.New("the row has no Name or no Risk")
)

// load reads a list.
func load(path string) (risks, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	list := risks{}
	rows := csv.NewReader(charset.Text(f, path), ',')
	name, risk := -1, -1
	for {
		row, err := rows.Read()
		var bad *csv.Error
		switch {
		case err == io.EOF && len(list) == 0:
			return nil, fmt.Errorf("%s: %w", path, errEmpty)
		case err == io.EOF:
			return list, nil
		case errors.As(err, &bad):
			return nil, fmt.Errorf("%s:%d:%d: %w", path, bad.Line, bad.Column, bad.Err)
		case err != nil:
			return nil, err // of charset, with the place
		case len(row) == 0:
			continue
		case name < 0:
			if name, risk = slices.Index(row, "Name"), slices.Index(row, "Risk"); name < 0 || risk < 0 {
				return nil, fmt.Errorf("%s:%d: %w", path, rows.Line(), errColumns)
			}
			continue
		}
		if err := list.add(row, name, risk); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, rows.Line(), err)
		}
	}
}

func (r risks) add(row []string, name, risk int) error {
	if len(row) <= max(name, risk) {
		return errShort
	}
	a, err := netip.ParseAddr(strings.TrimSpace(row[name]))
	if err != nil {
		return fmt.Errorf("not an address: %s", plain.Quote(row[name]))
	}
	if r[a], err = strconv.ParseInt(strings.TrimSpace(row[risk]), 10, 64); err != nil {
		return fmt.Errorf("not a risk: %s", plain.Quote(row[risk]))
	}
	return nil
}
