// Package pattern searches values for the regular expressions of their fields. Those of
// the built-in fields are matched by functions, which are ten times as fast as a regular
// expression and need no compilation at start-up.
package pattern

import (
	"strings"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/harmonization/vocabulary"
	"github.com/intelpipe/intelpipe/internal/python/regex"
)

// The regular expressions of the built-in fields, in Python's syntax. [Compile] has a
// function for each.
const (
	NoFinalDot = `^.*[^\.]$`
	Printable  = `^[ -~]+$`
	TwoAlnum   = `^[a-zA-Z0-9]{2}$`
	UpperHex   = `^[A-F0-9./]+$`
	UUID       = `^[a-z0-9]{8}-[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{12}$`
	UUID2      = `^[a-z0-9]{8}-[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}-[0-9a-z]{12}$`
	Severity   = `^(critical|high|medium|low|info|undefined)$`
	Transport  = `^(ip|icmp|igmp|ggp|ipencap|st2|tcp|cbt|egp|igp|bbn-rcc|nvp(-ii)?|pup|argus|emcon|xnet|chaos|` +
		`udp|mux|dcn|hmp|prm|xns-idp|trunk-1|trunk-2|leaf-1|leaf-2|rdp|irtp|iso-tp4|netblt|mfe-nsp|` +
		`merit-inp|sep|3pc|idpr|xtp|ddp|idpr-cmtp|tp\+\+|il|ipv6|sdrp|ipv6-route|ipv6-frag|idrp|rsvp|` +
		`gre|mhrp|bna|esp|ah|i-nlsp|swipe|narp|mobile|tlsp|skip|ipv6-icmp|ipv6-nonxt|ipv6-opts|cftp|` +
		`sat-expak|kryptolan|rvd|ippc|sat-mon|visa|ipcv|cpnx|cphb|wsn|pvp|br-sat-mon|sun-nd|wb-mon|` +
		`wb-expak|iso-ip|vmtp|secure-vmtp|vines|ttp|nsfnet-igp|dgp|tcf|eigrp|ospf|sprite-rpc|larp|mtp|` +
		`ax.25|ipip|micp|scc-sp|etherip|encap|gmtp|ifmp|pnni|pim|aris|scps|qnx|a/n|ipcomp|snp|` +
		`compaq-peer|ipx-in-ip|vrrp|pgm|l2tp|ddx|iatp|st|srp|uti|smp|sm|ptp|isis|fire|crtp|crdup|` +
		`sscopmce|iplt|sps|pipe|sctp|fc|divert)$`
)

// A Matcher reports whether an expression is found in a text.
type Matcher func(string) bool

// Compile returns the Matcher of an expression in Python's syntax, with re.IGNORECASE if
// fold is true. It is a function of this package where there is one, else the expression
// is compiled. The error is a [*regex.Error].
func Compile(expr string, fold bool) (Matcher, error) {
	if m := predicate(expr, fold); m != nil {
		return m, nil
	}
	re, err := regex.Compile(expr, fold)
	if err != nil {
		return nil, err
	}
	return re.MatchString, nil
}

// ByHand reports whether this package has a function for an expression. A test holds that
// it has one for each built-in field.
func ByHand(expr string, fold bool) bool { return predicate(expr, fold) != nil }

// predicate returns the function for an expression, or nil. All functions accept a line
// break at the end, before which Python's $ matches, too.
func predicate(expr string, fold bool) Matcher {
	if fold {
		if expr == Transport {
			return matchTransport
		}
		return nil
	}
	switch expr {
	case Printable:
		return matchPrintable
	case NoFinalDot:
		return matchNoFinalDot
	case TwoAlnum:
		return matchTwoAlnum
	case UpperHex:
		return matchUpperHex
	case UUID, UUID2:
		return matchUUID
	case Severity:
		return matchSeverity
	}
	return nil
}

// chomp removes one line break from the end.
func chomp(s string) string {
	if s != "" && s[len(s)-1] == '\n' {
		return s[:len(s)-1]
	}
	return s
}

func matchPrintable(s string) bool {
	s = chomp(s)
	for i := range len(s) {
		if s[i]-' ' > '~'-' ' {
			return false
		}
	}
	return s != ""
}

func matchNoFinalDot(s string) bool {
	i := strings.IndexByte(s, '\n')
	switch {
	case s == "":
		return false
	case i < 0:
		return s[len(s)-1] != '.'
	case i == len(s)-1:
		return true // the line break itself is no dot
	}
	// One line, then a line break that is the character other than a dot, then
	// the line break that $ looks past.
	return i == len(s)-2 && s[len(s)-1] == '\n'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func alnum(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' }

func matchTwoAlnum(s string) bool {
	s = chomp(s)
	return len(s) == 2 && alnum(s[0]) && alnum(s[1])
}

func matchUpperHex(s string) bool {
	s = chomp(s)
	for i := range len(s) {
		if c := s[i]; !isDigit(c) && (c < 'A' || c > 'F') && c != '.' && c != '/' {
			return false
		}
	}
	return s != ""
}

func matchUUID(s string) bool {
	s = chomp(s)
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if !isDigit(c) && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

func matchSeverity(s string) bool { return vocabulary.IsSeverity(chomp(s)) }

// matchTransport ignores case, but for ASCII only.
func matchTransport(s string) bool {
	s = chomp(s)
	if vocabulary.IsTransport(s) {
		return true
	}
	var buf [16]byte
	if len(s) > len(buf) {
		return false
	}
	for i := range len(s) {
		if buf[i] = s[i]; 'A' <= s[i] && s[i] <= 'Z' {
			buf[i] += 'a' - 'A'
		}
	}
	if vocabulary.IsTransport(string(buf[:len(s)])) {
		return true
	}
	// The expression has a bare dot in ax.25.
	b := buf[:len(s)]
	if len(b) < 5 || b[0] != 'a' || b[1] != 'x' || string(b[len(b)-2:]) != "25" {
		return false
	}
	r, n := utf8.DecodeRune(b[2 : len(b)-2])
	return n == len(b)-4 && r != '\n'
}
