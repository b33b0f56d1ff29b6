package syntax

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Go returns the set in the syntax of Go's regexp.
func (s *Set) Go() string {
	switch {
	case s.categories == 0 && len(s.ranges) == 0 && s.negated:
		return "(?s:.)"
	case s.categories == 0 && !s.negated && len(s.ranges) == 2 && s.ranges[0] == s.ranges[1]:
		return literal(s.ranges[0])
	}
	ranges, named, negated := s.ranges, s.categories, s.negated
	switch {
	case named == noWords && len(ranges) == 0:
		named, negated = words, !negated
	case named&noWords != 0:
		ranges, named, negated = s.Flat(), 0, false
	case named == 0:
		// Go takes [^\n] for the dot, and few ranges are fast.
		if ranges = sorted(ranges); negated {
			ranges, negated = complement(ranges), false
		}
	}
	if len(ranges) == 0 && named == 0 {
		return `[^\x00-\x{10FFFF}]` // nothing
	}
	var b strings.Builder
	b.WriteByte('[')
	if negated {
		b.WriteByte('^')
	}
	for pair := range slices.Chunk(ranges, 2) {
		fmt.Fprintf(&b, `\x{%x}`, pair[0])
		if pair[1] > pair[0] {
			fmt.Fprintf(&b, `-\x{%x}`, pair[1])
		}
	}
	for _, c := range []struct {
		category categories
		text     string
	}{{digits, `\p{Nd}`}, {noDigits, `\P{Nd}`}, {words, `\p{L}\p{N}_`}} {
		if named&c.category != 0 {
			b.WriteString(c.text)
		}
	}
	b.WriteByte(']')
	return b.String()
}

func literal(r rune) string {
	if 0xd800 <= r && r < 0xe000 {
		return `[^\x00-\x{10FFFF}]` // half a character is in no text
	}
	return regexp.QuoteMeta(string(r))
}
