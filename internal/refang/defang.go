package refang

import (
	"net/netip"
	"strings"
	"unicode/utf8"
)

// defangs are the schemes that are written in another way.
var defangs = [][2]string{{"https", "hxxps"}, {"http", "hxxp"}, {"ftps", "fxps"}, {"ftp", "fxp"}}

// Defang writes a URL, a name of a host, an address or a mail address so that nobody can
// click on it. Word reads it back.
func Defang(word string) string {
	scheme, rest, isURL := strings.Cut(word, "://")
	if !isURL {
		scheme, rest = "", word
	}
	if _, err := netip.ParseAddr(word); err == nil {
		return brackets(word, ".:")
	}
	for _, d := range defangs {
		if head, ok := strings.CutSuffix(scheme, d[0]); ok {
			scheme = head + d[1]
			break
		}
	}
	host, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host, path = rest[:i], rest[i:]
	}
	user := ""
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		user, host = host[:i]+"[at]", host[i+1:]
	}
	word = user + brackets(host, ".") + path
	if isURL {
		word = scheme + "://" + word
	}
	return word
}

// brackets puts some characters into brackets.
func brackets(text, signs string) string {
	var b strings.Builder
	for _, r := range text {
		if strings.ContainsRune(signs, r) {
			b.WriteString("[" + string(r) + "]")
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Text applies change to the words of a text. What stands around a word, such as the
// point at the end of a sentence, is not part of it.
func Text(text string, change func(word string) string) string {
	var b strings.Builder
	for len(text) > 0 {
		i := strings.IndexAny(text, " \t\r\n\"'<>|,;")
		if i < 0 {
			i = len(text)
		}
		word, behind := text[:i], ""
		for len(word) > 0 && strings.IndexByte(".:!?)", word[len(word)-1]) >= 0 {
			word, behind = word[:len(word)-1], word[len(word)-1:]+behind
		}
		if word != "" {
			word = change(word)
		}
		b.WriteString(word + behind)
		_, n := utf8.DecodeRuneInString(text[i:])
		b.WriteString(text[i : i+n])
		text = text[i+n:]
	}
	return b.String()
}
