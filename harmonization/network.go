package harmonization

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/internal/python/idna"
	"github.com/intelpipe/intelpipe/internal/python/ipaddress"
	"github.com/intelpipe/intelpipe/internal/python/number"
	"github.com/intelpipe/intelpipe/internal/python/str"
)

// The network types.

// validAddress takes any spelling of an address but 0.0.0.0, which feeds use
// for "none", and addresses with a scope.
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

// sanitiseAddress also takes a number, cuts off a scope, and the prefix length
// of a network that is one address. The result is the shortest spelling.
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
	if a, ok := ipaddress.ParseIPv6(s); ok {
		return Text(addressText(a, s)), true
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
	v = Text(addressText(p.Addr(), s))
	return v, v.Text != "0.0.0.0"
}

// validNetwork takes a network without host bits; an address is one, too.
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
	if canonicalIPv4Network(v.Text) {
		return v, true
	}
	p, ok := ipaddress.ParseNetwork(str.Strip(v.Text))
	if !ok {
		return v, false
	}
	p = p.Masked()
	var buf [64]byte
	b := ipaddress.Append(buf[:0], p.Addr())
	b = append(b, '/')
	b = strconv.AppendInt(b, int64(p.Bits()), 10)
	if string(b) == v.Text {
		return v, true
	}
	return Text(string(b)), true
}

// addressText returns the shortest spelling of a: s itself if it is that.
func addressText(a netip.Addr, s string) string {
	var buf [64]byte
	b := ipaddress.Append(buf[:0], a)
	if string(b) == s {
		return s
	}
	return string(b)
}

// addressOfInt returns the address with that number, unless it is 0.
func addressOfInt(n string) (Value, bool) {
	a, ok := ipaddress.FromInt(n)
	if !ok || n == "0" {
		return Value{}, false
	}
	return Text(addressText(a, "")), true
}

// canonicalIPv4Network reports whether s is such a network as it should be.
func canonicalIPv4Network(s string) bool {
	slash := strings.IndexByte(s, '/')
	if slash < 0 || !number.CanonicalInt(s[slash+1:]) {
		return false
	}
	bits, ok := ipaddress.PrefixLength(s[slash+1:])
	v4, ok2 := ipaddress.ParseIPv4(s[:slash])
	return ok && ok2 && bits <= 32 && v4<<bits == 0
}

// validName takes host names as they are found in the wild: underscores,
// wildcards and single labels too, but no address and no part of a URL.
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
		// Most of the others only have capitals, or a dot at the end.
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

// plainName is one pass over the text: labels of 1 to 63 bytes, no upper case,
// nothing that belongs to a URL.
func plainName(s string) bool {
	label := 0
	digits := true // the label so far
	for i := range len(s) {
		switch nameByte[s[i]] {
		case nameBad:
			return false
		case nameDot:
			if label == 0 || label > 63 {
				return false
			}
			label, digits = 0, true
		case nameDigit:
			label++
		default:
			label++
			digits = false
		}
	}
	if label == 0 || label > 63 {
		return false
	}
	if digits {
		// Only a name that ends in digits can be an address.
		if _, ok := ipaddress.ParseIPv4(s); ok {
			return false
		}
	}
	return true
}

const (
	nameOther = iota
	nameBad
	nameDot
	nameDigit
)

