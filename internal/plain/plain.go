// Package plain makes text that came from somewhere fit to be shown to people:
// on one line, without characters that a terminal acts on, cut between
// characters, and with the word that was probably meant.
package plain

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Line returns text on one line, with every character escaped that a terminal
// would act on: control characters, line and paragraph separators, and the
// marks that reverse the direction of what follows. Bytes that are not UTF-8
// become \xNN.
func Line(text string) string {
	if strings.IndexFunc(text, unsafe) < 0 {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && n == 1, r < 0x20, r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case unsafe(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(text[i : i+n])
		}
		i += n
	}
	return b.String()
}

// unsafe also says yes to U+FFFD, which stands for a byte that is not UTF-8;
// where it is the character itself it stays.
func unsafe(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0:
		return true
	case r == 0x061c, r >= 0x200e && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return r == utf8.RuneError || r == 0xfeff
}

// Clip returns the first n bytes of text, or fewer where a character would be
// cut, and an ellipsis if something is missing.
func Clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n] + "…"
}

// quoteLen is how much of a value an error shows, in bytes.
const quoteLen = 100

// Quote returns text as an error shows it: in double quotes, on one line, no
// longer than 100 bytes.
func Quote(text string) string {
	text = Clip(text, quoteLen)
	if strings.ContainsAny(text, `\"`) {
		text = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text)
	}
	return `"` + Line(text) + `"`
}
