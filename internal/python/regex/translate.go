package regex

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// maxRepeat is Go's limit for counts, those of repetitions in repetitions
// multiplied.
const maxRepeat = 1000

// translator writes an expression in Go's syntax.
type translator struct {
	text  strings.Builder
	avoid trait
}

// translate reports whether Go's engine finds the same. times is how often
// the counts around n repeat it.
func (t *translator) translate(n *node, times int) bool {
	switch n.op {
	case concat, alternate, capture:
		open, sep := "(", ""
		switch n.op {
		case concat:
			open = ""
			if len(n.subs) == 0 {
				open = "(?:"
			}
		case alternate:
			open, sep = "(?:", "|"
		}
		t.text.WriteString(open)
		for i, sub := range n.subs {
			if i > 0 {
				t.text.WriteString(sep)
			}
			if !t.translate(sub, times) {
				return false
			}
		}
		if open != "" {
			t.text.WriteByte(')')
		}
	case character:
		t.text.WriteString(n.set.text())
	case repeat:
		return t.repeat(n, times)
	case beginText:
		t.text.WriteString(`\A`)
	case endText:
		t.text.WriteString(`\z`)
	case endFinal:
		t.text.WriteString(`\z`)
		t.avoid |= finalNewline
	case beginLine:
		t.text.WriteString(`(?m:^)`)
	case endLine:
		t.text.WriteString(`(?m:$)`)
	case boundary, asciiBoundary:
		t.text.WriteString(`\b`)
	case noBoundary, asciiNoBoundary:
		t.text.WriteString(`\B`)
		t.avoid |= empty
	}
	if n.op == boundary || n.op == noBoundary {
		t.avoid |= nonASCII
	}
	return true
}

// repeat leaves out what Go limits, and loops that may go round without taking
// a character: what their groups hold in the end is different.
func (t *translator) repeat(n *node, times int) bool {
	sub := n.subs[0]
	if times *= max(n.min, n.max, 1); times > maxRepeat || n.max != 1 && sub.nullable() {
		return false
	}
	group := sub.op != character && sub.op != capture
	if group {
		t.text.WriteString("(?:")
	}
	if !t.translate(sub, times) {
		return false
	}
	if group {
		t.text.WriteByte(')')
	}
	switch {
	case n.min == 0 && n.max < 0:
		t.text.WriteByte('*')
	case n.min == 1 && n.max < 0:
		t.text.WriteByte('+')
	case n.min == 0 && n.max == 1:
		t.text.WriteByte('?')
	case n.max < 0:
		fmt.Fprintf(&t.text, "{%d,}", n.min)
	default:
		fmt.Fprintf(&t.text, "{%d,%d}", n.min, n.max)
	}
	if n.lazy {
		t.text.WriteByte('?')
	}
	return true
}

// text is the set in Go's syntax.
func (s *set) text() string {
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
		ranges, named, negated = s.flat(), 0, false
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
