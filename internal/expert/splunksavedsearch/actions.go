package splunksavedsearch

import (
	"fmt"
	"slices"

	"github.com/intelpipe/intelpipe/internal/plain"
)

// actions are what to do where there is not exactly one result.
type actions struct{ warn, send, useFirst, limit bool }

// readActions reads the words of a flag.
func readActions(flag string, words []string, known ...string) (a actions, err error) {
	has := func(word string) bool { return slices.Contains(words, word) }
	for _, word := range words {
		if !slices.Contains(known, word) {
			return a, fmt.Errorf("%s: %w", flag, plain.NoneOf(known, word))
		}
	}
	for _, both := range [][2]string{{"send", "drop"}, {"ignore", "use_first"}} {
		if has(both[0]) && has(both[1]) {
			return a, fmt.Errorf("%s: %s and %s exclude each other", flag, both[0], both[1])
		}
	}
	switch {
	case has("limit") && len(words) > 1:
		return a, fmt.Errorf("%s: limit has to stand alone", flag)
	case !has("limit") && !has("send") && !has("drop"):
		return a, fmt.Errorf("%s: send or drop is missing, which says what becomes of the event", flag)
	}
	// With limit there is one result at most. If there are more all the same, the first counts.
	return actions{has("warn"), has("send") || has("limit"), has("use_first") || has("limit"), has("limit")}, nil
}
