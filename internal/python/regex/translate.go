package regex

import (
	"fmt"
	"strings"

	"github.com/intelpipe/intelpipe/internal/python/regex/syntax"
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
func (t *translator) translate(n *syntax.Node, times int) bool {
	switch n.Op {
	case syntax.Concat, syntax.Alternate, syntax.Capture:
		open, sep := "(", ""
		switch n.Op {
		case syntax.Concat:
			open = ""
			if len(n.Subs) == 0 {
				open = "(?:"
			}
		case syntax.Alternate:
			open, sep = "(?:", "|"
		}
		t.text.WriteString(open)
		for i, sub := range n.Subs {
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
	case syntax.Character:
		t.text.WriteString(n.Set.Go())
	case syntax.Repeat:
		return t.repeat(n, times)
	case syntax.BeginText:
		t.text.WriteString(`\A`)
	case syntax.EndText:
		t.text.WriteString(`\z`)
	case syntax.EndFinal:
		t.text.WriteString(`\z`)
		t.avoid |= finalNewline
	case syntax.BeginLine:
		t.text.WriteString(`(?m:^)`)
	case syntax.EndLine:
		t.text.WriteString(`(?m:$)`)
	case syntax.Boundary, syntax.ASCIIBoundary:
		t.text.WriteString(`\b`)
	case syntax.NoBoundary, syntax.ASCIINoBoundary:
		t.text.WriteString(`\B`)
		t.avoid |= empty
	}
	if n.Op == syntax.Boundary || n.Op == syntax.NoBoundary {
		t.avoid |= nonASCII
	}
	return true
}

// repeat leaves out what Go limits, and loops that may go round without taking
// a character: what their groups hold in the end is different.
func (t *translator) repeat(n *syntax.Node, times int) bool {
	sub := n.Subs[0]
	if times *= max(n.Min, n.Max, 1); times > maxRepeat || n.Max != 1 && sub.Nullable() {
		return false
	}
	group := sub.Op != syntax.Character && sub.Op != syntax.Capture
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
	case n.Min == 0 && n.Max < 0:
		t.text.WriteByte('*')
	case n.Min == 1 && n.Max < 0:
		t.text.WriteByte('+')
	case n.Min == 0 && n.Max == 1:
		t.text.WriteByte('?')
	case n.Max < 0:
		fmt.Fprintf(&t.text, "{%d,}", n.Min)
	default:
		fmt.Fprintf(&t.text, "{%d,%d}", n.Min, n.Max)
	}
	if n.Lazy {
		t.text.WriteByte('?')
	}
	return true
}

// trait is something about a text that makes Go's engine wrong.
type trait uint8

const (
	nonASCII     trait = 1 << iota // for \b and \B
	finalNewline                   // for $
	empty                          // for \B, which Python does not find in an empty text
)
