package pyregex

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// class is a set of characters: ranges, and what is written by name.
type class struct {
	ranges  []rune // pairs of first and last
	names   string // as package regexp writes them
	negated bool
}

func (c *class) add(lo, hi rune) { c.ranges = append(c.ranges, lo, hi) }

// text writes the set for package regexp.
func (c *class) text(fold bool) string {
	var b strings.Builder
	b.WriteByte('[')
	if c.negated {
		b.WriteByte('^')
	}
	ranges := c.ranges
	if fold {
		ranges = dotted(ranges)
	}
	for i := 0; i < len(ranges); i += 2 {
		fmt.Fprintf(&b, `\x{%x}`, ranges[i])
		if ranges[i+1] > ranges[i] {
			fmt.Fprintf(&b, `-\x{%x}`, ranges[i+1])
		}
	}
	b.WriteString(c.names + "]")
	if fold {
		return "(?i:" + b.String() + ")"
	}
	return b.String()
}

// The four letters that are one i to Python: i, I, and those of Turkish that
// have a dot as a capital and none as a small letter.
var dots = []rune{'i', 'I', 0x130, 0x131}

// dotted adds all of them where there is one.
func dotted(ranges []rune) []rune {
	for i := 0; i < len(ranges); i += 2 {
		if slices.ContainsFunc(dots, func(r rune) bool { return ranges[i] <= r && r <= ranges[i+1] }) {
			for _, r := range dots {
				ranges = append(ranges[:len(ranges):len(ranges)], r, r)
			}
			return ranges
		}
	}
	return ranges
}

// The sets of Python: \d is Nd, \w what str.isalnum says and the underscore, \s
// what str.isspace says.
const (
	digits    = `\p{Nd}`
	words     = `\p{L}\p{N}_`
	spaces    = `\t-\r\x1c-\x1f\x{85}\p{Z}`
	asciiWord = `0-9A-Za-z_`
	asciiTabs = `\t-\r `
)

// shorthand adds \d, \w, \s or one of their opposites, and reports whether the
// letter is one.
func (c *class) shorthand(letter rune, asciiOnly bool) bool {
	names := map[rune]string{'d': digits, 'w': words, 's': spaces}
	if asciiOnly {
		names = map[rune]string{'d': "0-9", 'w': asciiWord, 's': asciiTabs}
	}
	if set, ok := names[letter]; ok {
		c.names += set
		return true
	}
	set, ok := names[unicode.ToLower(letter)]
	if ok {
		c.names += complement(set)
	}
	return ok
}

// isWord is \w for one character; none is no word.
func isWord(r rune) bool { return r >= 0 && (r == '_' || unicode.In(r, unicode.L, unicode.N)) }

var (
	noWords  = sync.OnceValue(func() string { return outside(isWord) })
	noSpaces = sync.OnceValue(func() string {
		return outside(func(r rune) bool {
			return r >= '\t' && r <= '\r' || r >= 0x1c && r <= 0x1f || r == 0x85 || unicode.Is(unicode.Z, r)
		})
	})
)

// complement writes the opposite of one of the sets above. A class cannot hold
// the opposite of several things in package regexp, so it is written out.
func complement(set string) string {
	switch set {
	case digits:
		return `\P{Nd}`
	case "0-9":
		return `\x00-/:-\x{10ffff}`
	case asciiWord:
		return "\\x00-/:-@\\[-\\^`{-\\x{10ffff}"
	case asciiTabs:
		return `\x00-\x08\x0e-\x1f!-\x{10ffff}`
	case words:
		return noWords()
	}
	return noSpaces()
}

// outside writes the ranges of what is not in a set.
func outside(in func(rune) bool) string {
	var b strings.Builder
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if in(r) {
			continue
		}
		first := r
		for r < unicode.MaxRune && !in(r+1) {
			r++
		}
		fmt.Fprintf(&b, `\x{%x}-\x{%x}`, first, r)
	}
	return b.String()
}

// literal writes one character for package regexp. With fold it is all that
// Python takes for the same letter.
func literal(r rune, fold bool) string {
	c := &class{}
	c.add(r, r)
	if !fold {
		return fmt.Sprintf(`\x{%x}`, r)
	}
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		c.add(other, other)
	}
	if c.ranges = dotted(c.ranges); len(c.ranges) == 2 {
		return fmt.Sprintf(`\x{%x}`, r)
	}
	return c.text(false)
}
