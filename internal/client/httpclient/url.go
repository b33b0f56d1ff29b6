package httpclient

import (
	"errors"
	"net/url"
	"strings"
)

// What is escaped in a URL, besides control characters and what is not ASCII.
// It is what browsers escape, and in a path also the few characters that they
// leave and package url does not.
const (
	userUnsafe  = " \"<>`{}/:;=@[\\]^|"
	pathUnsafe  = " \"<>`{}^|\\"
	queryUnsafe = " \"<>'"
)

// Parse reads a URL, or a reference to follow from base, in the way of browsers:
// what may not stand in a URL is escaped, and what is escaped already stays. The
// fragment is dropped, since it is not sent. The error does not quote the URL.
func Parse(base *url.URL, text string) (*url.URL, error) {
	text = strings.TrimFunc(text, func(r rune) bool { return r <= ' ' })
	text = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(text)
	text, _, _ = strings.Cut(text, "#")
	path, query, hasQuery := strings.Cut(text, "?")
	path = strings.ReplaceAll(path, `\`, "/")
	host := ""
	if i := strings.Index(path, "//"); i == 0 || i > 0 && path[i-1] == ':' && !strings.Contains(path[:i], "/") {
		host, path = path[:i+2], path[i+2:]
		authority := path
		if end := strings.IndexByte(path, '/'); end >= 0 {
			authority, path = path[:end], path[end:]
		} else {
			path = ""
		}
		if at := strings.LastIndexByte(authority, '@'); at >= 0 {
			user, password, hasPassword := strings.Cut(authority[:at], ":")
			host += escape(user, userUnsafe, true)
			if hasPassword {
				host += ":" + escape(password, userUnsafe, true)
			}
			authority = authority[at:]
		}
		host += authority
	}
	text = host + escape(path, pathUnsafe, true)
	if hasQuery {
		text += "?" + escape(query, queryUnsafe, false)
	}
	parse := url.Parse
	if base != nil {
		parse = base.Parse
	}
	u, err := parse(text)
	if err != nil {
		return nil, errors.New("the URL cannot be parsed")
	}
	return u, nil
}

// escape writes %XX for the bytes that are unsafe, and if percent is set for a %
// that begins no such escape.
func escape(text, unsafe string, percent bool) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(unsafe, c) >= 0 || percent && c == '%' && !isEscape(text[i:]) {
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isEscape(text string) bool {
	isHex := func(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }
	return len(text) >= 3 && isHex(text[1]) && isHex(text[2])
}
