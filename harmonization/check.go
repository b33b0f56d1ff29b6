package harmonization

import (
	"fmt"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/plain"
)

// CheckValue sanitises a value that people write, for a field that they write.
// Errors name the field, and what was probably meant.
func (d *Dictionary) CheckValue(kind Message, key string, v Value) (Value, error) {
	f, err := d.Field(kind, key)
	if err != nil {
		return v, d.Check(kind, key)
	}
	w, err := f.Sanitise(v)
	if err != nil {
		return v, fmt.Errorf("%s: %w", key, err)
	}
	return w, nil
}

// words are those of a type that is a list of words.
func words(typ string) []string {
	var list []string
	switch typ {
	case "ClassificationType":
		for c := range Classifications() {
			list = append(list, c.Type)
		}
	case "ClassificationTaxonomy":
		for c := range Classifications() {
			if !slices.Contains(list, c.Taxonomy) {
				list = append(list, c.Taxonomy)
			}
		}
	case "Boolean":
		return []string{"true", "false"}
	case "Registry":
		return []string{"AFRINIC", "APNIC", "ARIN", "LACNIC", "RIPE"}
	case "TLP":
		return []string{"CLEAR", "WHITE", "GREEN", "AMBER", "AMBER+STRICT", "RED"}
	}
	return list
}

// didYouMean suggests the word of a list that was probably meant, whatever its
// case, or all of them if there are few.
func didYouMean(word string, list []string) string {
	folded := func(yield func(string) bool) {
		for _, w := range list {
			if !yield(strings.ToLower(w)) {
				return
			}
		}
	}
	near := plain.Nearest(strings.ToLower(word), folded)
	for _, w := range list {
		if strings.ToLower(w) == near {
			return "did you mean " + w + "?"
		}
	}
	if n := len(list); n > 1 && n < 30 {
		return "known are " + strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	}
	return ""
}
