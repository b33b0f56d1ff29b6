package warninglist

import (
	"fmt"
	"net/netip"
	"strings"

	"go4.org/netipx"

	"github.com/intelpipe/intelpipe/internal/network"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/python/idna"
	"github.com/intelpipe/intelpipe/internal/python/regex"
	"github.com/intelpipe/intelpipe/internal/python/urlsplit"
)

// value is what is looked up, and its host, which is a name or an address.
type value struct {
	text, host string
	address    netip.Addr
}

// read takes the host out of a value.
func read(text string) value {
	v := value{text: text}
	if a, err := netip.ParseAddr(text); err == nil {
		v.address = a.WithZone("").Unmap()
		return v
	}
	if urlsplit.HasAuthority(text) {
		if u, ok := urlsplit.Split(text); ok {
			if a, ok := u.Addr(); ok {
				v.address = a.Unmap()
			} else if name, ok := u.Name(); ok {
				v.host = name
			}
		}
		return v
	}
	v.host, _, _ = strings.Cut(strings.ToLower(text), "/")
	v.host = strings.TrimSuffix(v.host, ".")
	return v
}

// list finds values.
type list struct {
	name       string
	strings    map[string]bool
	domains    map[string]bool
	substrings []string
	regexes    []*regex.Regexp
	networks   *netipx.IPSet
	building   netipx.IPSetBuilder
}

// has says whether one of the entries is a hit.
func (l *list) has(v *value) bool {
	if l.strings[v.text] || v.address.IsValid() && l.networks.Contains(v.address) || l.under(v.host) {
		return true
	}
	for _, part := range l.substrings {
		if strings.Contains(v.text, part) {
			return true
		}
	}
	for _, re := range l.regexes {
		if re.MatchString(v.text) {
			return true
		}
	}
	return false
}

// under says whether a name is one of the domains, or lies below one.
func (l *list) under(name string) bool {
	for more := name != "" && len(l.domains) > 0; more; _, name, more = strings.Cut(name, ".") {
		if l.domains[name] {
			return true
		}
	}
	return false
}

// types are those of MISP warninglists.
var types = [...]string{"cidr", "hostname", "regex", "string", "substring"}

// adder is how an entry of a list of a type is added, or nil for another type.
func adder(typ string) func(l *list, entry string) error {
	switch typ {
	case "cidr":
		return (*list).network
	case "hostname":
		return (*list).domain
	case "regex":
		return (*list).regex
	case "string":
		return func(l *list, entry string) error { l.strings[entry] = true; return nil }
	case "substring":
		return func(l *list, entry string) error { l.substrings = append(l.substrings, entry); return nil }
	}
	return nil
}

func (l *list) domain(entry string) error {
	name, ok := idna.Host(strings.TrimPrefix(strings.TrimPrefix(entry, "*"), "."))
	if !ok || name == "" || strings.ContainsAny(name, "/: \t") {
		return fmt.Errorf("not a domain: %s", plain.Quote(entry))
	}
	l.domains[name] = true
	return nil
}

func (l *list) network(entry string) error {
	prefixes, err := network.Parse(entry)
	for _, p := range prefixes {
		if p.Addr().Is4In6() && p.Bits() >= 96 { // as addresses are looked up
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		l.building.AddPrefix(p)
	}
	return err
}

// regex adds an expression, which may stand between slashes with flags behind it, as PHP has
// it.
func (l *list) regex(entry string) error {
	fold := false
	if end := strings.LastIndexByte(entry, '/'); end > 0 && entry[0] == '/' {
		flags := entry[end+1:]
		if strings.Trim(flags, "iu") != "" {
			return fmt.Errorf("the flags %s of an expression are not known; i is", plain.Quote(flags))
		}
		entry, fold = strings.ReplaceAll(entry[1:end], `\/`, "/"), strings.Contains(flags, "i")
	}
	re, err := regex.Compile(entry, fold)
	if err == nil {
		l.regexes = append(l.regexes, re)
	}
	return err
}
