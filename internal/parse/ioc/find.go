package ioc

import (
	"iter"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/intelpipe/intelpipe/internal/indicator"
	"github.com/intelpipe/intelpipe/internal/network"
	"github.com/intelpipe/intelpipe/internal/python/idna"
	"github.com/intelpipe/intelpipe/internal/refang"
)

// found is an indicator: its kind, the field it belongs to, where else it goes if that
// field is too new for the data format, and the port that stands with it.
type found struct{ kind, field, other, text, port string }

// indicators yields what a line has, each with the word that it stands in.
func indicators(line string) iter.Seq2[string, found] {
	return func(yield func(string, found) bool) {
		all := words(line)
		for _, word := range all {
			plain, undone := refang.Word(word)
			for _, f := range find(trim(plain), undone, len(all) == 1) {
				if !yield(word, f) {
					return
				}
			}
		}
	}
}

// find says what a word is, or what stands behind its label, as in md5=… and IP:….
func find(word string, undone, alone bool) []found {
	for {
		if all := whole(word, undone, alone); all != nil {
			return all
		}
		i := strings.IndexAny(word, ":=")
		if i < 1 || '0' <= word[0] && word[0] <= '9' || strings.TrimFunc(word[:i], isLabel) != "" {
			return nil
		}
		word = trim(word[i+1:])
	}
}

func isLabel(r rune) bool {
	return 'a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9' || r == '_' || r == '-'
}

// whole says what a word is as it stands. It may be several, of one kind.
func whole(word string, undone, alone bool) []found {
	if len(word) < 3 {
		return nil
	}
	if scheme, rest, ok := strings.Cut(word, "://"); ok {
		scheme = strings.ToLower(scheme)
		if rest == "" || scheme == "" || strings.Trim(scheme, "abcdefghijklmnopqrstuvwxyz0123456789+-.") != "" {
			return nil
		}
		return []found{{kind: "url", field: "source.url", text: scheme + "://" + rest}}
	}
	// What looks like MD5 has a letter in it, since numbers may be as long.
	if field := indicator.HashField(word); field != "" && (len(word) > 32 || strings.Trim(word, "0123456789") != "") {
		return []found{{kind: "hash", field: field, text: strings.ToLower(word)}}
	}
	if all := addresses(word); all != nil {
		return all
	}
	if user, host, ok := strings.Cut(word, "@"); ok {
		host, _, _ = strings.Cut(host, "?") // of mailto:
		switch {
		case !isUser(user):
			return nil
		case strings.Contains(host, ":") || !domain(host, true):
			return addresses(host)
		}
		return []found{{kind: "mail", field: "source.account", text: user + "@" + host}}
	}
	host, path, ok := strings.Cut(word, "/")
	switch {
	case ok && strings.Contains(host, ".") && (domain(host, undone || alone) || addresses(host) != nil && strings.Trim(path, "0123456789./") != ""):
		return []found{{kind: "url", field: "source.url", text: "http://" + word}}
	case !ok && domain(word, undone || alone && slices.Contains(domains, ending(word))):
		name, port, _ := strings.Cut(word, ":")
		return []found{{kind: "domain", field: "source.fqdn", text: name, port: port}}
	}
	return vulnerabilities(word)
}

// vulnerabilities takes numbers of CVE out of a word. Often there are several in one,
// with a slash between them.
func vulnerabilities(word string) (all []found) {
	word = strings.ToUpper(word)
	if !strings.HasPrefix(word, "CVE") && !strings.Contains(word, "/CVE") {
		return nil
	}
	for _, hyphen := range []string{"\u2010", "\u2011", "\u2012", "\u2013"} {
		word = strings.ReplaceAll(word, hyphen, "-")
	}
	for part := range strings.FieldsFuncSeq(word, func(r rune) bool { return !isLabel(r) }) {
		rest, ok := strings.CutPrefix(part, "CVE-")
		year, number, _ := strings.Cut(rest, "-")
		if ok && len(year) == 4 && len(number) >= 4 && strings.Trim(year+number, "0123456789") == "" {
			all = append(all, found{kind: "cve", field: "product.vulnerabilities", other: "extra.cve", text: part})
		}
	}
	return all
}

// addresses takes an address, with a port or without, several with slashes between
// them, a network, and a range of addresses, which is the networks it consists of.
func addresses(word string) (all []found) {
	if word == "" || strings.IndexByte("[0123456789abcdefABCDEF:", word[0]) < 0 || !strings.ContainsAny(word, ".:") {
		return nil // so are most words, and to find out is cheap
	}
	if a, err := netip.ParseAddrPort(word); err == nil {
		return []found{{kind: "address", field: "source.ip", text: a.Addr().String(), port: strconv.Itoa(int(a.Port()))}}
	}
	networks, err := network.Parse(word)
	if err != nil {
		for part := range strings.SplitSeq(word, "/") {
			a, err := netip.ParseAddr(part)
			if err != nil || a.Zone() != "" {
				return nil
			}
			networks = append(networks, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	for _, p := range networks {
		if p.IsSingleIP() {
			all = append(all, found{kind: "address", field: "source.ip", text: p.Addr().String()})
		} else {
			all = append(all, found{kind: "network", field: "source.network", text: p.String()})
		}
	}
	return all
}

// isUser reports whether a text may stand before the @ of a mail address. A label
// (email=) may not, while an address that is about another one has = behind a +.
func isUser(text string) bool {
	name, _, _ := strings.Cut(text, "+")
	return text != "" && !strings.ContainsAny(text, ":/\\()[]{}") && !strings.Contains(name, "=")
}

// files are top level domains that are endings of files as well, and domains those of
// them with so many domains that a name alone in its line is one.
var (
	files   = []string{"cc", "md", "mov", "pl", "ps", "py", "rs", "sh", "so", "zip"}
	domains = []string{"cc", "pl", "rs"}
)

// ending is what stands behind the last dot of a name, or all of it.
func ending(name string) string {
	return strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
}

// domain reports whether a word is the name of a host, with a port or without.
func domain(word string, certain bool) bool {
	name, port, _ := strings.Cut(word, ":")
	host, ok := idna.Host(name)
	if !ok || strings.Trim(port, "0123456789") != "" || strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
		return false
	}
	top := ending(host)
	if _, known := publicsuffix.PublicSuffix(top); !known || top == host {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return certain || strings.Count(host, ".") > 1 || !slices.Contains(files, top)
}
