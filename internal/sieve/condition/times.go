package condition

import (
	"errors"
	"fmt"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/sieve/state"
	"github.com/intelpipe/intelpipe/internal/timeformat"
)

// times compiles :before and :after.
func (o *comparing) times() check {
	if !o.may(harmonization.String) {
		return nil
	}
	o.mustBeTime()
	o.fallible = true
	limit := func(*state.Run) (timeformat.Limit, error) { return timeformat.Limit{}, nil }
	if o.value.Constant() {
		constant, err := parseLimit(o.value.Value.Text)
		if err != nil {
			o.Refuse(o.Value.Pos, "%w", err)
		}
		limit = func(*state.Run) (timeformat.Limit, error) { return constant, nil }
	} else {
		value := o.value
		limit = func(r *state.Run) (timeformat.Limit, error) {
			text, err := value.Text(r)
			if err != nil {
				return timeformat.Limit{}, err
			}
			l, err := parseLimit(text)
			if err != nil {
				err = fmt.Errorf("%s: %s: %w", value.At, value.variable, err)
			}
			return l, err
		}
	}
	holds := time.Time.Before
	if o.name == ":after" {
		holds = time.Time.After
	}
	place, name := o.Place(o.Operator.Pos), o.name
	return func(r *state.Run, f *state.Field) (bool, error) {
		if f.Value.Kind != harmonization.String {
			return false, fmt.Errorf("%s: %s %s: the field is not a time but %s", place, f.Key, name, state.Describe(f.Value))
		}
		t, ok := f.Time()
		if !ok {
			r.Warn("%s: %s %s: the field is not a time such as 2026-01-31T12:00:00+00:00 but %s, so the condition is false", place, f.Key, name, state.Describe(f.Value))
			return false, nil
		}
		l, err := limit(r)
		return err == nil && holds(t, l.At(r.Now())), err
	}
}

func parseLimit(text string) (timeformat.Limit, error) {
	l, err := timeformat.ParseLimit(text)
	if err == nil && !l.Given() {
		err = errors.New(`a time such as 2026-01-31 or a span such as "3 days" is expected`)
	}
	return l, err
}

// mustBeTime refuses a field that never has texts, and so no times.
func (o *comparing) mustBeTime() {
	f := o.key.Field
	if f == nil || f.Kind == nil {
		return
	}
	switch f.Kind.Type {
	case "Integer", "Float", "Accuracy", "ASN", "Boolean":
		o.Refuse(o.Operator.Pos, "%s compares times, and %s is of type %s", o.name, f.Key, f.Kind.Type)
	}
}
