package securitytxt

import (
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/python/dateutil"
)

// file is a security.txt (RFC 9116), as far as it is used.
type file struct {
	URL       string   `json:"url"` // where it was found
	Contacts  []string `json:"contacts,omitempty"`
	Canonical []string `json:"canonical,omitempty"`
	Expires   string   `json:"expires,omitempty"`
}

// read reads a file. One that is signed has to have all parts of the signature, which is
// not verified.
func read(url, text string) (f file, ok bool) {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	if strings.HasPrefix(text, "-----BEGIN PGP SIGNED MESSAGE-----") {
		if text, ok = signed(text); !ok {
			return f, false
		}
	}
	f.URL = url
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		if value == "" || strings.HasPrefix(line, "#") {
			continue
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "contact":
			f.Contacts = append(f.Contacts, value)
		case "canonical":
			f.Canonical = append(f.Canonical, value)
		case "expires":
			f.Expires = value
		}
	}
	return f, true
}

// signed cuts the text out of a clear-signed message (RFC 9580).
func signed(text string) (body string, ok bool) {
	_, body, ok = strings.Cut(text, "\n\n")
	body, signature, more := strings.Cut(body, "\n-----BEGIN PGP SIGNATURE-----\n")
	if !ok || !more || !strings.HasSuffix(signature, "\n-----END PGP SIGNATURE-----") {
		return "", false
	}
	return strings.ReplaceAll("\n"+body, "\n- ", "\n"), true
}

// expired reports whether a file is out of date, or does not say in a way that can be read
// until when it is not.
func (f *file) expired(now time.Time) bool {
	t, err := dateutil.Parse(f.Expires, nil)
	return err != nil || t.Before(now)
}
