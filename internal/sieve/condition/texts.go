package condition

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/sieve/grammar"
	"github.com/intelpipe/intelpipe/internal/sieve/state"
)

// equality compiles == and != with a text, a boolean, a number or a variable.
func (o *comparing) equality() check {
	unequal := o.name == "!="
	switch {
	case o.is(harmonization.Number):
		return o.order()
	case o.is(harmonization.Boolean):
		wanted := harmonization.Bool((o.value.Value.Text == "true") != unequal)
		o.possible(o.Value.Pos, o.value.Value)
		return func(_ *state.Run, f *state.Field) (bool, error) { return f.Value == wanted, nil }
	case o.is(harmonization.String):
		o.absent = unequal
		o.possible(o.Value.Pos, o.value.Value)
		wanted := o.value.Value
		if !unequal {
			o.guard(Guard{Text: wanted.Text})
		}
		return func(_ *state.Run, f *state.Field) (bool, error) { return (f.Value == wanted) != unequal, nil }
	}
	o.asks, o.fallible = true, true
	value := o.value
	return func(r *state.Run, f *state.Field) (bool, error) {
		v, err := value.Of(r)
		switch {
		case err != nil:
			return false, err
		case v.Kind == harmonization.Boolean:
			return f.There && f.Value.Kind == v.Kind && (f.Value == v) != unequal, nil
		case v.Kind != harmonization.String:
			return false, fmt.Errorf("%s: a text or a boolean is expected, and %s is %s", value.At, value.variable, state.Describe(v))
		}
		return (f.There && f.Value == v) != unequal, nil
	}
}

// possible looks whether the field can have a value at all. An address has to be one; of
// others only a doubt is told.
func (o *comparing) possible(at grammar.Position, v harmonization.Value) {
	f := o.key.Field
	if f == nil || f.Kind == nil || f.Kind.Name == "" || f.Key == "extra" || f.Kind.Valid(v) == nil {
		return
	}
	kind := f.Kind.Type
	if kind == "IPAddress" {
		if _, err := netip.ParseAddr(v.Text); v.Kind != harmonization.String || err != nil {
			hint := ""
			if _, err := netip.ParsePrefix(v.Text); err == nil {
				hint = fmt.Sprintf("; did you mean %s << '%s'?", f.Key, v.Text)
			}
			o.Refuse(at, "%s %s: %s is not an address%s", f.Key, o.name, plain.Quote(v.Text), hint)
			return
		}
	}
	why := f.Kind.Valid(v).Error()
	if fits, err := f.Kind.Sanitise(v); err == nil {
		form := fits.Text
		if fits.Kind == harmonization.String {
			form = "'" + form + "'"
		}
		why = fmt.Sprintf("%s; events have it as %s", why, form)
	}
	o.Doubt(at, "%s never has this value: %s", f.Key, why)
}

// search compiles :contains, =~ and !~.
func (o *comparing) search() check {
	if !o.may(harmonization.String) {
		return nil
	}
	inverse := o.name == "!~"
	o.absent = inverse
	if o.value.Constant() {
		found := o.searchFor(o.value, o.Value.Pos)
		return remembering(func(f *state.Field) bool { return found(f.Text()) != inverse })
	}
	o.fallible = true
	value, last, found := o.value, "", search(nil)
	compile := o.dynamic()
	return func(r *state.Run, f *state.Field) (bool, error) {
		wanted, err := value.Text(r)
		if err == nil && (found == nil || wanted != last) {
			if found, err = compile(wanted); err != nil {
				err = fmt.Errorf("%s: %s: %w", value.At, value.variable, err)
			}
			last = wanted
		}
		if err != nil {
			return false, err
		}
		return found(f.Text()) != inverse, nil
	}
}

