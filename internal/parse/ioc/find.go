package ioc

import (
	"iter"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// found is an indicator: its kind, the field it belongs to, and where else it goes if
// that field is too new for the data format.
type found struct{ kind, field, other, text string }

// defanged are the ways in which people write what nobody shall click on.
var defanged = [][2]string{
	{"[.]", "."}, {"(.)", "."}, {"{.}", "."}, {"[dot]", "."}, {"(dot)", "."}, {"[:]", ":"}, {"[://]", "://"},
	{"[/]", "/"}, {"[at]", "@"}, {"(at)", "@"}, {"[@]", "@"},
}

// refang undoes that, and reports whether there was something to undo.
func refang(word string) (string, bool) {
	plain := word
	if strings.ContainsAny(word, "[({") {
		for _, d := range defanged {
			plain = strings.ReplaceAll(plain, d[0], d[1])
		}
	}
	for _, scheme := range [...][2]string{{"hxxp", "http"}, {"fxp", "ftp"}} {
		if n := len(scheme[0]); len(plain) > n && strings.EqualFold(plain[:n], scheme[0]) && strings.Contains(plain, "://") {
			plain = scheme[1] + plain[n:]
		}
	}
	return plain, plain != word
}

// indicators yields what a line has.
func indicators(line string) iter.Seq[found] {
	return func(yield func(found) bool) {
		words := strings.FieldsFunc(line, func(r rune) bool {
			return r <= ' ' || strings.ContainsRune("\"'<>|,;`\u00a0\u201c\u201d", r)
		})
		for _, word := range words {
			plain, undone := refang(strings.Trim(word, "*_=~"))
			if f, ok := find(trim(plain), undone); ok && !yield(f) {
				return
			}
		}
	}
}

// trim takes off what ends a sentence, and brackets without their other half.
func trim(word string) string {
	for {
		before := word
		word = strings.TrimRight(word, ".:!?")
		if !strings.Contains(word, "]:") { // of an address with its port
			word = strings.TrimLeft(word, "([{")
		}
		for _, pair := range []string{"()", "[]", "{}"} {
			if strings.HasSuffix(word, pair[1:]) && !strings.Contains(word, pair[:1]) {
				word = word[:len(word)-1]
			}
		}
		if word == before {
			return word
		}
	}
}

// find says what a word is.
func find(word string, undone bool) (found, bool) {
	switch {
	case len(word) < 3:
		return found{}, false
	case strings.Contains(word, "://"):
		scheme, rest, _ := strings.Cut(word, "://")
		return found{"url", "source.url", "", strings.ToLower(scheme) + "://" + rest}, rest != "" && strings.Trim(strings.ToLower(scheme), "abcdefghijklmnopqrstuvwxyz0123456789+-.") == ""
	case len(word) > 4 && strings.EqualFold(word[:4], "CVE-"):
		year, number, ok := strings.Cut(word[4:], "-")
		ok = ok && len(year) == 4 && len(number) >= 4 && strings.Trim(year+number, "0123456789") == ""
		return found{"cve", "product.vulnerabilities", "extra.cve", strings.ToUpper(word)}, ok
	}
	if field, ok := hash(word); ok {
		return found{"hash", field, "extra.sha512", strings.ToLower(word)}, true
	}
	if f, ok := address(word); ok {
		return f, true
	}
	if user, host, ok := strings.Cut(word, "@"); ok {
		return found{"mail", "source.account", "", word}, user != "" && domain(host, true)
	}
	if host, _, path := strings.Cut(word, "/"); path {
		return found{"url", "source.url", "", "http://" + word}, strings.Contains(host, ".") && domain(host, undone)
	}
	name, _, _ := strings.Cut(word, ":")
	return found{"domain", "source.fqdn", "", name}, domain(word, undone)
}

// hash is the field of a hash, by how many digits it has. One of MD5 has a letter in
// it, since numbers may be as long.
func hash(word string) (field string, ok bool) {
	if strings.Trim(strings.ToLower(word), "0123456789abcdef") != "" {
		return "", false
	}
	switch len(word) {
	case 32:
		return "malware.hash.md5", strings.Trim(word, "0123456789") != ""
	case 40:
		return "malware.hash.sha1", true
	case 64:
		return "malware.hash.sha256", true
	case 128:
		return "extra.sha512", true
	}
	return "", false
}

// address takes an address, with a port or without, and a network.
func address(word string) (found, bool) {
	if a, err := netip.ParseAddr(word); err == nil && a.Zone() == "" {
		return found{"address", "source.ip", "", word}, strings.Contains(word, ".") || strings.Count(word, ":") > 1
	}
	if p, err := netip.ParsePrefix(word); err == nil {
		return found{"network", "source.network", "", p.Masked().String()}, true
	}
	if a, err := netip.ParseAddrPort(word); err == nil && a.Addr().Zone() == "" {
		return found{"address", "source.ip", "", a.Addr().String()}, true
	}
	return found{}, false
}

// files are top level domains that are endings of files as well.
var files = []string{"cc", "gz", "md", "mov", "pl", "ps", "py", "rs", "sh", "so", "zip"}

// domain reports whether a word is the name of a host.
func domain(word string, certain bool) bool {
	host, port, _ := strings.Cut(word, ":")
	i := strings.LastIndexByte(host, '.')
	if i < 1 || strings.Trim(port, "0123456789") != "" || strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
		return false
	}
	top := strings.ToLower(host[i+1:])
	if _, known := publicsuffix.PublicSuffix(top); !known {
		return false
	}
	return certain || strings.Count(host, ".") > 1 || !slices.Contains(files, top)
}
