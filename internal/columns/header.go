package columns

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/plain"
)

// Find returns those that a header has, and its names. Of an empty list they are the
// columns that are named like a field.
func (l List) Find(header []string, d *harmonization.Dictionary) (found List, names []string, err error) {
	for _, name := range header {
		names = append(names, strings.TrimSpace(name))
	}
	if len(l) == 0 {
		for _, name := range names {
			if f, unknown := d.Field(harmonization.Event, name); unknown == nil && f.Type != "JSONDict" {
				l = append(l, Column{name, name, feed.Optional})
			}
		}
		if len(l) == 0 {
			return nil, nil, errors.New("no column of the header is named like a field; say with --columns NAME=FIELD,… what they are")
		}
	}
	for _, column := range l {
		at := slices.Index(names, column.Name)
		number, _ := strconv.Atoi(column.Name)
		switch {
		case at >= 0 && slices.Contains(names[at+1:], column.Name):
			return nil, nil, fmt.Errorf("two columns of the header are named %s; --columns takes their numbers as well, as in %d=%s", plain.Quote(column.Name), at+1, column.Fields)
		case at >= 0 || 0 < number && number <= len(names):
			found = append(found, column)
		case column.Need != feed.Soft:
			return nil, nil, missing(column.Name, names)
		}
	}
	return found, names, nil
}

func missing(name string, names []string) error {
	if near := plain.Nearest(name, slices.Values(names)); near != "" {
		return fmt.Errorf("the header has no column %s; did you mean %s?", plain.Quote(name), plain.Quote(near))
	}
	return fmt.Errorf("the header has no column %s; it has %s", plain.Quote(name), plain.Clip(strings.Join(names, ", "), 200))
}
