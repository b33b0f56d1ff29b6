// Package idna is equal to Python's encodings.idna, which "name".encode("idna") calls:
// it encodes host names by IDNA 2003 (RFC 3490, 3491 and 3492). IntelMQ writes names
// with it. Newer versions of IDNA make other names of ß and a few more.
//
// For the characters of Unicode 3.2, which the RFCs refer to, two things differ: five
// ideographs whose decomposition was corrected later, and the characters that are
// forbidden in a label that is written from right to left. Letters of newer versions
// of Unicode are folded, too.
package idna

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/intelpipe/intelpipe/internal/python/str"
)

// Host returns a host name as DNS has it: in ASCII and lower case, without a final dot.
// It returns false for a name that has no such form, but does not look closer at a name
// that is in ASCII.
func Host(name string) (string, bool) {
	if str.IsASCII(name) {
		return strings.ToLower(strings.TrimSuffix(name, ".")), true
	}
	name, ok := ToASCII(strings.TrimSuffix(ideographicDots(str.Clean(name)), "."))
	return str.Lower(name), ok
}

// ToASCII encodes the labels of a host name. It returns a name in ASCII unchanged, and
// false if a label of any other is empty or has characters that are forbidden.
func ToASCII(name string) (string, bool) {
	if str.IsASCII(name) {
		return name, true // the type of the field checks the labels
	}
	b := make([]byte, 0, 2*len(name))
	for i, label := range strings.Split(ideographicDots(name), ".") {
		if i > 0 {
			b = append(b, '.')
		}
		label, ok := asciiLabel(label)
		if !ok {
			return "", false
		}
		b = append(b, label...)
	}
	return string(b), true
}

// ideographicDots replaces the three other characters that separate labels by dots.
func ideographicDots(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '\u3002', '\uff0e', '\uff61':
			return '.'
		}
		return r
	}, s)
}

func asciiLabel(label string) (string, bool) {
	if str.IsASCII(label) {
		return label, label != ""
	}
	label, ok := nameprep(label)
	if !ok || label == "" {
		return "", false
	}
	if str.IsASCII(label) {
		return label, true
	}
	if strings.HasPrefix(label, "xn--") {
		return "", false
	}
	return "xn--" + punycode(label), true
}

// nameprep is RFC 3491: it folds case and compatibility characters, and removes
// invisible ones. It fails for labels that mix directions or have characters that are
// forbidden in names.
func nameprep(label string) (string, bool) {
	var b strings.Builder
	for _, r := range label {
		if !unicode.Is(mappedToNothing, r) {
			b.WriteString(foldNFKC(r))
		}
	}
	label = norm.NFKC.String(b.String())
	rtl, ltr := false, false
	for _, r := range label {
		if unicode.Is(prohibited, r) {
			return "", false
		}
		if unicode.Is(rightToLeft, r) {
			rtl = true
		} else if unicode.IsLetter(r) {
			ltr = true
		}
	}
	if rtl {
		first, _ := utf8.DecodeRuneInString(label)
		last, _ := utf8.DecodeLastRuneInString(label)
		return label, !ltr && unicode.Is(rightToLeft, first) && unicode.Is(rightToLeft, last)
	}
	return label, true
}

// foldNFKC is table B.2 of RFC 3454: it folds one character so that it stays folded
// after NFKC.
func foldNFKC(r rune) string {
	folded := fold(r)
	b := norm.NFKC.String(folded)
	var again strings.Builder
	for _, r := range b {
		again.WriteString(fold(r))
	}
	if c := norm.NFKC.String(again.String()); c != b {
		return c
	}
	return folded
}

// fold is table B.3: the lower case, with exceptions. The exceptions are the letters
// whose upper case has several characters, and three more; NFKC does the same as the
// rest of the table.
func fold(r rune) string {
	switch r {
	case 'İ':
		return "i\u0307"
	case 'ς':
		return "σ"
	case '\u0345':
		return "ι"
	}
	if upper := str.Upper(string(r)); utf8.RuneCountInString(upper) > 1 {
		return strings.ToLower(upper)
	}
	return string(unicode.ToLower(r))
}

