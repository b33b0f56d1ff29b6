package condition

import (
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/sieve/grammar"
	"github.com/intelpipe/intelpipe/internal/sieve/state"
)

// comparison compiles KEY OPERATOR VALUE.
func (c *Compiler) comparison(g *grammar.Comparison) Condition {
	o := &comparing{Compiler: c, Comparison: g, key: c.Seen(g.Key), name: g.Operator.Name}
	before := len(c.Mistakes)
	if g.List != nil {
		for _, v := range g.List.Values {
			o.list = append(o.list, c.Operand(v))
		}
	} else {
		o.value = c.Operand(g.Value)
	}
	check := o.check()
	if check == nil {
		if before == len(c.Mistakes) {
			o.misfit()
		}
		return Condition{Test: func(*state.Run) (bool, error) { return false, nil }}
	}
	pure := o.key.Field != nil && !o.fallible
	if !pure {
		o.guards = nil
	}
	return Condition{o.reading(check), o.guards, max(o.cost, cheap), pure}
}

// check returns what the operator does, or nil if it does not fit the value.
func (o *comparing) check() check {
	if o.List != nil {
		switch o.name {
		case ":in", ":containsany", ":regexin":
			return o.oneOf()
		case ":equals", ":setequals", ":overlaps", ":subsetof", ":supersetof":
			return o.lists()
		case "<<":
			return o.networks(o.list)
		}
		return nil
	}
	switch o.name {
	case "==", "!=":
		return o.equality()
	case ":contains", "=~", "!~":
		return o.search()
	case "<", "<=", ">", ">=":
		return o.order()
	case ":before", ":after":
		return o.times()
	case "<<":
		return o.networks([]Operand{o.value})
	}
	return nil
}

// forms are the operators, what they take, and the one that takes a list where this one
// takes a single value, or the other way round.
var forms = [...]struct{ name, takes, other string }{
	{"==", "takes one text, number or boolean", ":in, or :equals"},
	{"!=", "takes one text, number or boolean", "! … :in, or ! … :equals"},
	{":contains", "takes one text in quotes", ":containsany"},
	{"=~", "takes one regular expression in quotes", ":regexin"},
	{"!~", "takes one regular expression in quotes", "! … :regexin"},
	{"<", "takes one number", ""},
	{"<=", "takes one number", ""},
	{">", "takes one number", ""},
	{">=", "takes one number", ""},
	{"<<", "takes a network in quotes, as '192.0.2.0/24', or a list of them", ""},
	{":before", "takes one time in quotes, as '2026-01-31' or '3 days'", ""},
	{":after", "takes one time in quotes, as '2026-01-31' or '3 days'", ""},
	{":in", "takes a list of texts or of numbers, which is not empty", "=="},
	{":containsany", "takes a list of texts, which is not empty", ":contains"},
	{":regexin", "takes a list of regular expressions in quotes, which is not empty", "=~"},
	{":equals", "takes a list, as ['a', 'b']", "=="},
	{":setequals", "takes a list, as ['a', 'b']", "=="},
	{":overlaps", "takes a list, as ['a', 'b']", "=="},
	{":subsetof", "takes a list, as ['a', 'b']", "=="},
	{":supersetof", "takes a list, as ['a', 'b']", "=="},
	{":exists", "is written before the key and takes no value", ""},
	{":notexists", "is written before the key and takes no value", ""},
	{"=", "sets a field", "=="},
}

// misfit says what is wrong with an operator that does not fit its value.
func (o *comparing) misfit() {
	for _, form := range forms {
		if form.name != o.name {
			continue
		}
		meant := o.quoted()
		if takesList := strings.Contains(form.takes, "list"); takesList == (o.List == nil) || o.name == "=" {
			meant = form.other
		}
		if meant != "" {
			meant = "; did you mean " + meant + "?"
		}
		o.Refuse(o.Operator.Pos, "%s %s%s", o.name, form.takes, meant)
		return
	}
	hint := ""
	if near := grammar.Operator(o.name); near != "" {
		hint = "; did you mean " + near + "?"
	}
	o.Refuse(o.Operator.Pos, "%s is not an operator%s", o.name, hint)
}

// quoted is a number with quotes, or a number in quotes without them, or nothing.
func (o *comparing) quoted() string {
	switch {
	case o.List != nil || !o.value.Constant():
	case o.value.Value.Kind == harmonization.Number:
		return "'" + *o.Value.Number + "'"
	case o.value.Value.Kind == harmonization.String:
		if _, ok := state.ParseNumber(o.value.Value.Text); ok {
			return o.value.Value.Text
		}
	}
	return ""
}
