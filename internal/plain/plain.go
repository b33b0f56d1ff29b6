// Package plain makes text that came from somewhere fit to be shown to people:
// on one line, without characters that a terminal acts on, cut between
// characters, and with the word that was probably meant.
package plain

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns text on one line, with every character escaped that a terminal
// would act on, or that nobody would see: control characters, line and paragraph
// separators, the marks that reverse the direction of what follows, and characters
// without a form, such as a space of no width. Bytes that are not UTF-8 become \xNN.
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
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		default:
			b.WriteString(text[i : i+n])
		}
		i += n
	}
	return b.String()
}

// unsafe also says yes to U+FFFD, which stands for a byte that is not UTF-8;
// where it is the character itself it stays.
func unsafe(r rune) bool { return r == utf8.RuneError || !unicode.IsGraphic(r) }

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
