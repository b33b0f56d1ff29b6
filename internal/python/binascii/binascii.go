// Package binascii tells what Python's binascii.a2b_base64, and so
// base64.b64decode, accepts. It is more than the standard allows, and IntelMQ
// checks the raw field of its messages with it.
package binascii

// DecodesBase64 reports whether Python decodes s: it skips bytes outside the
// alphabet and everything behind the padding, and the rest must be whole groups.
// A text without any digit of base64 does not count, although Python returns
// nothing for it without an error.
func DecodesBase64(s string) bool {
	digits, pads := 0, 0
	for i := 0; i < len(s); i++ {
		start := i
		for i < len(s) && digit[s[i]] {
			i++
		}
		if i > start {
			digits += i - start
			pads = 0
		}
		// Padding counts only where it can complete a group.
		if i < len(s) && s[i] == '=' && digits%4 >= 2 {
			if pads++; digits%4+pads == 4 {
				return true
			}
		}
	}
	return digits > 0 && digits%4 == 0
}

// digit marks the alphabet of base64.
var digit = [256]bool{
	'A': true, 'B': true, 'C': true, 'D': true, 'E': true, 'F': true, 'G': true, 'H': true,
	'I': true, 'J': true, 'K': true, 'L': true, 'M': true, 'N': true, 'O': true, 'P': true,
	'Q': true, 'R': true, 'S': true, 'T': true, 'U': true, 'V': true, 'W': true, 'X': true,
	'Y': true, 'Z': true,
	'a': true, 'b': true, 'c': true, 'd': true, 'e': true, 'f': true, 'g': true, 'h': true,
	'i': true, 'j': true, 'k': true, 'l': true, 'm': true, 'n': true, 'o': true, 'p': true,
	'q': true, 'r': true, 's': true, 't': true, 'u': true, 'v': true, 'w': true, 'x': true,
	'y': true, 'z': true,
	'0': true, '1': true, '2': true, '3': true, '4': true, '5': true, '6': true, '7': true,
	'8': true, '9': true, '+': true, '/': true,
}