// nameByte sorts the bytes of host names; what is not listed is a byte like
// any other.
var nameByte = [256]uint8{
	'.': nameDot,
	':': nameBad, '/': nameBad, '?': nameBad, '#': nameBad,
	'0': nameDigit, '1': nameDigit, '2': nameDigit, '3': nameDigit, '4': nameDigit, '5': nameDigit,
	'6': nameDigit, '7': nameDigit, '8': nameDigit, '9': nameDigit,
	'A': nameBad, 'B': nameBad, 'C': nameBad, 'D': nameBad, 'E': nameBad, 'F': nameBad, 'G': nameBad,
	'H': nameBad, 'I': nameBad, 'J': nameBad, 'K': nameBad, 'L': nameBad, 'M': nameBad, 'N': nameBad,
	'O': nameBad, 'P': nameBad, 'Q': nameBad, 'R': nameBad, 'S': nameBad, 'T': nameBad, 'U': nameBad,
	'V': nameBad, 'W': nameBad, 'X': nameBad, 'Y': nameBad, 'Z': nameBad,
	0x80: nameBad, 0x81: nameBad, 0x82: nameBad, 0x83: nameBad, 0x84: nameBad, 0x85: nameBad, 0x86: nameBad, 0x87: nameBad,
	0x88: nameBad, 0x89: nameBad, 0x8a: nameBad, 0x8b: nameBad, 0x8c: nameBad, 0x8d: nameBad, 0x8e: nameBad, 0x8f: nameBad,
	0x90: nameBad, 0x91: nameBad, 0x92: nameBad, 0x93: nameBad, 0x94: nameBad, 0x95: nameBad, 0x96: nameBad, 0x97: nameBad,
	0x98: nameBad, 0x99: nameBad, 0x9a: nameBad, 0x9b: nameBad, 0x9c: nameBad, 0x9d: nameBad, 0x9e: nameBad, 0x9f: nameBad,
	0xa0: nameBad, 0xa1: nameBad, 0xa2: nameBad, 0xa3: nameBad, 0xa4: nameBad, 0xa5: nameBad, 0xa6: nameBad, 0xa7: nameBad,
	0xa8: nameBad, 0xa9: nameBad, 0xaa: nameBad, 0xab: nameBad, 0xac: nameBad, 0xad: nameBad, 0xae: nameBad, 0xaf: nameBad,
	0xb0: nameBad, 0xb1: nameBad, 0xb2: nameBad, 0xb3: nameBad, 0xb4: nameBad, 0xb5: nameBad, 0xb6: nameBad, 0xb7: nameBad,
	0xb8: nameBad, 0xb9: nameBad, 0xba: nameBad, 0xbb: nameBad, 0xbc: nameBad, 0xbd: nameBad, 0xbe: nameBad, 0xbf: nameBad,
	0xc0: nameBad, 0xc1: nameBad, 0xc2: nameBad, 0xc3: nameBad, 0xc4: nameBad, 0xc5: nameBad, 0xc6: nameBad, 0xc7: nameBad,
	0xc8: nameBad, 0xc9: nameBad, 0xca: nameBad, 0xcb: nameBad, 0xcc: nameBad, 0xcd: nameBad, 0xce: nameBad, 0xcf: nameBad,
	0xd0: nameBad, 0xd1: nameBad, 0xd2: nameBad, 0xd3: nameBad, 0xd4: nameBad, 0xd5: nameBad, 0xd6: nameBad, 0xd7: nameBad,
	0xd8: nameBad, 0xd9: nameBad, 0xda: nameBad, 0xdb: nameBad, 0xdc: nameBad, 0xdd: nameBad, 0xde: nameBad, 0xdf: nameBad,
	0xe0: nameBad, 0xe1: nameBad, 0xe2: nameBad, 0xe3: nameBad, 0xe4: nameBad, 0xe5: nameBad, 0xe6: nameBad, 0xe7: nameBad,
	0xe8: nameBad, 0xe9: nameBad, 0xea: nameBad, 0xeb: nameBad, 0xec: nameBad, 0xed: nameBad, 0xee: nameBad, 0xef: nameBad,
	0xf0: nameBad, 0xf1: nameBad, 0xf2: nameBad, 0xf3: nameBad, 0xf4: nameBad, 0xf5: nameBad, 0xf6: nameBad, 0xf7: nameBad,
	0xf8: nameBad, 0xf9: nameBad, 0xfa: nameBad, 0xfb: nameBad, 0xfc: nameBad, 0xfd: nameBad, 0xfe: nameBad, 0xff: nameBad,
}
