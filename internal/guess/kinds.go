package guess

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/harmonization/vocabulary"
	"github.com/intelpipe/intelpipe/internal/python/datetime"
	"github.com/intelpipe/intelpipe/internal/refang"
)

// kind is what the values of a column are.
type kind struct {
	name    string // for people: "address", "time", ...; "" if there are no values
	fields  string // what follows source. or destination., or a whole field with a dot before it
	convert string
	format  string // of a time
	other   string // the format that fits as well, with day and month exchanged
	zoned   bool   // of a time: it names its zone
	bad     int    // values that do not fit
}

// test is a kind and the values that are of it.
type test struct {
	kind kind
	is   func(string) bool
}

// tests are those of single values, the narrower ones first.
func tests() []test {
	return []test{
		{kind{name: "address", fields: "ip"}, isIP},
		{kind{name: "network", fields: "network"}, isNetwork},
		{kind{name: "address and port", fields: "ip", convert: "host"}, isAddrPort},
		{kind{name: "MD5 hash", fields: ".malware.hash.md5"}, hash(32)},
		{kind{name: "SHA-1 hash", fields: ".malware.hash.sha1"}, hash(40)},
		{kind{name: "SHA-256 hash", fields: ".malware.hash.sha256"}, hash(64)},
		{kind{name: "mail address", fields: "account"}, isMail},
		{kind{name: "URL", fields: "url"}, isURL},
		{kind{name: "URL made unclickable", fields: "url", convert: "refang"}, undone(isURL)},
		{kind{name: "AS number", fields: "asn", convert: "asn"}, isASN},
		{kind{name: "domain", fields: "fqdn"}, isName},
		{kind{name: "domain made unclickable", fields: "fqdn", convert: "refang"}, undone(isName)},
		{kind{name: "address or network", fields: "ip|network"}, func(s string) bool { return isIP(s) || isNetwork(s) }},
		{kind{name: "address or domain", fields: "ip|fqdn"}, func(s string) bool { return isIP(s) || isName(s) }},
		{kind{name: "address, domain or URL", fields: "ip|fqdn|url"}, func(s string) bool { return isIP(s) || isName(s) || isURL(s) }},
		{kind{name: "classification type", fields: ".classification.type"}, isType},
		{kind{name: "transport protocol", fields: ".protocol.transport"}, isTransport},
		{kind{name: "two letters"}, func(s string) bool { return len(s) == 2 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" }},
		{kind{name: "whole number", convert: "int"}, isWhole},
		{kind{name: "number", convert: "float"}, isNumber},
		{kind{name: "number with a decimal comma", convert: "comma|float"}, func(s string) bool { return isWhole(s) || isComma(s) }},
	}
}

// kindOf finds the kind that at least four fifths of the values are of, and of
// those the one that most fit. A single value is hardly a word of a vocabulary.
func kindOf(values []string, single bool) kind {
	if len(values) == 0 {
		return kind{}
	}
	best := kind{name: "text", bad: len(values)}
	try := func(k kind, is func(string) bool) {
		bad := 0
		for _, v := range values {
			if !is(v) {
				if bad++; 5*bad > len(values) {
					return
				}
			}
		}
		if bad < best.bad {
			best, best.bad = k, bad
		}
	}
	times(values, try)
	for _, t := range tests() {
		if single && (t.kind.name == "two letters" || strings.HasPrefix(t.kind.fields, ".classification") || strings.HasPrefix(t.kind.fields, ".protocol")) {
			continue
		}
		try(t.kind, t.is)
	}
	if best.name == "text" {
		best.bad = 0
	}
	return best
}

// times tries the forms of times.
func times(values []string, try func(kind, func(string) bool)) {
	try(kind{name: "time", convert: "time", zoned: len(values) > 0 && hasZone(values[0])}, isISO)
	try(kind{name: "seconds since 1970", convert: "epoch", zoned: true}, between(946684800, 2208988800))
	try(kind{name: "milliseconds since 1970", convert: "millis", zoned: true}, between(946684800000, 2208988800000))
	try(kind{name: "units of 100 ns since 1601", convert: "windows", zoned: true}, between(125911584000000000, 138534624000000000))
	type fit struct {
		format string
		layout *datetime.Layout
	}
	var fits []fit
	for _, format := range formats() {
		layout, err := datetime.ParseLayout(format)
		if err != nil {
			continue
		}
		for _, v := range values[:min(5, len(values))] {
			if reads(layout, v) {
				fits = append(fits, fit{format, layout})
				break
			}
		}
	}
	for _, f := range fits {
		k := kind{name: "time", format: f.format, convert: "time " + f.format, zoned: strings.ContainsAny(f.format, "zZ")}
		if !strings.Contains(f.format, "%M") {
			k.name = "date"
		}
		for _, g := range fits {
			if g.format != f.format && exchanged(f.format) == g.format && all(values, func(v string) bool { return reads(f.layout, v) == reads(g.layout, v) }) {
				k.other = g.format
			}
		}
		try(k, func(v string) bool { return reads(f.layout, v) })
	}
}

func all(values []string, is func(string) bool) bool {
	for _, v := range values {
		if !is(v) {
			return false
		}
	}
	return true
}

// exchanged is a format with day and month in the other order.
func exchanged(format string) string {
	return strings.NewReplacer("%d", "%m", "%m", "%d").Replace(format)
}

func reads(l *datetime.Layout, v string) bool {
	m, err := l.Parse(v)
	if err != nil || !m.Exists() {
		return false
	}
	return 1990 <= m.Year && m.Year <= 2040
}

// formats are all that are tried. Where day and month may be exchanged, the month
// comes first as it does in the United States, but not between dots and dashes.
func formats() (list []string) {
	for _, date := range [...]string{
		"%d.%m.%Y", "%d.%m.%y", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d",
		"%d-%b-%Y", "%d/%b/%Y", "%d %b %Y", "%d %B %Y", "%b %d %Y", "%b %d, %Y", "%B %d, %Y", "%a, %d %b %Y", "%a %b %d %Y",
	} {
		for _, clock := range [...]string{"", " %H:%M:%S", " %H:%M", " %H:%M:%S.%f", " %I:%M:%S %p", " %I:%M %p", ", %H:%M:%S", ", %H:%M", ":%H:%M:%S", "T%H:%M:%S", "%H%M%S", "%H%M"} {
			for _, zone := range [...]string{"", " %z", "%z", " %Z", "%Z"} {
				if zone == "" || strings.Contains(clock, ":") {
					list = append(list, date+clock+zone)
				}
			}
		}
	}
	return list
}

// isISO reports whether a value is a time that begins with the year and needs no
// format.
func isISO(s string) bool {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' || strings.Trim(s[:4], "0123456789") != "" {
		return false
	}
	rule, _ := harmonization.Type("DateTime")
	_, err := rule.Sanitise(harmonization.Text(s))
	return err == nil
}

// hasZone reports whether a time that begins with the year ends with its zone.
func hasZone(s string) bool {
	if len(s) <= 10 {
		return false
	}
	return strings.ContainsAny(s[10:], "+-Z") || strings.HasSuffix(s, "UTC") || strings.HasSuffix(s, "GMT")
}

func between(first, last float64) func(string) bool {
	return func(s string) bool {
		f, err := strconv.ParseFloat(s, 64)
		return err == nil && first <= f && f <= last && strings.Trim(s, "0123456789.") == ""
	}
}

func isIP(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Zone() == ""
}

func isNetwork(s string) bool {
	_, err := netip.ParsePrefix(s)
	return err == nil
}

func isAddrPort(s string) bool {
	_, err := netip.ParseAddrPort(s)
	return err == nil
}

func hash(n int) func(string) bool {
	return func(s string) bool { return len(s) == n && strings.Trim(s, "0123456789abcdefABCDEF") == "" }
}

func isMail(s string) bool {
	user, host, ok := strings.Cut(s, "@")
	return ok && user != "" && !strings.ContainsAny(s, " /:") && isName(host)
}

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "" && u.Host != "" && !strings.ContainsAny(s, " []")
}

