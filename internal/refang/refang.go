// Package refang reads indicators that people have defanged, which they do to what
// nobody shall click on: hxxp://www[.]example[dot]org.
package refang

import "strings"

// signs are what people put into brackets, and what they mean.
var signs = [][2]string{{".", "."}, {"dot", "."}, {":", ":"}, {"://", "://"}, {"/", "/"}, {"//", "//"}, {"@", "@"}, {"at", "@"}, {"d", "."}}

// schemes are the ways in which people write http and ftp; in those that are right it
// may be what follows that is not.
var schemes = [][2]string{
	{"http", "http"}, {"https", "https"},
	{"hxxp", "http"}, {"hxtp", "http"}, {"htxp", "http"}, {"h**p", "http"}, {"meow", "http"}, {"fxp", "ftp"}, {"fxps", "ftps"},
	{"hxxps", "https"}, {"hxtps", "https"}, {"htxps", "https"}, {"h**ps", "https"},
}

// Word writes a word as it is meant, and reports whether it was defanged.
func Word(word string) (string, bool) {
	if !strings.ContainsAny(word, `[({\]:`) {
		return word, false // most are
	}
	var b strings.Builder
	for i := 0; i < len(word); {
		sign, n := sign(word, i)
		b.WriteString(sign)
		i += n
	}
	plain := b.String()
	for _, by := range [...]string{"://", `:\\`} {
		scheme, rest, ok := strings.Cut(plain, by)
		for _, s := range schemes {
			if head, ends := strings.CutSuffix(strings.ToLower(scheme), s[0]); ok && ends {
				plain = head + s[1] + "://" + rest
				return plain, plain != word
			}
		}
	}
	return plain, plain != word
}

// sign reads what stands at a place of a word, and says how many bytes that is.
func sign(word string, i int) (string, int) {
	rest := word[i:]
	switch rest[0] {
	case '[', '(', '{':
		for _, s := range signs {
			n := len(s[0]) + 1
			if len(rest) > n && strings.EqualFold(rest[1:n], s[0]) && strings.IndexByte("])}", rest[n]) >= 0 {
				return s[1], n + 1
			}
		}
		if rest[0] == '[' && within(word, i, i+2) && rest[1] == '.' {
			return ".", 2
		}
	case '.':
		if within(word, i, i+2) && rest[1] == ']' {
			return ".", 2
		}
	case '\\':
		if within(word, i, i+2) && rest[1] == '.' {
			return ".", 2
		}
	}
	return rest[:1], 1
}

// within reports whether a part of a word has letters or digits on both sides.
func within(word string, from, to int) bool {
	return from > 0 && to < len(word) && isAlphanumeric(word[from-1]) && isAlphanumeric(word[to])
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c >= 0x80
}
