package table

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed/table/convert"
)

// Plan is a table compiled for a dictionary and the columns of a report. It
// fills one event at a time.
type Plan struct {
	table   *Table
	columns []column
	fills   []column // rows without From and Text
	consts  []constant
	extras  []string // for each column, the key for what no row has used
	named   []string // members that rows name
	above   []string // objects that such members are in
	row     Record
	scratch []byte
	warn    func(format string, args ...any)
}

// column is a row of the table.
type column struct {
	from    []where
	text    template
	need    Need
	targets []target
	ignored bool // it has no field
	plain   bool // see setPlain

	index int // of a plain column, that of the column, which is looked at for each row
}

// target is a field that the value of a column may become. It is looked up once,
// since a feed may have millions of rows.
type target struct {
	key       string
	field     *harmonization.Field
	from      []where // of its own, or nil
	steps     []convert.Func
	with      Converter         // of the command, which is also given what is empty
	words     map[string]string // nil if there are none
	only      [2]string         // a column and its word, or nothing
	backup    harmonization.Value
	overwrite bool
	shared    bool // something else may have set the field already
	verbatim  bool // "-" is a value
	memo      event.Memo
	last      last
}

// last is what the last row had for a field, and, once two have had the same, what
// became of it: what stands above a list holds for all of its rows.
type last struct {
	kind  harmonization.Kind
	text  []byte
	times harmonization.Reading
	known bool
	to    harmonization.Value
}

// convert applies the steps, unless that has been done.
func (l *last) convert(steps []convert.Func, v harmonization.Value, times *harmonization.Reading) (to harmonization.Value, err error) {
	var reading harmonization.Reading
	if times != nil {
		reading = *times
	}
	same := v.Kind == l.kind && string(l.text) == v.Text && reading == l.times
	if same && l.known {
		return l.to, nil
	}
	if !same {
		l.kind, l.text, l.times, l.known = v.Kind, append(l.text[:0], v.Text...), reading, false
	}
	for _, step := range steps {
		if v, err = step(v, times); err != nil {
			return v, err
		}
		if v.Empty() {
			break
		}
	}
	if same {
		l.to, l.known = v, true
		l.to.Text = strings.Clone(v.Text)
	}
	return v, nil
}

// constant is a field with its value as JSON.
type constant struct {
	key  string
	text []byte
}

// Compile makes a plan for a report with columns of these names; with none they
// go by number. A field that is too new for the dictionary lives below extra. The
// error says what is wrong with the table.
func (t *Table) Compile(d *harmonization.Dictionary, names []string) (*Plan, error) {
	p := &Plan{table: t, warn: func(string, ...any) {}, row: *NewRecord(names)}
	p.row.split = t.Split.From
	rows := append(slices.Clip(t.Rows), t.Cases.columns()...)
	for i := range rows {
		c, err := p.column(d, &rows[i])
		if err != nil {
			return nil, fmt.Errorf("row %d of the table: %w", i+1, err)
		}
		if len(c.from) == 0 && c.text == nil {
			p.fills = append(p.fills, c)
		} else {
			p.columns = append(p.columns, c)
		}
	}
	p.share()
	for _, pair := range t.Const {
		if err := p.Constant(d, pair[0], harmonization.Text(pair[1])); err != nil {
			return nil, err
		}
	}
	p.rest(names)
	return p, nil
}

// Constant adds to the table's Const a value of any type.
func (p *Plan) Constant(d *harmonization.Dictionary, key string, v harmonization.Value) error {
	key, f, err := lookUp(d, key)
	if err != nil {
		return err
	}
	if v, err = f.Sanitise(v); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	p.consts = append(p.consts, constant{key, v.AppendJSON(nil)})
	return nil
}

// lookUp finds a field. One that is too new for the dictionary in force lives
// below extra.
func lookUp(d *harmonization.Dictionary, key string) (string, *harmonization.Field, error) {
	f, err := d.Field(harmonization.Event, key)
	if err == nil {
		return key, f, nil
	}
	if _, known := harmonization.Default().Field(harmonization.Event, key); known != nil {
		return key, nil, d.Check(harmonization.Event, key)
	}
	key = "extra." + key
	f, err = d.Field(harmonization.Event, key)
	return key, f, err
}

var errNoValue = errors.New("a row without From needs Text or Default")

// column compiles one row.
func (p *Plan) column(d *harmonization.Dictionary, c *Column) (out column, err error) {
	out = column{need: c.Need, ignored: c.To == ""}
	out.from = p.places(c.From)
	if c.Text != "" {
		text, err := parseTemplate(c.Text, p)
		if err != nil {
			return out, err
		}
		out.text = text
	}
	if c.From == "" && c.Text == "" && c.Default == "" {
		return out, errNoValue
	}
	if out.ignored { // but checked
		t := target{key: c.From, with: c.With, words: c.Words.index()}
		t.steps, err = convert.Named(c.Convert)
		out.targets = []target{t}
		return out, err
	}
	all := append([]Column{*c}, c.Or...)
	for i, way := range all {
		if way.To == "" && i > 0 {
			way.To = c.To
		}
		for key := range strings.SplitSeq(way.To, "|") {
			t, err := p.target(d, &way, key, c.From)
			if err != nil {
				return out, err
			}
			if i > 0 {
				t.from = p.places(way.From)
			}
			out.targets = append(out.targets, t)
		}
	}
	t := &out.targets[0]
	if out.plain = len(out.from) == 1 && !out.from[0].part && len(out.targets) == 1 && t.plain(); out.plain {
		out.index = out.from[0].index
	}
	return out, nil
}

// plain reports whether values are stored as they are.
func (t *target) plain() bool {
	return t.field != nil && t.steps == nil && t.with == nil && t.words == nil && t.only[0] == "" && t.backup.Empty()
}

