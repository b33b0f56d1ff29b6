package dateutil

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/python/number"
	"github.com/intelpipe/intelpipe/internal/python/str"
)

// lexTime splits a text into words, numbers and single characters. A white space becomes
// a blank.
func lexTime(s string) []string {
	s = strings.ReplaceAll(s, "\x00", "")
	tokens := make([]string, 0, 16)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case isLetter(r) || isDigit(r):
			w := cutWord(s[i:])
			n = len(w.text)
			tokens = w.appendTo(tokens)
		case str.IsSpace(r):
			tokens = append(tokens, " ")
		default:
			tokens = append(tokens, s[i:i+n])
		}
		i += n
	}
	return tokens
}

// word is a word or a number with the dots in it. A dot can be a decimal point or a
// separator, which is clear only at the end of the word.
type word struct {
	text    string
	number  bool // it ends as a number
	dotted  bool // it has a dot, or a comma in place of one
	letters bool // it has letters before its last character
}

// cutWord returns the word that s begins with.
func cutWord(s string) word {
	first, i := utf8.DecodeRuneInString(s)
	w := word{number: isDigit(first)}
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		w.letters = w.letters || !w.number
		afterDot := w.dotted && s[i-1] == '.'
		switch {
		case r == '.' || r == ',' && w.number && !w.dotted && i >= 2:
			w.dotted = true
		case w.number && isDigit(r), !w.number && isLetter(r):
		case afterDot && (isDigit(r) || isLetter(r)):
			w.number = isDigit(r)
		default:
			w.text = s[:i]
			return w
		}
		i += n
	}
	w.text = s
	return w
}

// appendTo appends the tokens of a word.
func (w *word) appendTo(tokens []string) []string {
	switch {
	case !w.dotted:
	case w.letters || strings.Count(w.text, ".") > 1 || strings.HasSuffix(w.text, ".") || strings.HasSuffix(w.text, ","):
		return appendParts(tokens, w.text)
	case w.number && strings.IndexByte(w.text, '.') < 0:
		return append(tokens, strings.ReplaceAll(w.text, ",", "."))
	}
	return append(tokens, w.text)
}

// appendParts appends the parts of a word, and the dots and commas between them.
func appendParts(tokens []string, token string) []string {
	for {
		i := strings.IndexAny(token, ".,")
		if i < 0 {
			break
		}
		if i > 0 {
			tokens = append(tokens, token[:i])
		}
		tokens = append(tokens, token[i:i+1])
		token = token[i+1:]
	}
	if token != "" {
		tokens = append(tokens, token)
	}
	return tokens
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

func isASCIILetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isLetter(r rune) bool {
	if r < utf8.RuneSelf {
		return r|0x20 >= 'a' && r|0x20 <= 'z'
	}
	return unicode.IsLetter(r)
}

// isNumeric reports whether Python's float takes the token. It takes the words for
// infinity and NaN, too, which decimal then refuses.
func isNumeric(token string) bool {
	return isDigit(rune(token[0])) && strings.Trim(token, "0123456789.") == "" ||
		strings.EqualFold(token, "inf") || strings.EqualFold(token, "infinity") || strings.EqualFold(token, "nan")
}

// decimal splits a number into its integer and its fraction. It limits the integer to
// what fits in 32 bits, which is too large for any part of a time.
func decimal(token string) (whole int, fraction string, ok bool) {
	token, fraction, _ = strings.Cut(token, ".")
	if !number.IsDigits(token) {
		return 0, "", false
	}
	n, err := strconv.Atoi(token)
	if err != nil || n > math.MaxInt32 {
		n = math.MaxInt32
	}
	return n, fraction, true
}

func digits(s string) (part, bool) {
	if !number.IsDigits(s) {
		return part{}, false
	}
	n, err := strconv.Atoi(s)
	return some(n), err == nil
}

// sixtieths returns a decimal fraction of a minute or an hour in whole sixtieths.
func sixtieths(fraction string) int {
	n, scale := 0, 1
	for i := 0; i < len(fraction) && i < 12; i++ {
		n = n*10 + int(fraction[i]-'0')
		scale *= 10
	}
	return n * 60 / scale
}

// endsNumber reports whether a number stands alone when the token next follows it.
func endsNumber(next string) bool {
	switch next {
	case "\"", ")", "]", "_", "|", "@":
		return true
	}
	return isJump(next)
}

func isJump(token string) bool {
	switch token {
	case " ", ".", ",", ";", "-", "/", "'":
		return true
	}
	switch len(token) {
	case 1, 2, 3:
		switch strings.ToLower(token) {
		case "at", "on", "and", "ad", "m", "t", "of", "st", "nd", "rd", "th":
			return true
		}
	}
	return false
}

func isUTC(token string) bool {
	return strings.EqualFold(token, "utc") || strings.EqualFold(token, "gmt") || strings.EqualFold(token, "z")
}

// unit returns 0, 1 or 2 for hours, minutes and seconds, else -1.
func unit(token string) int {
	switch strings.ToLower(token) {
	case "h", "hour", "hours":
		return 0
	case "m", "minute", "minutes":
		return 1
	case "s", "second", "seconds":
		return 2
	}
	return -1
}

func alnum(c byte) bool { return isDigit(rune(c)) || isASCIILetter(c) }

func startsWithLetter(token string) bool {
	r, _ := utf8.DecodeRuneInString(token)
	return isLetter(r)
}

// part is a number that may be missing.
type part struct {
	n   int
	set bool
}

func some(n int) part { return part{n, true} }
