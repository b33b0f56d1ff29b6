package vocabulary

import (
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/plain"
)

// Suggest returns what was probably meant by a word that is no value of the type, as
// "did you mean scanner?". It is empty if nothing comes to mind, and for types that
// are no list of words.
func Suggest(typ, word string) string { return DidYouMean(word, words(typ)) }

// DidYouMean suggests the word of a list that was probably meant, whatever its
// case, or all of them if there are few.
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

// words are those of a type that is a list of words, by its name; nothing for other
// types.
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
