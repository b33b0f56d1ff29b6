package indicator

import "strings"

// HashField is the field for a hash in hexadecimal digits, by how many there are, or
// "" for what is none. SHA-512 has none of its own in the data format, and is extra.
func HashField(text string) string {
	if strings.Trim(text, "0123456789abcdefABCDEF") != "" {
		return ""
	}
	switch len(text) {
	case 32:
		return "malware.hash.md5"
	case 40:
		return "malware.hash.sha1"
	case 64:
		return "malware.hash.sha256"
	case 128:
		return "extra.sha512"
	}
	return ""
}
