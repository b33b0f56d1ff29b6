package domainsuffix

import (
	"errors"
	"fmt"
	"strings"

	"github.com/intelpipe/intelpipe/internal/charset"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/python/idna"
)

// The marks between which the rules of ICANN's domains stand.
const (
	begin = "===BEGIN ICANN DOMAINS==="
	end   = "===END ICANN DOMAINS==="
)

var (
	errNoSection = errors.New("there are no ICANN domains in it: the line // " + begin + " is missing")
	errNoEnd     = errors.New("it is not whole: the line // " + end + " is missing")
	errEmpty     = errors.New("there are no rules between the marks of the ICANN domains")
)

// rules are those of a list, by their names without *. or !. The library publicsuffix-go is not
// used, since it makes its own list at each start of any command, which takes a millisecond.
type rules struct{ plain, wildcards, exceptions map[string]bool }

// suffix returns the public suffix of a name in ASCII and lower case, or "". The rule with the
// most labels counts, an exception before a wildcard.
func (r *rules) suffix(name string) string {
	for candidate, more := name, true; more; {
		var parent string
		parent, more = "", false
		if _, rest, ok := strings.Cut(candidate, "."); ok {
			parent, more = rest, true
		}
		switch {
		case r.exceptions[candidate]:
			return parent
		case r.plain[candidate], more && r.wildcards[parent]:
			return candidate
		}
		candidate = parent
	}
	return ""
}

// load reads a list.
func load(path string) (*rules, error) {
	text, err := charset.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &rules{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	n, inside, ended := 0, false, false
	for line := range strings.Lines(string(text)) {
		n++
		rule, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if comment, ok := strings.CutPrefix(strings.TrimSpace(line), "//"); ok {
			comment = strings.TrimSpace(comment)
			inside, ended = (inside || comment == begin) && comment != end, ended || comment == end
			continue
		}
		if !inside || rule == "" {
			continue
		}
		if err := r.add(rule); err != nil {
			return nil, fmt.Errorf("%s:%d:%d: %w", path, n, 1+strings.Index(line, rule), err)
		}
	}
	switch {
	case !inside && !ended:
		err = errNoSection
	case !ended:
		err = errNoEnd
	case len(r.plain)+len(r.wildcards) == 0:
		err = errEmpty
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func (r *rules) add(rule string) error {
	kind, name := r.plain, rule
	if rest, ok := strings.CutPrefix(rule, "*."); ok {
		kind, name = r.wildcards, rest
	} else if rest, ok := strings.CutPrefix(rule, "!"); ok {
		kind, name = r.exceptions, rest
	}
	ascii, ok := idna.Host(name)
	if !ok || strings.Trim(ascii, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" || strings.HasPrefix(ascii, ".") || strings.Contains(ascii, "..") || ascii == "" {
		return fmt.Errorf("not a rule: %s", plain.Quote(rule))
	}
	kind[ascii] = true
	return nil
}
