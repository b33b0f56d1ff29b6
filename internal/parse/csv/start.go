package csv

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/pyregex"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// column says what becomes of one column of a row.
type column struct {
	targets  []target // alternatives; none if the column is left out
	required bool
}

// target is one field that a column may become. It is looked up once, since a
// feed may have millions of rows.
type target struct {
	key    string
	field  *harmonization.Field // nil drops the value
	plain  bool                 // the value needs none of the steps below
	memo   event.Memo           // what became of plain values before
	shared bool                 // something else may have set the field already
	time   bool                 // a value that does not fit makes the row fail

	search    *pyregex.Regexp
	comma     bool // numbers have a comma before their fraction
	json      bool
	url       bool
	translate bool
	parse     func(harmonization.Value, *harmonization.Reading) (harmonization.Value, error)
}

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
		if c.typ, err = d.CheckValue(harmonization.Event, typeField, harmonization.Text(c.Type)); err != nil {
			return fmt.Errorf("--type: %w", err)
		}
	}
	if c.columns, err = c.compile(d); err != nil {
		return err
	}
	c.compose, err = compose(d, c.ComposeFields)
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

// field looks up a key. One that is too new for the dictionary in force lives
// below extra.
func field(d *harmonization.Dictionary, key string) (string, *harmonization.Field, error) {
	f, err := d.Field(harmonization.Event, key)
	if err == nil {
		return key, f, nil
	}
	if _, known := harmonization.Default().Field(harmonization.Event, key); known != nil {
		return key, nil, err
	}
	key = "extra." + key
	f, err = d.Field(harmonization.Event, key)
	return key, f, err
}

// compile makes the plan for the columns.
func (c *Command) compile(d *harmonization.Dictionary) ([]column, error) {
	if n := len(c.ColumnsRequired); n > 0 && n != len(c.Columns) {
		return nil, fmt.Errorf("--columns-required: %d values for %d columns", n, len(c.Columns))
	}
	search, err := texts("column-regex-search", c.ColumnRegexSearch)
	if err != nil {
		return nil, err
	}
	kinds, err := texts("data-type", c.DataType)
	if err != nil {
		return nil, err
	}
	times, err := harmonization.TimeConverter(c.TimeFormat)
	if err != nil {
		return nil, fmt.Errorf("--time-format: %w", err)
	}
	if err := c.inColumns("column-regex-search", search); err != nil {
		return nil, err
	}
	if err := c.inColumns("data-type", kinds); err != nil {
		return nil, err
	}
	uses := map[string]int{}
	columns := make([]column, len(c.Columns))
	for i, names := range c.Columns {
		col := &columns[i]
		col.required = len(c.ColumnsRequired) == 0 || c.ColumnsRequired[i]
		if names == "" || names == "__IGNORE__" {
			continue
		}
		for name := range strings.SplitSeq(names, "|") {
			var t target
			if name != "" && name != "__IGNORE__" {
				if t.key, t.field, err = field(d, name); err != nil {
					return nil, fmt.Errorf("--columns: %w", err)
				}
			}
			if expr, ok := search[name]; ok {
				if t.search, err = pyregex.Compile(expr, false); err != nil {
					return nil, fmt.Errorf("--column-regex-search: %s: %w", name, err)
				}
			}
			switch kind, ok := kinds[name]; {
			case ok && kind != "json":
				return nil, fmt.Errorf("--data-type: %s: %q: json is expected", name, kind)
			case ok:
				t.json = true
			case name == "time.source" || name == "time.destination":
				t.time = true
				if c.TimeFormat != "" {
					t.parse = times
				}
			case strings.HasSuffix(name, ".url"):
				t.url = true
			case name == typeField:
				t.translate = len(c.types) > 0
			}
			if t.field != nil {
				t.memo = event.NewMemo(t.field, t.key)
			}
			t.comma = c.DecimalComma && t.field != nil && (t.json || slices.Contains(numbers, t.field.Type))
			t.plain = t.field == nil || t.search == nil && !t.comma && !t.json && !t.url && !t.translate && t.parse == nil
			uses[t.key]++
			col.targets = append(col.targets, t)
		}
	}
	for _, col := range columns {
		for i := range col.targets {
			t := &col.targets[i]
			t.shared = uses[t.key] > 1 || inherited(t.key)
		}
	}
	return columns, nil
}

// numbers are the types whose values --decimal-comma is about.
var numbers = []string{"Accuracy", "Float", "Integer"}

// inColumns refuses what would be without effect: fields that no column has.
func (c *Command) inColumns(flag string, fields map[string]string) error {
	var names []string
	for _, column := range c.Columns {
		names = append(names, strings.Split(column, "|")...)
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if slices.Contains(names, name) {
			continue
		}
		if near := plain.Nearest(name, slices.Values(names)); near != "" {
			return fmt.Errorf("--%s: %s is not in --columns; did you mean %s?", flag, name, near)
		}
		return fmt.Errorf("--%s: %s is not in --columns", flag, name)
	}
	return nil
}

// inherited reports whether an event may have the field from its report.
func inherited(key string) bool {
	return strings.HasPrefix(key, "feed.") || strings.HasPrefix(key, "extra.") || key == "rtir_id" || key == "time.observation"
}

func (c *Command) withProtocol(url string) harmonization.Value {
	if strings.Contains(url, "://") {
		return harmonization.Text(url)
	}
	return harmonization.Text(c.DefaultUrlProtocol + url)
}
