package table

import (
	"errors"
	"fmt"
	"slices"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
)

// Fill sets the fields of an event from the columns of a row. It reports whether
// there is an event to emit; one that has failed is to be emitted too.
func (p *Plan) Fill(e *event.Message, fields []string) bool {
	p.row.Fields, p.row.object = fields, nil
	return p.finish(e)
}

// FillObject is Fill for an object.
func (p *Plan) FillObject(e *event.Message, o *event.Object) bool {
	p.row.Fields, p.row.object = nil, o
	return p.finish(e)
}

func (p *Plan) finish(e *event.Message) bool {
	p.row.event = e
	p.row.turn++
	before := e.Len()
	unfit, err := p.fill(e)
	switch {
	case err == ErrSkip:
		return false
	case err != nil:
		e.Fail(err)
		return true
	case p.table.SkipBlank && e.Len() == before:
		if unfit != nil {
			e.Fail(fmt.Errorf("no value fits its column; %w", unfit))
		}
		return unfit != nil
	}
	for i := range p.fills {
		if t := &p.fills[i].targets[0]; !e.Has(t.key) {
			if err := t.memo.Put(e, t.backup.Text); err != nil {
				e.Fail(err)
			}
		}
	}
	for _, c := range p.consts {
		e.SetText(c.key, c.text)
	}
	if err := p.setRest(e); err != nil {
		e.Fail(err)
	}
	return true
}

// fill carries out the rows and After. Unfit is the first soft value that did not
// fit.
func (p *Plan) fill(e *event.Message) (unfit, err error) {
	if err := p.cut(); err != nil {
		return nil, err
	}
	for i := range p.columns {
		c := &p.columns[i]
		if c.plain && p.setPlain(e, c) {
			continue
		}
		at, used, err := p.set(e, c)
		switch {
		case err == nil:
			if used && at.index >= 0 && at.index < len(p.row.used) {
				p.row.used[at.index] = true
			}
		case c.need != Soft && c.need != Noted || errors.As(err, new(mustError)):
			return nil, p.labelled(at, err)
		case unfit == nil:
			unfit = p.labelled(at, err)
		}
	}
	if p.table.After != nil {
		return unfit, p.table.After(e, &p.row)
	}
	return unfit, nil
}

// setPlain is set for a column that becomes a field as it is, which most do. It
// leaves to set whatever is unusual.
func (p *Plan) setPlain(e *event.Message, c *column) bool {
	i, t := c.index, &c.targets[0]
	if uint(i) >= uint(len(p.row.Fields)) {
		return c.need < Present && p.row.object == nil
	}
	v := harmonization.Text(p.row.Fields[i])
	switch {
	case t.nothing(v):
		if c.need == Required {
			return false
		}
	case t.shared && e.Has(t.key), t.memo.Put(e, v.Text) != nil:
		return false
	}
	if i < len(p.row.used) {
		p.row.used[i] = true
	}
	return true
}

// cut leaves out what stands behind the last column that has a name.
func (p *Plan) cut() error {
	r := &p.row
	clear(r.used)
	n := len(r.used)
	if n == 0 || len(r.Fields) <= n || p.table.Rest == Ignore {
		return nil
	}
	for _, text := range r.Fields[n:] {
		if text != "" {
			return fmt.Errorf("the row has %d columns, the first line of the report names %d", len(r.Fields), n)
		}
	}
	r.Fields = r.Fields[:n]
	return nil
}

// labelled says in an error which column it is about. The names of members are
// too much like those of fields for that.
func (p *Plan) labelled(at where, err error) error {
	switch {
	case at.report != "":
		return fmt.Errorf("%s of the report: %w", at.report, err)
	case at.name == "" || p.row.object != nil:
		return err
	}
	return fmt.Errorf("column %s: %w", at.name, err)
}

// first returns the first value there is, and where it was, or the first place.
func (p *Plan) first(places []where) (at where, v harmonization.Value, ok bool) {
	for i, w := range places {
		value, there := p.row.at(w)
		if i == 0 || there && !value.Empty() {
			at, v = w, value
		}
		ok = ok || there
		if there && !value.Empty() {
			break
		}
	}
	return at, v, ok
}

// set stores the value of one column under the first of its fields that takes
// it. It reports whether the value was used up.
func (p *Plan) set(e *event.Message, c *column) (at where, used bool, err error) {
	var v harmonization.Value
	ok := true
	if c.text != nil {
		v, err = c.text.value(&p.row)
	} else {
		at, v, ok = p.first(c.from)
	}
	switch {
	case err != nil:
		return at, false, fmt.Errorf("%s: %w", c.targets[0].key, Must(err))
	case c.need == Required && v.Empty() && c.targets[0].backup.Empty(), c.need == Present && !ok:
		return where{}, false, p.missing(at)
	case c.ignored:
		_, err = c.targets[0].convert(v, &p.row)
		return at, true, err
	case !ok && c.eager():
		return at, false, nil
	}
	null := false
	for i := range c.targets {
		t := &c.targets[i]
		w, value := at, v
		if t.from != nil {
			w, value, _ = p.first(t.from)
		}
		if i > 0 && (err == nil && t.from == nil || err != nil && t.from != nil && value.Empty()) {
			continue // there is nothing to try
		}
		var done bool
		if done, null, err = p.try(e, t, value); done {
			return w, true, nil
		}
		if at = w; err == nil {
			continue
		}
		if c.need == Noted {
			p.note(e, t, at, value, err)
		}
		if errors.As(err, new(mustError)) {
			break
		}
	}
	switch {
	case err != nil:
		return at, false, err
	case c.need == Required:
		return where{}, false, p.missing(at)
	}
	// What a column holds that has to be there is worth keeping.
	return at, !null || c.need != Present, nil
}

