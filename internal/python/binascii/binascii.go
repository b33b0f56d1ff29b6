// Package binascii accepts the base64 that Python's binascii.a2b_base64 and
// base64.b64decode accept, which is more than the standard allows. IntelMQ checks the
// field raw of its messages with them.
package binascii

// DecodesBase64 reports whether Python decodes s to one byte or more. Python skips
// bytes that are not in the alphabet, and everything after the padding; the rest must
// be complete groups of four.
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

// digit is true for the 64 bytes of the alphabet.
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
