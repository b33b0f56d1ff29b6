package harmonization

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/python/idna"
	"github.com/intelpipe/intelpipe/internal/python/ipaddress"
	"github.com/intelpipe/intelpipe/internal/python/number"
	"github.com/intelpipe/intelpipe/internal/python/str"
)

// The network types.

// validAddress takes an address in any spelling, but without a scope. It refuses 0.0.0.0,
// by which feeds mean that there is none.
func validAddress(v Value) bool {
	if v.Kind != String {
		return false
	}
	if v4, ok := ipaddress.ParseIPv4(v.Text); ok {
		return v4 != 0
	}
	_, ok := ipaddress.ParseIPv6(v.Text)
	return ok
}

// sanitiseAddress also takes a number. It cuts off a scope, and the prefix length of a
// network of one address. The result is the shortest spelling.
func sanitiseAddress(v Value) (Value, bool) {
	switch v.Kind {
	case String:
	case Number:
		if !number.IsInt(v.Text) {
			return v, false
		}
		return addressOfInt(v.Text)
	default:
		return v, false
	}
	s := v.Text
	if v4, ok := ipaddress.ParseIPv4(s); ok {
		return v, v4 != 0
	}
	if ipaddress.CanonicalIPv6(s) {
		return v, true
	}
	if a, ok := ipaddress.ParseIPv6(s); ok {
		return Text(ipaddress.Shortest(a, s)), true
	}
	s = str.Strip(s)
	if i := strings.IndexByte(s, '%'); i >= 0 {
		s = s[:i]
	}
	if n, ok := number.ParseInt(s); ok {
		return addressOfInt(n)
	}
	p, ok := ipaddress.ParseNetwork(s)
	if !ok || !p.IsSingleIP() {
		return v, false
	}
	v = Text(ipaddress.Shortest(p.Addr(), s))
	return v, v.Text != "0.0.0.0"
}

// validNetwork takes a network without host bits, and an address as a network of one.
func validNetwork(v Value) bool {
	if v.Kind != String {
		return false
	}
	p, ok := ipaddress.ParseNetwork(v.Text)
	return ok && p.Masked() == p
}

// sanitiseNetwork clears host bits and writes the prefix length.
func sanitiseNetwork(v Value) (Value, bool) {
	if v.Kind != String {
		return v, false
	}
	if ipaddress.CanonicalIPv4Network(v.Text) {
		return v, true
	}
	p, ok := ipaddress.ParseNetwork(str.Strip(v.Text))
	if !ok {
		return v, false
	}
	return Text(ipaddress.ShortestNetwork(p, v.Text)), true
}

// addressOfInt returns the address for a number, and false for 0.
func addressOfInt(n string) (Value, bool) {
	a, ok := ipaddress.FromInt(n)
	if !ok || a == netip.IPv4Unspecified() {
		return Value{}, false
	}
	return Text(ipaddress.Shortest(a, "")), true
}

// validName takes host names as feeds have them, with underscores, wildcards and single
// labels, but no address and nothing that has the separators of a URL.
func validName(v Value) bool {
	return v.Kind == String && plainName(v.Text)
}

func sanitiseName(v Value) (Value, bool) {
	if v.Kind != String {
		return v, false
	}
	if plainName(v.Text) && !str.IsSpace(rune(v.Text[0])) && !str.IsSpace(rune(v.Text[len(v.Text)-1])) {
		return v, true
	}
	if str.IsASCII(v.Text) {
		// Most of the others only have capitals or a dot at the end.
		s := trimName(v.Text)
		if !str.NoUpper(s) {
			s = strings.ToLower(s)
		}
		if plainName(s) {
			return Text(s), true
		}
	}
	s, ok := idna.ToASCII(trimName(str.Clean(v.Text)))
	if !ok {
		return v, false
	}
	s = trimName(str.Lower(s))
	return Text(s), plainName(s)
}

// trimName removes dots and white space from both ends.
func trimName(s string) string {
	for {
		t := strings.Trim(str.Strip(s), ".")
		if t == s {
			return s
		}
		s = t
	}
}

// plainName reports whether s is ASCII labels of 1 to 63 bytes, without upper case and the
// separators of URLs, and not an IPv4 address.
func plainName(s string) bool {
	label := 0 // where it begins
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return false
		}
		switch nameByte[c] {
		case nameBad:
			return false
		case nameDot:
			if n := i - label; n == 0 || n > 63 {
				return false
			}
			label = i + 1
		}
	}
	if n := len(s) - label; n == 0 || n > 63 {
		return false
	}
	if s[len(s)-1]-'0' > 9 {
		return true // only a name that ends in a digit can be an address
	}
	_, ok := ipaddress.ParseIPv4(s)
	return !ok
}

const (
	nameOther = iota
	nameBad
	nameDot
)

// nameByte says what a byte means in a host name. Bytes that are not listed have no
// special meaning.
var nameByte = [utf8.RuneSelf]uint8{
	'.': nameDot,
	':': nameBad, '/': nameBad, '?': nameBad, '#': nameBad,
	'A': nameBad, 'B': nameBad, 'C': nameBad, 'D': nameBad, 'E': nameBad, 'F': nameBad, 'G': nameBad,
	'H': nameBad, 'I': nameBad, 'J': nameBad, 'K': nameBad, 'L': nameBad, 'M': nameBad, 'N': nameBad,
	'O': nameBad, 'P': nameBad, 'Q': nameBad, 'R': nameBad, 'S': nameBad, 'T': nameBad, 'U': nameBad,
	'V': nameBad, 'W': nameBad, 'X': nameBad, 'Y': nameBad, 'Z': nameBad,
}