// eager reports whether a column without a value is none of its fields' business.
func (c *column) eager() bool {
	t := &c.targets[0]
	return len(c.targets) == 1 && t.backup.Empty()
}

func (p *Plan) missing(at where) error {
	switch {
	case at.report != "":
		return fmt.Errorf("%s of the report does not say what is needed", at.report)
	case p.row.object != nil:
		return fmt.Errorf("%s is missing", at.name)
	case at.index == absent:
		return fmt.Errorf("the report has no column %s", at.name)
	case at.index >= len(p.row.Fields):
		return fmt.Errorf("the row ends before column %s", at.name)
	}
	return fmt.Errorf("column %s is empty", at.name)
}

// try stores a value in one field. It is done if the value was stored, or is
// left out on purpose. Null says that a converter had nothing to say.
func (p *Plan) try(e *event.Message, t *target, v harmonization.Value) (done, null bool, err error) {
	if t.field == nil {
		return true, false, nil
	}
	if v, err = t.convert(v, &p.row); err != nil {
		return false, false, err
	}
	if v.Empty() && !t.backup.Empty() {
		v = t.backup
	}
	switch {
	case t.nothing(v):
		return false, v.Kind == harmonization.Null, nil
	case t.shared && e.Has(t.key):
		err = fmt.Errorf("%s: %w", t.key, event.ErrKeyExists)
		if p.table.Rest != Extra {
			err = Must(err)
		}
		return false, false, err
	case v.Kind == harmonization.String:
		err = t.memo.Put(e, v.Text)
	default:
		err = e.Put(t.field, t.key, v)
	}
	return err == nil, false, err
}

// nothing reports whether a value is none for this field.
func (t *target) nothing(v harmonization.Value) bool {
	return v.Empty() && !(t.verbatim && v.Text != "")
}

// convert does to a value what the table asks for.
func (t *target) convert(v harmonization.Value, r *Record) (_ harmonization.Value, err error) {
	if t.only[0] != "" && r.Get(t.only[0]) != t.only[1] {
		return harmonization.Value{}, nil
	}
	if len(t.steps) > 0 && !v.Empty() {
		if v, err = t.last.convert(t.steps, v, r.event.Times()); err != nil {
			return v, fmt.Errorf("%s: %w", t.key, err)
		}
	}
	if t.with != nil {
		if v, err = t.with(v, r); err != nil {
			return v, err
		}
	}
	if t.words == nil || v.Empty() {
		return v, nil
	}
	text := v.Python()
	word, ok := t.words[text]
	if !ok {
		word, ok = t.words["*"]
		if word == "*" {
			return v, nil
		}
	}
	if !ok {
		return v, fmt.Errorf("%s: %q is not known", t.key, text)
	}
	return harmonization.Text(word), nil
}

// note warns of a value that is left out.
func (p *Plan) note(e *event.Message, t *target, at where, v harmonization.Value, err error) {
	if t.field.Type == "DateTime" {
		p.warn("%s: %s is not a time: %s", e.Place(), at.name, v.Python())
		return
	}
	p.warn("%s: %s: %v", e.Place(), at.name, err)
}

type mustError struct{ error }

func (e mustError) Unwrap() error { return e.error }

// Must marks an error of a converter that makes the row fail even where the value
// may be left out.
func Must(err error) error { return mustError{err} }

// setRest does with the columns that no row has used what Rest says.
func (p *Plan) setRest(e *event.Message) error {
	if p.table.Rest == Ignore {
		return nil
	}
	if o := p.row.object; o != nil {
		return p.members(e, "", o)
	}
	for i, text := range p.row.Fields[:min(len(p.row.Fields), len(p.extras))] {
		if text != "" && !p.row.used[i] {
			if err := p.left(e, p.extras[i], p.extras[i], harmonization.Text(text)); err != nil {
				return err
			}
		}
	}
	return nil
}

// members does it with those of an object, and where they are refused also with
// those of an object inside of it that rows have members of.
func (p *Plan) members(e *event.Message, above string, o *event.Object) error {
	for name := range o.All {
		path, v := above+name, o.Value(name)
		var inside event.Object
		var err error
		switch {
		case slices.Contains(p.named, path):
		case slices.Contains(p.above, path) && inside.Parse([]byte(v.Text)) == nil:
			err = p.members(e, path+".", &inside)
		default:
			err = p.left(e, path, ExtraKey(path), v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// left stores what no row has used.
func (p *Plan) left(e *event.Message, name, key string, v harmonization.Value) error {
	switch {
	case v.Kind == harmonization.Null || v.Empty() && !p.table.KeepEmpty:
		return nil
	case p.table.Rest == Refuse:
		return fmt.Errorf("%s is not known to the table", name)
	}
	p.scratch = v.AppendJSON(p.scratch[:0])
	e.SetText(key, p.scratch)
	return nil
}
