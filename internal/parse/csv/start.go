package csv

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// booleans is a list of true and false. It is written with commas, or as JSON.
type booleans []bool

// UnmarshalText reads the list.
func (b *booleans) UnmarshalText(text []byte) error {
	s := strings.TrimSuffix(strings.TrimPrefix(string(text), "["), "]")
	*b = nil
	for item := range strings.SplitSeq(s, ",") {
		v, err := strconv.ParseBool(strings.TrimSpace(item))
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", item)
		}
		*b = append(*b, v)
	}
	return nil
}

// Start looks up all fields and compiles what there is to compile.
func (c *Command) Start(ctx context.Context, env *stage.Env) (err error) {
	d := env.Dictionary
	c.dictionary = d
	if err = c.setColumns(); err != nil {
		return err
	}
	c.format.Names = c.byName || c.Header
	if c.format.Delimiter, err = delimiter(c.Delimiter); err != nil {
		return err
	}
	if c.format.Header, err = lines(c.SkipHeader); err != nil {
		return err
	}
	if c.FilterText != "" && c.FilterType == "" {
		return errFilter
	}
	if c.types, err = texts("type-translation", c.TypeTranslation); err != nil {
		return err
	}
	if c.Type != "" {
		if _, err = d.CheckValue(harmonization.Event, typeField, harmonization.Text(c.Type)); err != nil {
			return fmt.Errorf("--type: %w", err)
		}
	}
	if len(c.columns) == 0 {
		return nil // the header of each report says which there are
	}
	c.plan, err = c.compile(c.columns, c.names())
	return err
}

// names are those of the columns, which are looked for in a header only later.
func (c *Command) names() (names []string) {
	for _, column := range c.columns {
		if c.byName {
			names = append(names, column.name)
		}
	}
	return names
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
		return 0, fmt.Errorf("--skip-header %q: true, false or a number of lines is expected", v.Text)
	}
	return n, nil
}

// texts checks that all members of a flag's object are strings.
func texts(flag string, object stage.Object) (map[string]string, error) {
	m := make(map[string]string, len(object))
	for key, v := range object {
		text, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("--%s: %s: a string is expected", flag, key)
		}
		m[key] = text
	}
	return m, nil
}
