package rules

import (
	"bytes"
	"fmt"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/sieve/condition"
	"github.com/intelpipe/intelpipe/internal/sieve/grammar"
	"github.com/intelpipe/intelpipe/internal/sieve/state"
	"github.com/intelpipe/intelpipe/internal/timeformat"
)

// action compiles what is done with an event.
func (c *compiler) action(a *grammar.Action) step {
	switch {
	case a.End == "drop":
		return func(*state.Run) (Ending, error) { return Drop, nil }
	case a.End == "keep":
		return func(*state.Run) (Ending, error) { return Keep, nil }
	case a.Path != nil:
		return c.path(a.Path, a.Pos)
	case a.Set != nil:
		return c.set(a.Set, a.Pos)
	case a.Append != nil:
		return c.append(a.Append, a.Pos)
	}
	return c.remove(a.Remove)
}

// path compiles path.
func (c *compiler) path(p *grammar.Path, pos grammar.Position) step {
	values := []*grammar.Operand{p.One}
	if p.List != nil {
		values = p.List.Values
	}
	var paths []state.Path
	for _, v := range values {
		o := condition.Operand{}
		if v.Text != nil {
			o = c.Operand(v)
		}
		if o.Value.Text == "" {
			c.Refuse(v.Pos, "the name of a path in quotes is expected, as 'other-way'")
			continue
		}
		paths = append(paths, state.Path{Place: c.Place(v.Pos), Name: o.Value.Text})
	}
	c.paths = append(c.paths, paths...)
	if len(values) == 0 {
		c.Refuse(pos, "path takes the name of a path in quotes, or a list of them, which is not empty")
	}
	return func(r *state.Run) (Ending, error) {
		r.Paths = paths
		return goOn, nil
	}
}

// set compiles add, add! and update.
func (c *compiler) set(s *grammar.Set, pos grammar.Position) step {
	onlyNew, onlyThere := s.Name == "add" && !s.Force, s.Name == "update"
	if onlyThere && s.Force {
		c.Refuse(pos, "update! is not an action; did you mean add! or update?")
	}
	before := len(c.Mistakes)
	k, v := c.Known(s.Key), c.Operand(s.Value)
	change := func(r *state.Run, _ *state.Field) (harmonization.Value, error) { return v.Of(r) }
	if s.Sign.Name != "=" {
		change = c.shift(s, k, &v)
	} else if len(c.Mistakes) == before {
		c.mustFit(s.Value.Pos, k, &v, v.Value)
	}
	return func(r *state.Run) (Ending, error) {
		f, err := k.Of(r)
		if err != nil {
			return goOn, err
		}
		there := r.Has(f.Key)
		if there && onlyNew || !there && onlyThere {
			return goOn, nil
		}
		value, err := change(r, f)
		if err != nil {
			return goOn, err
		}
		return goOn, at(k.At, r.Set(f.Key, value))
	}
}

// shift compiles += and -=, which move a time.
func (c *compiler) shift(s *grammar.Set, k condition.Key, v *condition.Operand) func(*state.Run, *state.Field) (harmonization.Value, error) {
	if f := k.Field; f != nil && f.Kind != nil && f.Kind.Name != "" && f.Kind.Type != "DateTime" {
		c.Refuse(s.Sign.Pos, "%s moves a time, and %s is of type %s", s.Sign.Name, f.Key, f.Kind.Type)
	}
	sign := time.Duration(1)
	if s.Sign.Name == "-=" {
		sign = -1
	}
	span := func(r *state.Run) (time.Duration, error) {
		text, err := v.Text(r)
		if err != nil {
			return 0, err
		}
		span, err := timeformat.ParseRelative(text)
		return span, at(v.At, err)
	}
	if v.Constant() {
		constant, err := timeformat.ParseRelative(v.Value.Text)
		if err != nil || v.Value.Kind != harmonization.String {
			c.Refuse(s.Value.Pos, "%s takes a span of time in quotes, as '3 days'", s.Sign.Name)
		}
		span = func(*state.Run) (time.Duration, error) { return constant, nil }
	}
	name := s.Sign.Name
	return func(r *state.Run, f *state.Field) (harmonization.Value, error) {
		if !r.Read(f) {
			return harmonization.Value{}, fmt.Errorf("%s: %s: there is no such field for %s to move", k.At, f.Key, name)
		}
		t, ok := f.Time()
		if !ok {
			return harmonization.Value{}, fmt.Errorf("%s: %s %s: the field is not a time such as 2026-01-31T12:00:00+00:00 but %s", k.At, f.Key, name, state.Describe(f.Value))
		}
		by, err := span(r)
		if err != nil {
			return harmonization.Value{}, err
		}
		if t = t.Add(sign * by); t.Year() < 1 || t.Year() > 9999 {
			return harmonization.Value{}, fmt.Errorf("%s: %s %s: the time is not in the years 1 to 9999 then", k.At, f.Key, name)
		}
		return harmonization.Text(harmonization.FormatTime(t)), nil
	}
}

