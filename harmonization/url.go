package harmonization

import (
	"strings"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/python/str"
	"github.com/intelpipe/intelpipe/internal/python/urlsplit"
)

// validURL takes what has an authority part, scheme://host or //host, and does not
// begin with white space. There is no check of the scheme and nothing is normalised;
// a URL is evidence.
func validURL(v Value) bool {
	if v.Kind != String {
		return false
	}
	first, _ := utf8.DecodeRuneInString(v.Text)
	return urlsplit.HasAuthority(v.Text) && !str.IsSpace(first)
}

// sanitiseURL undoes the usual defanging of the scheme and gives the URL of a
// local file a host.
func sanitiseURL(v Value) (Value, bool) {
	if v.Kind != String {
		return v, false
	}
	s := str.Clean(v.Text)
	if strings.Contains(s, "hxxp") {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "hxxp://", "http://"), "hxxps://", "https://")
	}
	if rest, ok := strings.CutPrefix(s, "file:///"); ok {
		s = "file://localhost/" + rest
	}
	return Text(s), urlsplit.HasAuthority(s)
}
