package plain

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Unknown is the error for a name that is none, with the one that was probably
// meant.
func Unknown(kind, place, name, word string, known iter.Seq[string]) error {
	if near := Nearest(word, known); near != "" {
		return fmt.Errorf("%sunknown %s %s; did you mean %s?", place, kind, Quote(name), near)
	}
	return fmt.Errorf("%sunknown %s %s", place, kind, Quote(name))
}

// NoneOf is the error for a value that is none of the words.
func NoneOf(words []string, value string) error {
	if near := Nearest(value, slices.Values(words)); near != "" {
		return fmt.Errorf("%s: %s is expected; did you mean %s?", Quote(value), Choice(words), near)
	}
	return fmt.Errorf("%s: %s is expected", Quote(value), Choice(words))
}

// Choice is a, b or c.
func Choice(words []string) string { return Enumeration(words, "or") }

// Enumeration is a, b and c.
func Enumeration(words []string, and string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " " + and + " " + words[last]
}
