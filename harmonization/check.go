package harmonization

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/intelpipe/intelpipe/internal/plain"
)

// CheckValue is Sanitise for values that people write: where the type is a list
// of words, the error says which one was probably meant.
func (f *Field) CheckValue(v Value) (Value, error) {
	w, err := f.Sanitise(v)
	if err == nil {
		return w, nil
	}
	if near := plain.Nearest(v.Python(), f.words()); near != "" {
		return w, fmt.Errorf("%w; did you mean %s?", err, near)
	}
	return w, err
}

// CheckValue is Field.CheckValue for the field of that name.
func (d *Dictionary) CheckValue(kind Message, key string, v Value) (Value, error) {
	f, err := d.Field(kind, key)
	if err != nil {
		return v, d.Check(kind, key)
	}
	if v, err = f.CheckValue(v); errors.Is(err, ErrInvalidKey) {
		return v, err
	} else if err != nil {
		return v, fmt.Errorf("%s: %w", key, err)
	}
	return v, nil
}

// words are those of a type that is a list of words.
func (f *Field) words() iter.Seq[string] {
	switch f.Type {
	case "ClassificationType", "ClassificationTaxonomy":
		return func(yield func(string) bool) {
			for c := range Classifications() {
				word := c.Type
				if f.Type == "ClassificationTaxonomy" {
					word = c.Taxonomy
				}
				if !yield(word) {
					return
				}
			}
		}
	case "Boolean":
		return slices.Values([]string{"true", "false"})
	case "Registry":
		return slices.Values([]string{"AFRINIC", "APNIC", "ARIN", "LACNIC", "RIPE"})
	case "TLP":
		return slices.Values([]string{"CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"})
	}
	return slices.Values[[]string](nil)
}
