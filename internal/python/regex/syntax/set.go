package syntax

import (
	"slices"
	"sort"
	"strings"
	"sync"
	"unicode"
)

// Set is a set of characters: ranges and, because they have hundreds of them,
// the categories by name.
type Set struct {
	ranges     []rune // first and last of each
	categories categories
	negated    bool
}

type categories uint8

const (
	digits categories = 1 << iota
	noDigits
	words
	noWords
)

func (s *Set) add(lo, hi rune) { s.ranges = append(s.ranges, lo, hi) }

// include adds a range or, if there is one, a category.
func (s *Set) include(lo, hi rune, category *Set) {
	if category == nil {
		s.add(lo, hi)
		return
	}
	s.ranges = append(s.ranges, category.ranges...)
	s.categories |= category.categories
}

// anyBut is the set of all characters but one.
func anyBut(r rune) *Set {
	s := &Set{negated: true}
	if r >= 0 {
		s.add(r, r)
	}
	return s
}

// category returns the set that \c stands for, or nil.
func category(c rune, ascii bool) *Set {
	var s *Set
	switch c {
	case 'd', 'D':
		if !ascii {
			return &Set{categories: map[rune]categories{'d': digits, 'D': noDigits}[c]}
		}
		s = &Set{ranges: []rune{'0', '9'}}
	case 'w', 'W':
		if !ascii {
			return &Set{categories: map[rune]categories{'w': words, 'W': noWords}[c]}
		}
		s = &Set{ranges: []rune{'0', '9', 'A', 'Z', '_', '_', 'a', 'z'}}
	case 's', 'S':
		s = &Set{ranges: []rune{'\t', '\r', ' ', ' '}}
		if !ascii {
			s.ranges = []rune{'\t', '\r', 0x1c, ' ', 0x85, 0x85, 0xa0, 0xa0, 0x1680, 0x1680, 0x2000, 0x200a,
				0x2028, 0x2029, 0x202f, 0x202f, 0x205f, 0x205f, 0x3000, 0x3000}
		}
	default:
		return nil
	}
	if c < 'a' {
		s.ranges = complement(s.ranges)
	}
	return s
}

// sorted returns ranges in order, without gaps and overlaps between them.
func sorted(ranges []rune) []rune {
	pairs := make([][2]rune, 0, len(ranges)/2)
	for i := 0; i < len(ranges); i += 2 {
		pairs = append(pairs, [2]rune{ranges[i], ranges[i+1]})
	}
	slices.SortFunc(pairs, func(a, b [2]rune) int { return int(a[0] - b[0]) })
	out := make([]rune, 0, len(ranges))
	for _, p := range pairs {
		if n := len(out); n > 0 && p[0] <= out[n-1]+1 {
			out[n-1] = max(out[n-1], p[1])
			continue
		}
		out = append(out, p[0], p[1])
	}
	return out
}

// complement returns what sorted ranges leave out.
func complement(ranges []rune) []rune {
	var out []rune
	next := rune(0)
	for i := 0; i < len(ranges); i += 2 {
		if next < ranges[i] {
			out = append(out, next, ranges[i]-1)
		}
		next = ranges[i+1] + 1
	}
	if next <= unicode.MaxRune {
		out = append(out, next, unicode.MaxRune)
	}
	return out
}

// Flat returns the set as sorted ranges, whatever it is made of.
func (s *Set) Flat() []rune {
	ranges := slices.Clone(s.ranges)
	for _, c := range []struct {
		category categories
		ranges   func() []rune
	}{{digits, digitRanges}, {words, wordRanges}} {
		if s.categories&c.category != 0 {
			ranges = append(ranges, c.ranges()...)
		}
		if s.categories&(c.category<<1) != 0 {
			ranges = append(ranges, complement(c.ranges())...)
		}
	}
	ranges = sorted(ranges)
	if s.negated {
		return complement(ranges)
	}
	return ranges
}