// isName reports whether a value is a domain, or the name of a host in one.
func isName(s string) bool {
	i := strings.LastIndexByte(s, '.')
	top := strings.ToLower(s[i+1:])
	if i < 1 || len(top) < 2 || !strings.HasPrefix(top, "xn--") && strings.Trim(top, "abcdefghijklmnopqrstuvwxyz") != "" || strings.ContainsAny(s, " /:@") {
		return false
	}
	rule, _ := harmonization.Type("FQDN")
	_, err := rule.Sanitise(harmonization.Text(s))
	return err == nil
}

// undone reports whether a value is made unclickable and, written as it is meant, one of
// a kind.
func undone(is func(string) bool) func(string) bool {
	return func(s string) bool {
		plain, ok := refang.Word(s)
		return ok && is(plain)
	}
}

func isASN(s string) bool {
	number, ok := strings.CutPrefix(strings.ToUpper(s), "AS")
	n, err := strconv.ParseUint(number, 10, 32)
	return ok && err == nil && n > 0
}

func isType(s string) bool {
	_, ok := vocabulary.Taxonomy(s)
	return ok
}

func isTransport(s string) bool {
	return vocabulary.IsTransport(strings.ToLower(s)) && strings.Trim(s, "0123456789") != ""
}

func isWhole(s string) bool {
	_, err := strconv.ParseInt(s, 10, 64)
	return err == nil && (s == "0" || !strings.HasPrefix(strings.TrimLeft(s, "+-"), "0"))
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil && strings.Trim(s, "+-0123456789.") == ""
}

func isComma(s string) bool {
	whole, fraction, ok := strings.Cut(strings.TrimLeft(s, "+-"), ",")
	if !ok || fraction == "" || strings.Trim(fraction, "0123456789") != "" {
		return false
	}
	for i, group := range strings.Split(whole, ".") {
		if group == "" || strings.Trim(group, "0123456789") != "" || i > 0 && len(group) != 3 {
			return false
		}
	}
	return true
}

// isPort reports whether all values may be ports.
func isPort(values []string) bool {
	return len(values) > 0 && all(values, func(s string) bool {
		n, err := strconv.ParseUint(s, 10, 16)
		return err == nil && (n > 0 || s == "0")
	})
}

// say describes a kind to people.
func (k kind) say(n int) string {
	text := k.name
	if k.format != "" {
		text += " " + k.format
	}
	if k.bad > 0 {
		text += fmt.Sprintf(" (%d of %d are not)", k.bad, n)
	}
	return text
}