func (p *Plan) places(from string) (list []where) {
	if from == "" {
		return nil
	}
	for name := range strings.SplitSeq(from, "|") {
		list = append(list, p.row.find(name))
	}
	return list
}

func (p *Plan) target(d *harmonization.Dictionary, c *Column, key, from string) (t target, err error) {
	if key == "" {
		return t, nil // what comes here is left out
	}
	if key == "extra." {
		key = ExtraKey(from)
	}
	if t.key, t.field, err = lookUp(d, key); err != nil {
		return t, err
	}
	t.overwrite = c.Overwrite
	t.verbatim = p.table.KeepEmpty && strings.HasPrefix(t.key, "extra.")
	if t.steps, err = convert.Named(c.Convert); err != nil {
		return t, fmt.Errorf("%s: %w", key, err)
	}
	t.with = c.With
	t.words, t.only = c.Words.index(), c.If
	if c.Default != "" {
		t.backup = harmonization.Text(c.Default)
	}
	t.memo = event.NewMemo(t.field, t.key)
	return t, nil
}

// share finds the fields that may be set twice.
func (p *Plan) share() {
	uses := map[string]int{}
	for _, c := range p.columns {
		for _, t := range c.targets {
			uses[t.key]++
		}
	}
	for _, c := range p.columns {
		for i := range c.targets {
			t := &c.targets[i]
			t.shared = !t.overwrite && (uses[t.key] > 1 || inherited(t.key))
		}
	}
}

// inherited reports whether an event may have the field from its report.
func inherited(key string) bool {
	return strings.HasPrefix(key, "feed.") || strings.HasPrefix(key, "extra.") || key == "rtir_id" || key == "time.observation"
}

// columns are the rows that say the same.
func (c *Cases) columns() (rows []Column) {
	for i, to := range c.To {
		words := make(Words, 0, len(c.Is))
		for _, line := range c.Is {
			words = append(words, [2]string{line[0], line[1+i]})
		}
		rows = append(rows, Column{From: c.From, To: to, Convert: c.Convert, Words: words})
	}
	return rows
}

// template is a text with columns in it.
type template []piece

// piece is a text, or a column.
type piece struct {
	text   string
	column bool
	at     where
}

var errTemplate = errors.New("in a template a column is {name} or {1}, a brace is {{ or }}")

func parseTemplate(format string, p *Plan) (parts template, err error) {
	text := ""
	for {
		i := strings.IndexAny(format, "{}")
		if i < 0 {
			break
		}
		text += format[:i]
		brace := format[i]
		format = format[i+1:]
		if format != "" && format[0] == brace {
			text += string(brace)
			format = format[1:]
			continue
		}
		name, rest, ok := strings.Cut(format, "}")
		if brace == '}' || !ok || name == "" {
			return nil, errTemplate
		}
		if text != "" {
			parts = append(parts, piece{text: text})
		}
		parts = append(parts, piece{column: true, at: p.row.find(name)})
		text, format = "", rest
	}
	if text += format; text != "" || parts == nil {
		parts = append(parts, piece{text: text})
	}
	return parts, nil
}

// value is the text for a row. All columns in it have to be there.
func (t template) value(r *Record) (harmonization.Value, error) {
	if len(t) == 1 && !t[0].column {
		return harmonization.Text(t[0].text), nil
	}
	var b strings.Builder
	for _, part := range t {
		if !part.column {
			b.WriteString(part.text)
			continue
		}
		v, ok := r.at(part.at)
		if !ok {
			return v, fmt.Errorf("there is no column %s to compose it of", part.at.name)
		}
		b.WriteString(v.Text)
	}
	return harmonization.Text(b.String()), nil
}

// rest finds the keys for what no row names.
func (p *Plan) rest(names []string) {
	p.row.used = make([]bool, len(names))
	if p.table.Rest == Ignore {
		return
	}
	owner := map[string]string{}
	for i := range p.table.Rows {
		c := &p.table.Rows[i]
		for name := range strings.SplitSeq(c.From, "|") {
			p.named = append(p.named, name)
			for i := range len(name) {
				if name[i] == '.' && p.table.Rest == Refuse {
					p.above = append(p.above, name[:i])
				} else if name[i] == '.' {
					p.named = append(p.named, name[:i])
				}
			}
			for key := range strings.SplitSeq(c.To, "|") {
				if key == "extra." {
					key = ExtraKey(name)
				}
				owner[key] = name
			}
		}
	}
	p.extras = extraKeys(names, owner)
}

// extraKeys returns for each column the key of what no row has used. Two columns
// never share a key, and none has that of a row for another column.
func extraKeys(names []string, owner map[string]string) []string {
	taken := make(map[string]bool, len(names))
	next := map[string]int{}
	keys := make([]string, len(names))
	for i, name := range names {
		key := ExtraKey(name)
		if name == "" {
			key = "extra.column_" + strconv.Itoa(i+1)
		}
		base := key
		for column, owned := owner[key]; taken[key] || owned && column != name; column, owned = owner[key] {
			next[base] = max(next[base], 1) + 1
			key = base + "_" + strconv.Itoa(next[base])
		}
		taken[key] = true
		keys[i] = key
	}
	return keys
}

// ExtraKey is the key for a name below extra, with characters that a key may
// have: words of lower-case letters, digits and underscores, with dots between
// them.
func ExtraKey(name string) string {
	key := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '_', r == '.':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, name)
	words := strings.FieldsFunc(key, func(r rune) bool { return r == '.' })
	if len(words) == 0 {
		return "extra._"
	}
	return "extra." + strings.Join(words, ".")
}
