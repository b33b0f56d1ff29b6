package harmonization

import (
	"net/netip"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// validURL takes what has an authority part: scheme://host, or //host. There
// is no check of the scheme and nothing is normalised; a URL is evidence.
func validURL(v Value) bool {
	return v.Kind == String && (plainURL(v.Text) || hasAuthority(v.Text))
}

// sanitiseURL undoes the usual defanging of the scheme and gives the URL of a
// local file a host.
func sanitiseURL(v Value) (Value, bool) {
	if v.Kind != String {
		return v, false
	}
	if plainURL(v.Text) && tight(v.Text) && isASCII(v.Text) && !strings.Contains(v.Text, "hxxp") &&
		!strings.HasPrefix(v.Text, "file:") {
		return v, true
	}
	s := refang(clean(v.Text))
	if plainURL(s) && !strings.HasPrefix(s, "file:") {
		return Text(s), true
	}
	if rest, ok := strings.CutPrefix(s, "file:///"); ok {
		s = "file://localhost/" + rest
	}
	return Text(s), hasAuthority(s)
}

// refang writes hxxp:// and hxxps:// as they were meant, wherever they are.
func refang(s string) string {
	i := strings.Index(s, "hxxp")
	if i < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for ; i >= 0; i = strings.Index(s, "hxxp") {
		b = append(b, s[:i]...)
		rest := s[i+4:]
		if strings.HasPrefix(rest, "://") || strings.HasPrefix(rest, "s://") {
			b = append(b, "http"...)
		} else {
			b = append(b, "hxxp"...)
		}
		s = rest
	}
	return string(append(b, s...))
}

// hasAuthority splits as Python's urlsplit does, which drops tabs and line
// breaks wherever they are, and refuses a bracketed host that is no IPv6
// address.
func hasAuthority(s string) bool {
	if s == "" || isSpace(firstRune(s)) {
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

// plainURL is the short way through hasAuthority for URLs with a scheme and an
// authority of plain ASCII.
func plainURL(s string) bool {
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

func firstRune(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}

func isScheme(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c|0x20 >= 'a' && c|0x20 <= 'z':
		case i > 0 && (isDigit(c) || c == '+' || c == '-' || c == '.'):
		default:
			return false
		}
	}
	return true
}

// bracketed checks an authority that has a bracket in it.
func bracketed(s string) bool {
	_, host, open := strings.Cut(s, "[")
	host, _, end := strings.Cut(host, "]")
	if !open || !end {
		return false
	}
	if strings.HasPrefix(host, "v") {
		// IPvFuture: v, hex digits, a dot, something.
		version, rest, dot := strings.Cut(host[1:], ".")
		return dot && rest != "" && version != "" && strings.Trim(version, "0123456789abcdefABCDEF") == ""
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Is6()
}

// splitsLater reports whether an authority would come apart elsewhere once its
// compatibility characters are replaced: such names are made to deceive.
func splitsLater(authority string) bool {
	drop := strings.NewReplacer("@", "", ":", "", "#", "", "?", "")
	s := drop.Replace(authority)
	n := norm.NFKC.String(s)
	return n != s && strings.ContainsAny(n, "/?#@:")
}
