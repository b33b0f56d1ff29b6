package harmonization

import (
	"strings"

	"github.com/intelpipe/intelpipe/internal/python/str"
	"github.com/intelpipe/intelpipe/internal/python/urlsplit"
)

// validURL takes what has an authority part: scheme://host, or //host. There
// is no check of the scheme and nothing is normalised; a URL is evidence.
func validURL(v Value) bool {
	return v.Kind == String && (urlsplit.Plain(v.Text) || urlsplit.HasAuthority(v.Text))
}

// sanitiseURL undoes the usual defanging of the scheme and gives the URL of a
// local file a host.
func sanitiseURL(v Value) (Value, bool) {
	if v.Kind != String {
		return v, false
	}
	if urlsplit.Plain(v.Text) && str.Tight(v.Text) && str.IsASCII(v.Text) && !strings.Contains(v.Text, "hxxp") &&
		!strings.HasPrefix(v.Text, "file:") {
		return v, true
	}
	s := refang(str.Clean(v.Text))
	if urlsplit.Plain(s) && !strings.HasPrefix(s, "file:") {
		return Text(s), true
	}
	if rest, ok := strings.CutPrefix(s, "file:///"); ok {
		s = "file://localhost/" + rest
	}
	return Text(s), urlsplit.HasAuthority(s)
}

// refang writes hxxp:// and hxxps:// as they were meant, wherever they are.
func refang(s string) string {
	i := strings.Index(s, "hxxp")
	if i < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for ; i >= 0; i = strings.Index(s, "hxxp") {
		b = append(b, s[:i]...)
		rest := s[i+4:]
		if strings.HasPrefix(rest, "://") || strings.HasPrefix(rest, "s://") {
			b = append(b, "http"...)
		} else {
			b = append(b, "hxxp"...)
		}
		s = rest
	}
	return string(append(b, s...))
}
