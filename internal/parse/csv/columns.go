package csv

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

// column is one of those that --columns names.
type column struct {
	name     string // in the header, or its number counted from 1
	fields   string // as in source.ip|source.fqdn
	required bool
}

// ignored reports whether a name of a field stands for none.
func ignored(field string) bool { return field == "" || field == "__IGNORE__" }

var (
	errNoColumns = errors.New("--columns is missing, for example: parse-csv --columns source.ip,source.port --type scanner; parse-csv --guess FILE shows what may fit a file")
	errNoField   = errors.New("no column of the header is named like a field; say with --columns NAME=FIELD,… what they are")
)

// setColumns reads --columns: fields in the order of the columns, or NAME=FIELD.
func (c *Command) setColumns() error {
	if n := len(c.ColumnsRequired); n > 0 && n != len(c.Columns) {
		return fmt.Errorf("--columns-required: %d values for %d columns", n, len(c.Columns))
	}
	c.byName = len(c.Columns) == 0 || slices.ContainsFunc(c.Columns, func(s string) bool { return strings.Contains(s, "=") })
	if c.byName && len(c.Columns) == 0 && !c.Header {
		return errNoColumns
	}
	for i, text := range c.Columns {
		column := column{strconv.Itoa(i + 1), text, len(c.ColumnsRequired) == 0 || c.ColumnsRequired[i]}
		if c.byName {
			at := strings.LastIndexByte(text, '=')
			if at < 1 {
				return fmt.Errorf("--columns: %s: NAME=FIELD is expected, as others have it", plain.Quote(text))
			}
			column.name, column.fields = strings.TrimSpace(text[:at]), strings.TrimSpace(text[at+1:])
		}
		c.columns = append(c.columns, column)
	}
	return nil
}

// find returns the columns of --columns that a header has, and its names.
func (c *Command) find(header []string, d *harmonization.Dictionary) (found []column, names []string, err error) {
	for _, name := range header {
		names = append(names, strings.TrimSpace(name))
	}
	columns := c.columns
	if len(columns) == 0 {
		for _, name := range names {
			if f, unknown := d.Field(harmonization.Event, name); unknown == nil && f.Type != "JSONDict" {
				columns = append(columns, column{name, name, true})
			}
		}
		if len(columns) == 0 {
			return nil, nil, errNoField
		}
	}
	for _, column := range columns {
		at := slices.Index(names, column.name)
		number, _ := strconv.Atoi(column.name)
		switch {
		case at >= 0 && slices.Contains(names[at+1:], column.name):
			return nil, nil, fmt.Errorf("two columns of the header are named %s; --columns takes their numbers as well, as in %d=%s", plain.Quote(column.name), at+1, column.fields)
		case at >= 0 || 0 < number && number <= len(names):
			found = append(found, column)
		case column.required:
			return nil, nil, noColumn(column.name, names)
		}
	}
	return found, names, nil
}

func noColumn(name string, names []string) error {
	if near := plain.Nearest(name, slices.Values(names)); near != "" {
		return fmt.Errorf("the header has no column %s; did you mean %s?", plain.Quote(name), plain.Quote(near))
	}
	return fmt.Errorf("the header has no column %s; it has %s", plain.Quote(name), plain.Clip(strings.Join(names, ", "), 200))
}

// planFor returns the plan for rows below a header.
func (c *Command) planFor(header []string) (*feed.Plan, error) {
	if !c.byName || c.header != nil && slices.Equal(c.header, header) {
		return c.plan, nil
	}
	columns, names, err := c.find(header, c.dictionary)
	if err != nil {
		return nil, err
	}
	plan, err := c.compile(columns, names)
	if err != nil {
		return nil, err
	}
	c.header, c.plan = header, plan
	return plan, nil
}

// compile makes a plan of columns and flags. Without names columns go by number.
func (c *Command) compile(columns []column, names []string) (*feed.Plan, error) {
	table, err := c.table(c.dictionary, columns)
	if err != nil {
		return nil, err
	}
	return table.Compile(c.dictionary, names)
}