var (
	digitRanges = sync.OnceValue(func() []rune { return sorted(tables(unicode.Nd)) })
	wordRanges  = sync.OnceValue(func() []rune { return sorted(append(tables(unicode.L, unicode.N), '_', '_')) })
)

func tables(list ...*unicode.RangeTable) (ranges []rune) {
	add := func(lo, hi, stride rune) {
		if stride == 1 {
			ranges = append(ranges, lo, hi)
			return
		}
		for r := lo; r <= hi; r += stride {
			ranges = append(ranges, r, r)
		}
	}
	for _, t := range list {
		for _, r := range t.R16 {
			add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
		for _, r := range t.R32 {
			add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
	}
	return ranges
}

// IsWord reports whether \w takes r.
func IsWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

// IsASCIIWord reports whether \w takes r under re.ASCII.
func IsASCIIWord(r rune) bool { return r == '_' || isDigit(r) || isLetter(r) }

// Within reports whether r is in sorted ranges.
func Within(ranges []rune, r rune) bool {
	i := sort.Search(len(ranges)/2, func(i int) bool { return r <= ranges[2*i+1] })
	return 2*i < len(ranges) && ranges[2*i] <= r
}

// folded returns the set that ignores case, if f says so. A character is in it
// if its lower case is that of a member, or one with the same upper case. The
// categories have either both cases of a letter or none.
func (s *Set) folded(f *flags) *Set {
	if !f.fold || len(s.ranges) == 0 {
		return s
	}
	if len(s.ranges) == 2 && s.ranges[0] == s.ranges[1] && s.categories == 0 {
		if r := s.ranges[0]; r < 0x80 && !isLetter(r) {
			return s
		}
	}
	ranges := sorted(s.ranges)
	out := &Set{categories: s.categories}
	if f.ascii {
		out.ranges = ranges
		for r := 'a'; r <= 'z'; r++ {
			if upper := r - 'a' + 'A'; Within(ranges, r) || Within(ranges, upper) {
				out.ranges = append(out.ranges, r, r, upper, upper)
			}
		}
		return out
	}
	// First the members in lower case, then what has the same upper case, then
	// what has one of these as its lower case.
	lower := slices.Clone(ranges)
	for _, c := range capitals() {
		if Within(ranges, c.upper) {
			lower = append(lower, c.lower, c.lower)
		}
	}
	lower = sorted(lower)
	same := slices.Clone(lower)
	for class := range strings.FieldsSeq(sameCapital) {
		for _, r := range class {
			if Within(lower, r) && unicode.ToLower(r) == r {
				for _, r := range class {
					same = append(same, r, r)
				}
				break
			}
		}
	}
	same = sorted(same)
	out.ranges = same
	for _, c := range capitals() {
		if Within(same, c.lower) {
			out.ranges = append(out.ranges, c.upper, c.upper)
		}
	}
	return out
}

type pair struct{ upper, lower rune }

// capitals are the characters that have another lower case.
var capitals = sync.OnceValue(func() []pair {
	var list []pair
	for _, cr := range unicode.CaseRanges {
		for r := rune(cr.Lo); r <= rune(cr.Hi); r++ {
			if lower := unicode.ToLower(r); lower != r {
				list = append(list, pair{r, lower})
			}
		}
	}
	return list
})

// sameCapital are the classes of lower-case letters with the same upper case.
const sameCapital = "i\u0131 s\u017f \u00b5\u03bc \u0345\u03b9\u1fbe \u0390\u1fd3 \u03b0\u1fe3 \u03b2\u03d0 \u03b5\u03f5 \u03b8\u03d1 \u03ba\u03f0 \u03c0\u03d6 \u03c1\u03f1 \u03c2\u03c3 \u03c6\u03d5 \u0432\u1c80 \u0434\u1c81 \u043e\u1c82 \u0441\u1c83 \u0442\u1c84\u1c85 \u044a\u1c86 \u0463\u1c87 \u1c88\ua64b \u1e61\u1e9b \ufb05\ufb06"

// flags are what (?aimsx) says.
type flags struct{ ascii, fold, multiline, dotAll, verbose bool }
