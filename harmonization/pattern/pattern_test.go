package pattern

import (
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/python/regex"
)

// TestPredicates compares each predicate with the expression it stands for, on
// texts that are near to what it takes.
func TestPredicates(t *testing.T) {
	const id = "2a2cd7d7-0b1c-4f3a-9c2b-5e8f0d1a2b3c"
	texts := []string{"", "a", "AT", "at", "a1", "a1b", "é1", "A.", "..", ".", "a.b", "ABC/", "abc", "a\nb", "a\n", "\n", "\n\n",
		"a\n\n", ".\n", "a.\n", "\na", "a.\n\n", " ", "~", "\x7f", "ü", id, id + "\n", id[1:], id + "a", strings.ToUpper(id),
		"g" + id[1:], "a_b.c:d-e", "a b", "high", "info\n", "higher", "AX.25", "ax\n25", "axü25", "ax25", "ax--25", "NVP-II",
		"tp++", "3PC", "tcp\n", "tcp ", "\x00"}
	for name := range strings.SplitSeq(Transport, "|") {
		texts = append(texts, name, strings.ToUpper(name), name+"x")
	}
	for i := range 256 {
		texts = append(texts, string(rune(i)), string(rune(i))+"\n", "A"+string(rune(i)))
	}
	for _, c := range []struct {
		expr string
		fold bool
	}{{Printable, false}, {NoFinalDot, false}, {TwoAlnum, false}, {UpperHex, false}, {UUID, false}, {UUID2, false},
		{Severity, false}, {Transport, true}} {
		match := predicate(c.expr, c.fold)
		re, err := regex.Compile(c.expr, c.fold)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range texts {
			if got, want := match(s), re.MatchString(s); got != want {
				t.Errorf("%s on %q: %v, want %v", c.expr, s, got, want)
			}
		}
	}
}
