package vocabulary

import (
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/plain"
)

// Suggest returns a hint such as "did you mean scanner?" for a word that is not a value
// of the type. It returns "" if no value is similar, and for types that have no list of
// words.
func Suggest(typ, word string) string { return DidYouMean(word, words(typ)) }

// DidYouMean returns a hint with the word of the list that is similar to word, in any
// case. If none is, it names all if there are less than 30, else it returns "".
func DidYouMean(word string, list []string) string {
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

// words returns the words of a type, and nil for a type that has no list of words.
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
