package csv

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/columns"
	"github.com/intelpipe/intelpipe/internal/guess"
	"github.com/intelpipe/intelpipe/internal/stage"
)

var errNoColumns = errors.New("--columns is missing, for example: parse-csv --columns source.ip,source.port --type scanner; parse-csv --guess FILE shows what may fit a file")

var errAuto = errors.New("--skip-header auto: with --header, or NAME=FIELD in --columns, the first row always names the columns")

// Start looks up all fields and compiles what there is to compile.
func (c *Command) Start(ctx context.Context, env *stage.Env) (err error) {
	d := env.Dictionary
	c.dictionary = d
	c.byName = len(c.Columns) == 0 || columns.ByName(c.Columns)
	if len(c.Columns) == 0 && !c.Header {
		return errNoColumns
	}
	if c.columns, err = columns.Read(c.Columns, c.ColumnsRequired); err != nil {
		return err
	}
	c.format.Names = c.byName || c.Header
	if c.format.Delimiter, err = delimiter(c.Delimiter); err != nil {
		return err
	}
	switch {
	case c.SkipHeader.Text != "auto":
		if c.format.Header, err = lines(c.SkipHeader); err != nil {
			return err
		}
	case c.format.Names:
		return errAuto
	default:
		c.isHeader = guess.IsHeader
	}
	if c.FilterText != "" && c.FilterType == "" {
		return errFilter
	}
	if c.types, err = texts("type-translation", c.TypeTranslation); err != nil {
		return err
	}
	if len(c.columns) == 0 {
		return nil // the header of each report says which there are
	}
	var names []string
	if c.byName {
		names = c.columns.Names()
	}
	c.plan, err = c.compile(c.columns, names)
	return err
}

func delimiter(text string) (rune, error) {
	if text == `\t` {
		text = "\t"
	}
	r, n := utf8.DecodeRuneInString(text)
	if n == 0 || n < len(text) || r == utf8.RuneError || strings.ContainsRune("\"\r\n\x00", r) {
		return 0, fmt.Errorf("--delimiter %q: one character is expected, other than a quote and a line break; a tab is \\t", text)
	}
	return r, nil
}

// lines reads --skip-header, which is a boolean or a number.
func lines(v harmonization.Value) (int, error) {
	switch v.Text {
	case "", "false":
		return 0, nil
	case "true":
		return 1, nil
	}
	n, err := strconv.Atoi(v.Text)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("--skip-header %q: true, false, auto or a number of lines is expected", v.Text)
	}
	return n, nil
}

var errFilter = errors.New("--filter-text: say with --filter-type whether rows with it are kept (whitelist) or left out (blacklist)")