// searchFor is the search for a text, or for a regular expression, as the operator says.
func (o *comparing) searchFor(wanted Operand, at grammar.Position) search {
	if strings.HasPrefix(o.name, ":contains") {
		o.cost += dear
		return func(text string) bool { return strings.Contains(text, wanted.Value.Text) }
	}
	o.cost += dearer
	return o.pattern(wanted, at)
}

// dynamic makes searches of texts that are in variables.
func (o *comparing) dynamic() func(string) (search, error) {
	if strings.HasPrefix(o.name, ":contains") {
		return func(wanted string) (search, error) {
			return func(text string) bool { return strings.Contains(text, wanted) }, nil
		}
	}
	return compileExpression
}

// remembering tries a search once for a value, however many events have it one after the
// other.
func remembering(found func(*state.Field) bool) check {
	version, result := uint64(0), false
	return func(_ *state.Run, f *state.Field) (bool, error) {
		if f.Version != version {
			version, result = f.Version, found(f)
		}
		return result, nil
	}
}

// oneOf compiles :in, :containsany and :regexin.
func (o *comparing) oneOf() check {
	switch {
	case len(o.list) == 0:
		return nil
	case o.name == ":in" && !texts(o.list):
		return o.oneNumber()
	case !texts(o.list):
		return nil
	}
	variable := slices.ContainsFunc(o.list, func(v Operand) bool { return !v.Constant() })
	if o.name == ":in" {
		return o.oneText(variable)
	}
	o.fallible = true // a field that is no text is an error
	o.mustBeText()
	var anyOf check
	if variable {
		anyOf = o.anyDynamic()
	} else {
		searches := make([]search, len(o.list))
		for i, wanted := range o.list {
			searches[i] = o.searchFor(wanted, o.List.Values[i].Pos)
		}
		anyOf = remembering(func(f *state.Field) bool {
			return slices.ContainsFunc(searches, func(found search) bool { return found(f.Value.Text) })
		})
	}
	place, name := o.Place(o.Operator.Pos), o.name
	return func(r *state.Run, f *state.Field) (bool, error) {
		if f.Value.Kind != harmonization.String {
			return false, fmt.Errorf("%s: %s %s: the field is not a text but %s", place, f.Key, name, state.Describe(f.Value))
		}
		return anyOf(r, f)
	}
}

// mustBeText refuses a field that never has texts.
func (o *comparing) mustBeText() {
	f := o.key.Field
	if f == nil || f.Kind == nil {
		return
	}
	switch f.Kind.Type {
	case "Integer", "Float", "Accuracy", "ASN", "Boolean":
		o.Refuse(o.Operator.Pos, "%s searches texts, and %s is of type %s; use =~, which searches the number as it is written", o.name, f.Key, f.Kind.Type)
	}
}

// anyDynamic is a search for several texts or expressions of which some are in variables.
func (o *comparing) anyDynamic() check {
	list, compile := o.list, o.dynamic()
	return func(r *state.Run, f *state.Field) (bool, error) {
		for i := range list {
			wanted, err := list[i].Text(r)
			if err != nil {
				return false, err
			}
			found, err := compile(wanted)
			if err != nil {
				return false, fmt.Errorf("%s: %w", list[i].At, err)
			}
			if found(f.Value.Text) {
				return true, nil
			}
		}
		return false, nil
	}
}

// oneText compiles :in for texts.
func (o *comparing) oneText(variable bool) check {
	if variable {
		o.fallible = true
		list := o.list
		return func(r *state.Run, f *state.Field) (bool, error) {
			for i := range list {
				if text, err := list[i].Text(r); err != nil || f.Value == harmonization.Text(text) {
					return err == nil, err
				}
			}
			return false, nil
		}
	}
	set := make(map[harmonization.Value]bool, len(o.list))
	for i, wanted := range o.list {
		o.possible(o.List.Values[i].Pos, wanted.Value)
		set[wanted.Value] = true
		o.guard(Guard{Text: wanted.Value.Text})
	}
	return func(_ *state.Run, f *state.Field) (bool, error) { return set[f.Value], nil }
}
