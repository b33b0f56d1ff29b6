// Package csvconverter implements expert-csv-converter.
//
// expert-csv-converter: write an event as a row of CSV into its field output
//
// The row has the values of --fieldnames in their order; a field that is missing
// makes an empty column, and a value with a delimiter, a quote or a line break is
// quoted. An output with --single-key output writes the rows and nothing else. An
// event that has an output already fails.
//
// # Examples
//
//	echo '{"source.ip":"192.0.2.1","comment":"a, b"}' |
//	  expert-csv-converter --fieldnames source.ip,comment
//	echo '{"source.ip":"192.0.2.1","source.port":80}' |
//	  expert-csv-converter --fieldnames source.ip,source.port --delimiter ';' |
//	  output-file --single-key output --file rows.csv
package csvconverter

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/python/csv"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says what a row looks like.
type Command struct {
	Fieldnames []string `help:"The fields, one for each column." default:"time.source,classification.type,source.ip" placeholder:"FIELD,…" field:"event"`
	Delimiter  string   `help:"The character between columns." default:"," placeholder:"CHAR"`

	delimiter rune
	columns   []string
	row       []byte
}

// Start refuses a delimiter that no reader could tell from the rest.
func (c *Command) Start(context.Context, *stage.Env) error {
	r, size := utf8.DecodeRuneInString(c.Delimiter)
	if size != len(c.Delimiter) || strings.ContainsRune("\"\r\n", r) || r == utf8.RuneError {
		return fmt.Errorf("--delimiter %q: it has to be one character, and no quote or line break", c.Delimiter)
	}
	c.delimiter, c.columns = r, make([]string, len(c.Fieldnames))
	return nil
}

// Process adds the row.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	for i, key := range c.Fieldnames {
		c.columns[i] = ""
		if v, ok := m.Value(key); ok {
			c.columns[i] = v.Python()
		}
	}
	c.row = csv.Append(c.row[:0], c.columns, c.delimiter, "")
	if err := m.Add("output", harmonization.Text(string(c.row))); err != nil {
		return err
	}
	return emit(m)
}
