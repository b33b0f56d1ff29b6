package urlsplit

import (
	"net/netip"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/intelpipe/intelpipe/internal/python/str"
)

// HasAuthority reports whether urlsplit finds a netloc in a URL: the part between the two
// slashes and the path. It returns false for a URL that [Split] refuses.
func HasAuthority(s string) bool {
	if plain(s) {
		return true
	}
	_, s = cutScheme(s)
	s, found := strings.CutPrefix(s, "//")
	if end := strings.IndexAny(s, "/?#"); end >= 0 {
		s = s[:end]
	}
	return found && s != "" && wellFormed(s)
}

// cutScheme returns the scheme of a URL, in any case and "" without one, and the text
// after its colon. It removes tabs and line breaks everywhere, and control characters
// and blanks at the beginning.
func cutScheme(text string) (scheme, rest string) {
	text = strings.TrimLeftFunc(text, func(r rune) bool { return r <= ' ' })
	if strings.ContainsAny(text, "\t\r\n") {
		text = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(text)
	}
	if i := strings.IndexByte(text, ':'); i > 0 && isScheme(text[:i]) {
		return text[:i], text[i+1:]
	}
	return "", text
}

func isScheme(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c|0x20 >= 'a' && c|0x20 <= 'z':
		case i > 0 && (c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.'):
		default:
			return false
		}
	}
	return true
}

// wellFormed reports whether Python accepts an authority.
func wellFormed(authority string) bool {
	return (!strings.ContainsAny(authority, "[]") || bracketed(authority)) &&
		(str.IsASCII(authority) || !splitsLater(authority))
}

// plain is HasAuthority for the usual URLs, with a scheme and an authority in ASCII. It
// returns false for any other.
func plain(s string) bool {
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

// bracketed reports whether the text in brackets is an IPv6 address, or one of a future
// version, as v1.x.
func bracketed(text string) bool {
	_, host, open := strings.Cut(text, "[")
	host, _, end := strings.Cut(host, "]")
	if !open || !end {
		return false
	}
	if version, rest, dot := strings.Cut(host, "."); dot && strings.HasPrefix(version, "v") {
		return rest != "" && len(version) > 1 && strings.Trim(version[1:], "0123456789abcdefABCDEF") == ""
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Is6()
}

// splitsLater reports whether replacing compatibility characters brings a separator into
// an authority. Such names are made to deceive.
func splitsLater(authority string) bool {
	drop := strings.NewReplacer("@", "", ":", "", "#", "", "?", "")
	s := drop.Replace(authority)
	n := norm.NFKC.String(s)
	return n != s && strings.ContainsAny(n, "/?#@:")
}
