package parameters

import (
	"regexp"
	"strings"
)

// Flag is what --help-all says about a flag.
type Flag struct {
	Name        string
	Placeholder string // empty for a switch
	Secret      bool   // comes by the environment too
}

func (f *Flag) list() bool { return strings.Contains(f.Placeholder, ",…") }
func (f *Flag) json() bool { return strings.Contains(f.Placeholder, "json:") }

// object reports whether the flag takes nothing but an object.
func (f *Flag) object() bool { return strings.HasPrefix(f.Placeholder, "json:") }

var (
	heading  = regexp.MustCompile(`^([A-Z][a-z]+ flags|Flags):$`)
	synopsis = regexp.MustCompile(`^  (?:-\w, )?--(?:\[no-\])?([a-z0-9][a-z0-9-]*)(?:=(\S+))?(?:  |$)`)
	alias    = regexp.MustCompile(`Also --[a-z0-9-]+`)
)

// ParseHelp reads the flags from what --help-all prints.
func ParseHelp(help string) map[string]*Flag {
	flags := map[string]*Flag{}
	var last *Flag
	inside := false
	for _, line := range strings.Split(help, "\n") {
		if heading.MatchString(line) {
			inside, last = true, nil
			continue
		} else if m := synopsis.FindStringSubmatch(line); m != nil && inside {
			last = &Flag{Name: m[1], Placeholder: m[2]}
			flags[m[1]] = last
		}
		if last != nil {
			last.Secret = last.Secret || strings.Contains(line, "INTELPIPE_")
			for _, name := range alias.FindAllString(line, -1) {
				flags[strings.TrimPrefix(name, "Also --")] = last
			}
		}
	}
	return flags
}
