package indicator

import (
	"net/netip"
	"strings"
)

// SourceField is the field of the source that a text looks like: an address, a network,
// a URL, a mail address or the name of a host. For anything else it is "".
func SourceField(text string) string {
	if _, err := netip.ParseAddr(text); err == nil {
		return "source.ip"
	}
	if _, err := netip.ParsePrefix(text); err == nil {
		return "source.network"
	}
	dot := strings.LastIndexByte(text, '.')
	switch {
	case strings.ContainsAny(text, " \t"):
	case strings.Contains(text, "://"):
		return "source.url"
	case strings.Contains(text, "@"):
		return "source.account"
	case dot < 1, strings.ContainsAny(text, "/:"), strings.Trim(text[dot+1:], "0123456789") == "":
	default:
		return "source.fqdn"
	}
	return ""
}

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
