package flags

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/plain"
)

// unknown is the error for a name that is none, with the one that was probably
// meant.
func Unknown(kind, place, name, word string, known iter.Seq[string]) error {
	if near := plain.Nearest(word, known); near != "" {
		return fmt.Errorf("%sunknown %s %s; did you mean %s?", place, kind, plain.Quote(name), near)
	}
	return fmt.Errorf("%sunknown %s %s", place, kind, plain.Quote(name))
}

// noneOf is the error for a value that is none of the words.
func NoneOf(words []string, value string) error {
	if near := plain.Nearest(value, slices.Values(words)); near != "" {
		return fmt.Errorf("%s: %s is expected; did you mean %s?", plain.Quote(value), Choice(words), near)
	}
	return fmt.Errorf("%s: %s is expected", plain.Quote(value), Choice(words))
}

func Choice(words []string) string { return Enumeration(words, "or") }

// enumeration is a, b and c.
func Enumeration(words []string, and string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " " + and + " " + words[last]
}

func lower(s string) string {
	return strings.ToLower(s[:min(1, len(s))]) + strings.TrimSuffix(s[min(1, len(s)):], ".")
}

// Name is the name of a flag, for one that may be spelt as IntelMQ does.
func Name(name string) string { return strings.ReplaceAll(name, "_", "-") }
