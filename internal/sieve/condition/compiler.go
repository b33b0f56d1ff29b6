package condition

import (
	"fmt"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/python/number"
	"github.com/intelpipe/intelpipe/internal/python/regex"
	"github.com/intelpipe/intelpipe/internal/sieve/grammar"
	"github.com/intelpipe/intelpipe/internal/sieve/state"
)

// Compiler makes rules of a tree. A mistake is noted, and the rest is compiled
// nevertheless, so that all of them can be told at once.
type Compiler struct {
	Dictionary *harmonization.Dictionary
	Mistakes   []error
	Doubts     []string // what is allowed, and never does anything

	file      string
	fields    map[string]*state.Field
	variables map[string]int // their numbers
	searches  map[string]search
}

// New makes a Compiler for a file.
func New(file string, d *harmonization.Dictionary) *Compiler {
	return &Compiler{Dictionary: d, file: file, fields: map[string]*state.Field{}, variables: map[string]int{}, searches: map[string]search{}}
}

// Place is where something stands, for errors.
func (c *Compiler) Place(at grammar.Position) string {
	return fmt.Sprintf("%s:%d:%d", c.file, at.Line, at.Column)
}

// Refuse notes a mistake.
func (c *Compiler) Refuse(at grammar.Position, format string, args ...any) {
	c.Mistakes = append(c.Mistakes, fmt.Errorf("%s: %w", c.Place(at), fmt.Errorf(format, args...)))
}

// Doubt notes what can be carried out and is probably not meant.
func (c *Compiler) Doubt(at grammar.Position, format string, args ...any) {
	c.Doubts = append(c.Doubts, c.Place(at)+": "+fmt.Sprintf(format, args...))
}

// field is the field with a name. All rules share it.
func (c *Compiler) field(key string) *state.Field {
	f := c.fields[key]
	if f == nil {
		f = state.NewField(key, c.Dictionary)
		c.fields[key] = f
	}
	return f
}

// Key is a field that a rule names, or the variable that has its name.
type Key struct {
	At    string       // for errors
	Field *state.Field // nil if it is in a variable
	name  Operand
}

func (k *Key) Of(r *state.Run) (*state.Field, error) {
	if k.Field != nil {
		return k.Field, nil
	}
	name, err := k.name.Text(r)
	if err != nil {
		return nil, err
	}
	return r.Field(name), nil
}

// key compiles a key.
func (c *Compiler) key(k *grammar.Key) Key {
	if k.Variable != "" {
		return Key{At: c.Place(k.Pos), name: c.variable(k.Pos, k.Variable)}
	}
	if lower := strings.ToLower(k.Word); lower != k.Word {
		c.Refuse(k.Pos, "%s: keys are in lower case; did you mean %s?", plain.Quote(k.Word), lower)
	}
	return Key{At: c.Place(k.Pos), Field: c.field(k.Word)}
}

// Seen compiles a key that is looked at. One that no field has is never there, which is no
// mistake: the rules may have been written for several dictionaries.
func (c *Compiler) Seen(k *grammar.Key) Key {
	compiled := c.key(k)
	if f := compiled.Field; f != nil && f.Kind == nil {
		c.Doubt(k.Pos, "no event has this key: %v", c.Dictionary.Check(harmonization.Event, f.Key))
	}
	return compiled
}

// Known compiles a key that has to be one of a field: with any other one all events would
// fail.
func (c *Compiler) Known(k *grammar.Key) Key {
	compiled := c.key(k)
	if f := compiled.Field; f != nil && f.Kind == nil {
		c.Refuse(k.Pos, "%w", c.Dictionary.Check(harmonization.Event, f.Key))
	}
	return compiled
}

// Operand is a value of a rule, or a variable.
type Operand struct {
	At       string // for errors
	Value    harmonization.Value
	variable string // its name, or nothing
	index    int    // its number
}

func (o *Operand) Constant() bool { return o.variable == "" }

// of is the value for the event at hand.
func (o *Operand) Of(r *state.Run) (harmonization.Value, error) {
	if o.Constant() {
		return o.Value, nil
	}
	v, ok := r.Variable(o.index)
	if !ok {
		return v, fmt.Errorf("%s: %s has no value: the event did not pass the statement that sets it", o.At, o.variable)
	}
	return v, nil
}

