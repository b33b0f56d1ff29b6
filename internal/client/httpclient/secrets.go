package httpclient

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/internal/plain"
)

// secrets masks what a URL carries that nobody but its host may know.
type secrets struct {
	names    map[string]bool // further parameters of a query
	segments map[int]bool    // parts of the path, counted from 1
	value    string          // what stands for Placeholder, or ""
}

// Placeholder stands in a URL and in headers where the secret of --http-secret-file
// belongs.
const Placeholder = "{secret}"

// fill puts the secret into a URL.
func (s secrets) fill(text string) string {
	if s.value == "" {
		return text
	}
	return strings.ReplaceAll(text, Placeholder, s.escaped())
}

// escaped is the secret as it may stand anywhere in a URL.
func (s secrets) escaped() string {
	return strings.ReplaceAll(url.QueryEscape(s.value), "+", "%20")
}

// hide takes the secret out of a text again, however a server has written it.
func (s secrets) hide(text string) string {
	if s.value == "" {
		return text
	}
	for _, value := range []string{Placeholder, s.escaped(), url.QueryEscape(s.value), s.value} {
		text = strings.ReplaceAll(text, value, masked)
	}
	return text
}

// newSecrets reads --url-secrets.
func newSecrets(names []string) (secrets, error) {
	s := secrets{names: map[string]bool{}, segments: map[int]bool{}}
	for _, name := range names {
		number, isPath := strings.CutPrefix(name, "/")
		if !isPath {
			s.names[bare(name)] = true
			continue
		}
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 {
			return s, fmt.Errorf("--url-secrets: %s: a part of the path is given by its number, as in /2", plain.Quote(name))
		}
		s.segments[n] = true
	}
	return s, nil
}

const masked = "***"

// Parameters that are masked, by how their names begin, end or are spelled
// without case and punctuation.
var (
	secretParts = []string{"password", "passwd", "passphrase", "secret", "token", "apikey", "signature", "credential", "session"}
	secretEnds  = []string{"key", "auth", "authorization", "pass", "pwd", "pw", "sig", "hmac", "jwt", "sid"}
)

// bare is a parameter's name as it is compared.
func bare(name string) string {
	if text, err := url.QueryUnescape(name); err == nil {
		name = text
	}
	return strings.Map(func(r rune) rune {
		if r < 0x80 && !('a' <= r && r <= 'z' || '0' <= r && r <= '9') {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

func (s secrets) secret(name string) bool {
	name = bare(name)
	if s.names[name] {
		return true
	}
	for _, part := range secretParts {
		if strings.Contains(name, part) {
			return true
		}
	}
	for _, end := range secretEnds {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

// mask writes a URL without user and password and with its secrets masked.
// Everything else stays as it is written.
func (s secrets) mask(text string) string {
	base, fragment, hasFragment := strings.Cut(s.hide(text), "#")
	base, query, hasQuery := strings.Cut(base, "?")
	path := ""
	if i := strings.Index(base, "//"); i >= 0 && (i == 0 || base[i-1] == ':') {
		host := base[i+2:]
		base = base[:i+2]
		if end := strings.IndexAny(host, `/\`); end >= 0 {
			host, path = host[:end], host[end:]
		}
		base += host[strings.LastIndexByte(host, '@')+1:]
	} else {
		base, path = "", base
	}
	if len(s.segments) > 0 {
		parts := strings.Split(path, "/")
		for i := range parts {
			if s.segments[i] && parts[i] != "" {
				parts[i] = masked
			}
		}
		path = strings.Join(parts, "/")
	}
	var b strings.Builder
	b.WriteString(base + path)
	if hasQuery {
		b.WriteByte('?')
		s.parameters(&b, query)
	}
	if hasFragment {
		b.WriteByte('#')
		s.parameters(&b, fragment)
	}
	return b.String()
}

// parameters masks the values of a query. One that is a URL with secrets of its
// own is masked whole.
func (s secrets) parameters(b *strings.Builder, query string) {
	for query != "" {
		part, separator := query, ""
		if i := strings.IndexAny(query, "&;"); i >= 0 {
			part, separator = query[:i], query[i:i+1]
		}
		query = query[len(part)+len(separator):]
		name, value, ok := strings.Cut(part, "=")
		if ok && value != "" && (s.secret(name) || s.inside(value)) {
			part = name + "=" + masked
		}
		b.WriteString(part + separator)
	}
}

func (s secrets) inside(value string) bool {
	text, err := url.QueryUnescape(value)
	return err == nil && strings.Contains(text, "//") && secrets{names: s.names}.mask(text) != text
}