// append compiles append and append!.
func (c *compiler) append(a *grammar.Append, pos grammar.Position) step {
	before := len(c.Mistakes)
	k, v := c.Known(a.Key), c.Operand(a.Value)
	if len(c.Mistakes) == before {
		c.mustFit(pos, k, &v, list(nil, v.Value))
	}
	return func(r *state.Run) (Ending, error) {
		f, err := k.Of(r)
		if err != nil {
			return goOn, err
		}
		value, err := v.Of(r)
		if err != nil {
			return goOn, err
		}
		old := r.Event.JSON(f.Key)
		switch {
		case !r.Has(f.Key):
			err = r.Set(f.Key, list(nil, value))
		case old != nil && old[0] == '[':
			err = r.Put(f.Key, longer(old, value))
		case a.Force:
			err = r.Set(f.Key, list(old, value))
		}
		return goOn, at(k.At, err)
	}
}

// list is a list of one or two elements, the first as JSON.
func list(first []byte, last harmonization.Value) harmonization.Value {
	text := append([]byte{'['}, first...)
	if first != nil {
		text = append(text, ',')
	}
	return harmonization.Value{Kind: harmonization.Compound, Text: string(append(last.AppendJSON(text), ']'))}
}

// longer is a list as JSON with one element more.
func longer(list []byte, last harmonization.Value) []byte {
	open := bytes.TrimRight(list[:len(list)-1], " \t\r\n")
	text := append([]byte(nil), open...)
	if len(open) > 1 {
		text = append(text, ',')
	}
	return append(last.AppendJSON(text), ']')
}

// mustFit refuses a value that the field never takes.
func (c *compiler) mustFit(pos grammar.Position, k condition.Key, v *condition.Operand, value harmonization.Value) {
	f := k.Field
	if f == nil || f.Kind == nil || !v.Constant() || value.Empty() {
		return
	}
	if _, err := f.Kind.Sanitise(value); err != nil {
		if value.Kind == harmonization.Compound {
			err = fmt.Errorf("the field is of type %s and takes no lists; those below extra do", f.Kind.Type)
		}
		c.Refuse(pos, "%s: %w", f.Key, err)
	} else if value.Kind == harmonization.Compound && f.Kind.Name != "" {
		c.Doubt(pos, "%s is of type %s, and a list becomes a text there; only fields below extra are lists", f.Key, f.Kind.Type)
	}
}

// remove compiles remove.
func (c *compiler) remove(g *grammar.Key) step {
	k := c.Seen(g)
	return func(r *state.Run) (Ending, error) {
		f, err := k.Of(r)
		if err == nil {
			r.Remove(f.Key)
		}
		return goOn, err
	}
}

// assign compiles $name = key.
func (c *compiler) assign(v *grammar.Variable) step {
	if v.Key.Variable != "" {
		c.Refuse(v.Key.Pos, "%s: a key is expected; a variable takes the value of a field", v.Key.Variable)
		return func(*state.Run) (Ending, error) { return goOn, nil }
	}
	k := c.Known(v.Key)
	number, name, f := c.Declare(v.Name), v.Name, k.Field
	return func(r *state.Run) (Ending, error) {
		if !r.Read(f) {
			return goOn, fmt.Errorf("%s: %s: there is no such field for %s", k.At, f.Key, plain.Line(name))
		}
		r.SetVariable(number, f.Value)
		return goOn, nil
	}
}

// at puts a place before an error.
func at(place string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", place, err)
}
