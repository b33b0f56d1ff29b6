package harmonization

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/harmonization/pattern"
)

// Field is one field of a message: its type and the constraints on its values.
type Field struct {
	Name        string
	Type        string
	Length      int    // largest number of characters of str(value); 0 is no limit
	Regex       string // for re.search in str(value)
	IRegex      string // the same with re.IGNORECASE
	Description string

	rule   *TypeRule
	match  pattern.Matcher
	imatch pattern.Matcher
}

// Valid returns nil if v fits the field unchanged, else a [*ValueError].
func (f *Field) Valid(v Value) error {
	if !f.rule.valid(v) {
		return &ValueError{Type: f.Type, Value: v}
	}
	return f.constrain(v)
}

// Sanitise converts v to the canonical form of the field's type. The error is a
// [*ValueError] if there is none, or if it violates the constraints of the field. A value
// in canonical form comes back unchanged, without an allocation.
func (f *Field) Sanitise(v Value) (Value, error) { return f.SanitiseAs(v, nil) }

// SanitiseAs is [Field.Sanitise] with a Reading for times that are ambiguous. The reading
// may be nil, and types other than DateTime ignore it.
func (f *Field) SanitiseAs(v Value, r *Reading) (Value, error) {
	w, err := f.rule.SanitiseAs(v, r)
	if err == nil {
		err = f.constrain(w)
	}
	if err != nil {
		return Value{}, err
	}
	return w, nil
}

// Is reports whether the field has this type, and takes all values of it.
func (f *Field) Is(typ string) bool {
	return f.Type == typ && f.Length == 0 && f.match == nil && f.imatch == nil
}

// constrain checks length and regular expressions.
func (f *Field) constrain(v Value) error {
	if f.Length == 0 && f.match == nil && f.imatch == nil {
		return nil
	}
	s := v.Text
	if v.Kind != String {
		s = v.Python()
	}
	reason := ""
	switch {
	case f.Length > 0 && len(s) > f.Length && utf8.RuneCountInString(s) > f.Length:
		reason = "longer than " + strconv.Itoa(f.Length) + " characters"
	case f.match != nil && !f.match(s):
		reason = "does not match " + f.Regex
	case f.imatch != nil && !f.imatch(s):
		reason = "does not match " + f.IRegex
		if f.IRegex == pattern.Transport {
			reason = "no transport protocol"
		}
	default:
		return nil
	}
	return &ValueError{Type: f.Type, Value: v, Reason: reason}
}

// prepare looks up the type and compiles the expressions of f.
func (f *Field) prepare() (err error) {
	if !validKey(f.Name) {
		return fmt.Errorf("%w: lower-case letters, digits and _ in parts joined by single dots are expected", ErrInvalidKey)
	}
	if f.Type == "" {
		return errors.New("no type")
	}
	var ok bool
	if f.rule, ok = Type(f.Type); !ok {
		return unknownType(f.Type)
	}
	if f.Name == "extra" && f.Type != "JSONDict" {
		return fmt.Errorf("the type must be JSONDict, not %s", f.Type)
	}
	if f.match == nil {
		if f.match, err = compile(f.Regex, false); err != nil {
			return err
		}
	}
	if f.imatch == nil {
		f.imatch, err = compile(f.IRegex, true)
	}
	return err
}

// compile returns the Matcher of an expression, and nil for an empty one.
func compile(expr string, fold bool) (pattern.Matcher, error) {
	if expr == "" {
		return nil, nil
	}
	return pattern.Compile(expr, fold)
}