// text is the value where only a text will do.
func (o *Operand) Text(r *state.Run) (string, error) {
	v, err := o.Of(r)
	if err == nil && v.Kind != harmonization.String {
		err = fmt.Errorf("%s: a text is expected, and %s is %s", o.At, o.variable, state.Describe(v))
	}
	return v.Text, err
}

// number is the value where only a number will do.
func (o *Operand) number(r *state.Run) (state.Number, error) {
	v, err := o.Of(r)
	if err != nil {
		return state.Number{}, err
	}
	n, ok := state.Number{}, false
	if v.Kind == harmonization.Number {
		n, ok = state.ParseNumber(v.Text)
	}
	if !ok {
		err = fmt.Errorf("%s: a number is expected, and %s is %s", o.At, o.variable, state.Describe(v))
	}
	return n, err
}

// variable compiles a variable that is read.
func (c *Compiler) variable(at grammar.Position, name string) Operand {
	index, ok := c.variables[name]
	if !ok {
		c.Refuse(at, "%s has no value yet; set it above, as %s = source.ip", name, name)
	}
	return Operand{At: c.Place(at), variable: name, index: index}
}

// Declare is the number of a variable that is set.
func (c *Compiler) Declare(name string) int {
	number, ok := c.variables[name]
	if !ok {
		number = len(c.variables)
		c.variables[name] = number
	}
	return number
}

// Variables is how many there are.
func (c *Compiler) Variables() int { return len(c.variables) }

// Operand compiles a value.
func (c *Compiler) Operand(o *grammar.Operand) Operand {
	compiled := Operand{At: c.Place(o.Pos)}
	switch {
	case o.Variable != nil:
		return c.variable(o.Pos, *o.Variable)
	case o.Text != nil:
		compiled.Value = harmonization.Text(unquote(*o.Text))
	case o.Number != nil:
		if compiled.Value = literal(*o.Number); compiled.Value.Kind == harmonization.Null {
			c.Refuse(o.Pos, "%s: the number is too large", plain.Clip(*o.Number, 40))
		}
	default:
		switch *o.Word {
		case "true", "True":
			compiled.Value = harmonization.Bool(true)
		case "false", "False":
			compiled.Value = harmonization.Bool(false)
		default:
			c.Refuse(o.Pos, "%s: a text in quotes, a number, true, false or a variable is expected; did you mean '%s'?", *o.Word, *o.Word)
		}
	}
	return compiled
}

// unquote takes quotes off a text. A backslash before a quote is not part of it; any other
// one is.
func unquote(quoted string) string {
	return strings.NewReplacer(`\'`, `'`, `\"`, `"`).Replace(quoted[1 : len(quoted)-1])
}

// literal is a number as JSON writes it, or null for one that JSON cannot have.
func literal(text string) harmonization.Value {
	if whole, ok := number.ParseInt(text); ok {
		return harmonization.Value{Kind: harmonization.Number, Text: whole}
	}
	f, ok := number.ParseFloat(text)
	if !ok {
		return harmonization.Value{}
	}
	return harmonization.Float(f)
}

// search looks for an expression, or a text, in others.
type search func(text string) bool

// pattern compiles a regular expression, once for all rules that have it.
func (c *Compiler) pattern(o Operand, at grammar.Position) search {
	found, ok := c.searches[o.Value.Text]
	if !ok {
		re, err := regex.Compile(o.Value.Text, false)
		if err != nil {
			c.Refuse(at, "%w", err)
			return nil
		}
		found = re.MatchString
		c.searches[o.Value.Text] = found
	}
	return found
}

// maxExpression bounds an expression that is in a variable, in bytes: it is compiled for
// each event that has another one.
const maxExpression = 1000

// compileExpression compiles one that is in a variable.
func compileExpression(expr string) (search, error) {
	if len(expr) > maxExpression {
		return nil, fmt.Errorf("the expression is longer than %d bytes", maxExpression)
	}
	re, err := regex.Compile(expr, false)
	if err != nil {
		return nil, err
	}
	return re.MatchString, nil
}

// texts reports whether operands are texts, or variables, which may be.
func texts(list []Operand) bool {
	return !slices.ContainsFunc(list, func(o Operand) bool { return o.Constant() && o.Value.Kind != harmonization.String })
}
