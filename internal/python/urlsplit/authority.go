package urlsplit

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/intelpipe/intelpipe/internal/python/str"
)

// HasAuthority reports whether urlsplit finds a netloc in a URL, the part between
// // and the path. It drops tabs and line breaks wherever they are, and refuses a
// bracketed host that is no IPv6 address.
func HasAuthority(s string) bool {
	if r, _ := utf8.DecodeRuneInString(s); str.IsSpace(r) {
		return false
	}
	if strings.ContainsAny(s, "\t\r\n") {
		s = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(s)
	}
	s = strings.TrimLeftFunc(s, func(r rune) bool { return r <= ' ' })
	if i := strings.IndexByte(s, ':'); i > 0 && isScheme(s[:i]) {
		s = s[i+1:]
	}
	if !strings.HasPrefix(s, "//") {
		return false
	}
	s = s[2:]
	bracket, ascii := false, true
	end := len(s)
scan:
	for i := range len(s) {
		switch c := s[i]; {
		case c == '/' || c == '?' || c == '#':
			end = i
			break scan
		case c == '[' || c == ']':
			bracket = true
		case c >= 0x80:
			ascii = false
		}
	}
	s = s[:end]
	if s == "" || bracket && !bracketed(s) {
		return false
	}
	return ascii || !splitsLater(s)
}

// Plain is the short way through HasAuthority for URLs with a scheme and an
// authority of plain ASCII.
func Plain(s string) bool {
	i := strings.IndexByte(s, ':')
	if i < 1 || len(s) < i+4 || s[i+1] != '/' || s[i+2] != '/' || !isScheme(s[:i]) {
		return false
	}
	i += 3
	for start := i; i < len(s); i++ {
		switch c := s[i]; {
		case c == '/' || c == '?' || c == '#':
			return i > start
		case c < ' ' || c >= 0x7f || c == '[' || c == ']':
			return false
		}
	}
	return true
}

// splitsLater reports whether an authority would come apart elsewhere once its
// compatibility characters are replaced: such names are made to deceive.
func splitsLater(authority string) bool {
	drop := strings.NewReplacer("@", "", ":", "", "#", "", "?", "")
	s := drop.Replace(authority)
	n := norm.NFKC.String(s)
	return n != s && strings.ContainsAny(n, "/?#@:")
}