// punycode encodes a label with the parameters of RFC 3492.
func punycode(label string) string {
	const base, tMin, tMax, skew, damp, initialBias, initialN = 36, 1, 26, 38, 700, 72, 128
	runes := []rune(label)
	var out []byte
	for _, r := range runes {
		if r < utf8.RuneSelf {
			out = append(out, byte(r))
		}
	}
	basic := len(out)
	if basic > 0 {
		out = append(out, '-')
	}
	n, delta, bias := rune(initialN), 0, initialBias
	for done := basic; done < len(runes); {
		next := rune(unicode.MaxRune)
		for _, r := range runes {
			if r >= n && r < next {
				next = r
			}
		}
		delta += int(next-n) * (done + 1)
		n = next
		for _, r := range runes {
			if r < n {
				delta++
			}
			if r != n {
				continue
			}
			q := delta
			for k := base; ; k += base {
				t := min(max(k-bias, tMin), tMax)
				if q < t {
					break
				}
				out = append(out, punycodeDigits[t+(q-t)%(base-t)])
				q = (q - t) / (base - t)
			}
			out = append(out, punycodeDigits[q])
			if done == basic {
				delta /= damp
			} else {
				delta /= 2
			}
			delta += delta / (done + 1)
			k := 0
			for ; delta > (base-tMin)*tMax/2; k += base {
				delta /= base - tMin
			}
			bias = k + (base-tMin+1)*delta/(delta+skew)
			delta = 0
			done++
		}
		delta++
		n++
	}
	return string(out)
}

const punycodeDigits = "abcdefghijklmnopqrstuvwxyz0123456789"

// mappedToNothing is table B.1 of RFC 3454.
var mappedToNothing = &unicode.RangeTable{R16: []unicode.Range16{
	{0xad, 0xad, 1}, {0x34f, 0x34f, 1}, {0x1806, 0x1806, 1}, {0x180b, 0x180d, 1}, {0x200b, 0x200d, 1},
	{0x2060, 0x2060, 1}, {0xfe00, 0xfe0f, 1}, {0xfeff, 0xfeff, 1},
}}

// prohibited joins the tables C.1.2, C.2.2 and C.3 to C.9 of RFC 3454.
var prohibited = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x80, 0xa0, 1}, {0x340, 0x341, 1}, {0x6dd, 0x6dd, 1}, {0x70f, 0x70f, 1}, {0x1680, 0x1680, 1},
		{0x180e, 0x180e, 1}, {0x2000, 0x200f, 1}, {0x2028, 0x202f, 1}, {0x205f, 0x2063, 1},
		{0x206a, 0x206f, 1}, {0x2ff0, 0x2ffb, 1}, {0x3000, 0x3000, 1}, {0xd800, 0xf8ff, 1},
		{0xfdd0, 0xfdef, 1}, {0xfeff, 0xfeff, 1}, {0xfff9, 0xffff, 1},
	},
	R32: []unicode.Range32{
		{0x1d173, 0x1d17a, 1}, {0x1fffe, 0x1ffff, 1}, {0x2fffe, 0x2ffff, 1}, {0x3fffe, 0x3ffff, 1},
		{0x4fffe, 0x4ffff, 1}, {0x5fffe, 0x5ffff, 1}, {0x6fffe, 0x6ffff, 1}, {0x7fffe, 0x7ffff, 1},
		{0x8fffe, 0x8ffff, 1}, {0x9fffe, 0x9ffff, 1}, {0xafffe, 0xaffff, 1}, {0xbfffe, 0xbffff, 1},
		{0xcfffe, 0xcffff, 1}, {0xdfffe, 0xdffff, 1}, {0xe0001, 0xe0001, 1}, {0xe0020, 0xe007f, 1},
		{0xefffe, 0x10ffff, 1},
	},
}

// rightToLeft is table D.1 of RFC 3454.
var rightToLeft = &unicode.RangeTable{R16: []unicode.Range16{
	{0x5be, 0x5be, 1}, {0x5c0, 0x5c0, 1}, {0x5c3, 0x5c3, 1}, {0x5d0, 0x5ea, 1}, {0x5f0, 0x5f4, 1},
	{0x61b, 0x61b, 1}, {0x61f, 0x61f, 1}, {0x621, 0x63a, 1}, {0x640, 0x64a, 1}, {0x66d, 0x66f, 1},
	{0x671, 0x6d5, 1}, {0x6dd, 0x6dd, 1}, {0x6e5, 0x6e6, 1}, {0x6fa, 0x6fe, 1}, {0x700, 0x70d, 1},
	{0x710, 0x710, 1}, {0x712, 0x72c, 1}, {0x780, 0x7a5, 1}, {0x7b1, 0x7b1, 1}, {0x200f, 0x200f, 1},
	{0xfb1d, 0xfb1d, 1}, {0xfb1f, 0xfb28, 1}, {0xfb2a, 0xfb36, 1}, {0xfb38, 0xfb3c, 1},
	{0xfb3e, 0xfb3e, 1}, {0xfb40, 0xfb41, 1}, {0xfb43, 0xfb44, 1}, {0xfb46, 0xfbb1, 1},
	{0xfbd3, 0xfd3d, 1}, {0xfd50, 0xfd8f, 1}, {0xfd92, 0xfdc7, 1}, {0xfdf0, 0xfdfc, 1},
	{0xfe70, 0xfe74, 1}, {0xfe76, 0xfefc, 1},
}}
