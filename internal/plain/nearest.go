package plain

import (
	"iter"
	"strings"
)

// Nearest returns the known word that somebody who wrote word probably meant:
// the one that is reached with the fewest letters changed, added, left out or
// swapped, or one that ends with word as a whole part, as "http-url" does with
// "url", or that begins with it.
// It is empty if none is near.
func Nearest(word string, known iter.Seq[string]) string {
	best, bestScore := "", 0
	for candidate := range known {
		if candidate == word {
			return candidate
		}
		// Of source.adress and source.asn only the ends are compared: what they
		// have in common says nothing.
		shared := sharedParts(word, candidate)
		score := 2 * distance(strings.ToLower(word[shared:]), candidate[shared:])
		if hasPart(candidate, strings.ToLower(word)) || len(word) > 2 && strings.HasPrefix(candidate, strings.ToLower(word)) {
			score = min(score, 3)
		}
		near := score <= max(2, 2*((len(word)-shared)/3)) || score == 3
		better := best == "" || score < bestScore ||
			score == bestScore && (len(candidate) < len(best) || len(candidate) == len(best) && candidate < best)
		if near && better {
			best, bestScore = candidate, score
		}
	}
	return best
}

// sharedParts is the length of the parts, each with its dot, with which both
// begin.
func sharedParts(a, b string) int {
	n := 0
	for i := 0; i < min(len(a), len(b)) && a[i] == b[i]; i++ {
		if a[i] == '.' {
			n = i + 1
		}
	}
	return n
}

// hasPart reports whether word ends candidate, as a part between separators.
func hasPart(candidate, word string) bool {
	rest, ok := strings.CutSuffix(candidate, word)
	return ok && len(word) > 1 && rest != "" && strings.ContainsAny(rest[len(rest)-1:], "-._")
}

// distance counts the single letters that have to be changed, added, removed
// or swapped with their neighbour to make b of a.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
