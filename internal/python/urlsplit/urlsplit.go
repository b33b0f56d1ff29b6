// Package urlsplit is equal to Python's urllib.parse.urlsplit, with which IntelMQ takes
// URLs apart. Feeds have URLs that are malformed in every way, and these matter most:
// the package decodes nothing and refuses little.
//
// Addr and Name read the host by the rules of the URL standard, which browsers follow.
// A malicious URL is written for browsers, with tricks such as numbers, percent signs
// and backslashes.
package urlsplit

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/internal/python/idna"
)

// URL has the parts of a URL as they are written. Scheme and Host are in lower
// case, and Host is without the brackets of an IPv6 address.
type URL struct {
	Scheme   string
	User     string
	Password string
	Host     string
	Port     int  // 0 to 65535, -1 without one
	BadPort  bool // the text in place of the port is not one
	Unclear  bool // readers disagree about the host, as with two colons
	Path     string
	Query    string
	Fragment string
}

// Split takes a URL apart. It returns false for a URL that Python refuses: brackets that
// have no IPv6 address in them, or a host with compatibility characters that stand for
// one of /?#@:
func Split(text string) (u URL, ok bool) {
	u.Port = -1
	u.Scheme, text = cutScheme(text)
	u.Scheme = strings.ToLower(u.Scheme)
	ok = true
	if rest, found := strings.CutPrefix(text, "//"); found {
		ends := "/?#"
		if special(u.Scheme) {
			ends = `/?#\` // Python does not know of it, but those who click do
		}
		end := strings.IndexAny(rest, ends)
		if end < 0 {
			end = len(rest)
		}
		ok = u.authority(rest[:end])
		text = rest[end:]
	}
	text, u.Fragment, _ = strings.Cut(text, "#")
	u.Path, u.Query, _ = strings.Cut(text, "?")
	return u, ok
}

// authority takes user:password@host:port apart.
func (u *URL) authority(text string) bool {
	if !wellFormed(text) {
		return false
	}
	if i := strings.LastIndexByte(text, '@'); i >= 0 {
		u.User, u.Password, _ = strings.Cut(text[:i], ":")
		text = text[i+1:]
	}
	var port string
	if before, rest, bracket := strings.Cut(text, "["); bracket {
		var after string
		u.Host, rest, _ = strings.Cut(rest, "]")
		after, port, _ = strings.Cut(rest, ":")
		u.Unclear = before != "" || after != "" || strings.Contains(port, ":") || !strings.Contains(u.Host, ":")
	} else {
		u.Host, port, _ = strings.Cut(text, ":")
		u.Unclear = strings.Contains(port, ":")
	}
	// A zone's name is not a name of the network and keeps its case.
	name, zone, scoped := strings.Cut(u.Host, "%")
	u.Host = strings.ToLower(name)
	if scoped {
		u.Host += "%" + zone
	}
	if n, err := strconv.ParseUint(port, 10, 16); err == nil {
		u.Port = int(n)
	} else {
		u.BadPort = port != ""
	}
	return true
}

// Addr returns the host as an address, without a zone. An IPv4 address may be in any form
// that browsers read: with octal and hexadecimal numbers, and with fewer than four. It
// returns false for a name.
func (u *URL) Addr() (netip.Addr, bool) {
	host := u.plainHost()
	if host == "" || !endsInNumber(host) && strings.IndexByte(host, ':') < 0 {
		return netip.Addr{}, false // the usual case, told without an error being made
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return a.WithZone(""), true
	}
	return ipv4(host)
}

// Name returns the host as a name: in ASCII and lower case, without a final dot. It
// returns false for an address, and for a host that is neither: browsers read one that
// ends in a number as an address, and refuse it if it is not valid.
func (u *URL) Name() (string, bool) {
	host := u.plainHost()
	if host == "" || endsInNumber(host) || strings.IndexByte(host, ':') >= 0 {
		return "", false
	}
	return host, true
}

// plainHost returns the host as browsers read it: without percent-encoding, in ASCII and
// lower case, without a final dot. It is "" if the host is unclear.
func (u *URL) plainHost() string {
	host := u.Host
	if u.Unclear {
		return ""
	}
	if strings.IndexByte(host, ':') >= 0 {
		return host // IPv6, where a percent sign begins a zone
	}
	if strings.IndexByte(host, '%') >= 0 {
		var err error
		if host, err = url.PathUnescape(host); err != nil || strings.ContainsAny(host, forbidden) {
			return ""
		}
	}
	host, ok := idna.Host(host)
	if !ok {
		return ""
	}
	return host
}

// forbidden are the characters that a host must not have after decoding.
const forbidden = "\x00\t\n\r #/:<>?@[\\]^|%\x7f"

// endsInNumber reports whether the last part of a host is a number. Browsers read such a
// host as an address.
func endsInNumber(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	if last == "" || last[0] < '0' || last[0] > '9' {
		return false
	}
	if digits, hex := strings.CutPrefix(last, "0x"); hex {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return strings.Trim(last, "0123456789") == ""
}

// ipv4 reads an address as the URL standard and inet_aton do: the last number fills the
// remaining bytes.
func ipv4(host string) (netip.Addr, bool) {
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	value := uint64(0)
	for i, part := range parts {
		n, ok := ipv4Number(part)
		room := uint64(1) << 8
		if i == len(parts)-1 {
			room = 1 << (8 * (5 - len(parts)))
			value <<= 8 * (5 - len(parts))
		} else {
			value <<= 8
		}
		if !ok || n >= room {
			return netip.Addr{}, false
		}
		value |= n
	}
	return netip.AddrFrom4([4]byte{byte(value >> 24), byte(value >> 16), byte(value >> 8), byte(value)}), true
}

func ipv4Number(text string) (uint64, bool) {
	base := 10
	if rest, ok := strings.CutPrefix(text, "0x"); ok {
		base, text = 16, rest
		if text == "" {
			return 0, true
		}
	} else if len(text) > 1 && text[0] == '0' {
		base, text = 8, text[1:]
	}
	n, err := strconv.ParseUint(text, base, 64)
	return n, err == nil && text[0] != '+'
}

// special reports whether the URL standard treats a backslash in URLs of the
// scheme as a slash.
func special(scheme string) bool {
	switch scheme {
	case "http", "https", "ftp", "ws", "wss", "file":
		return true
	}
	return false
}
