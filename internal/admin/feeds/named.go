package feeds

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/intelpipe/intelpipe/internal/catalogue"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// place is where feeds are.
type place struct {
	FeedsDir []string `help:"Directories with feeds of your own." placeholder:"DIR,…"`
}

// load reads the catalogue, and says what is wrong with feeds of the user.
func (p *place) load(env *stage.Env) (*catalogue.Catalogue, error) {
	c, err := catalogue.Load(p.dirs(env))
	if err != nil {
		return nil, err
	}
	c.Check(env.Commands)
	for _, err := range c.Broken {
		env.Warn("%v", err)
	}
	return c, nil
}

func (p *place) dirs(env *stage.Env) []string {
	if len(p.FeedsDir) > 0 {
		return p.FeedsDir
	}
	return catalogue.Dirs(env.Environ())
}

// broken is the error at the end of what is about all feeds.
func broken(c *catalogue.Catalogue) error {
	switch n := len(c.Broken); n {
	case 0:
		return nil
	case 1:
		return stage.Usage(errors.New("feeds of your own are left out, because of a mistake"))
	default:
		return stage.Usage(fmt.Errorf("feeds of your own are left out, because of %d mistakes", n))
	}
}

// values are what the flags --set say. Each has to be one that a feed has.
func values(set []string, feeds []*catalogue.Feed) (map[string]string, error) {
	known := map[string]bool{}
	for _, f := range feeds {
		for name := range f.Ask {
			known[name] = true
		}
		for name := range f.Set {
			known[name] = true
		}
	}
	all := map[string]string{}
	for _, text := range set {
		name, value, ok := strings.Cut(text, "=")
		if !ok || value == "" {
			return nil, stage.Usage(fmt.Errorf("--set %s: NAME=TEXT is expected", plain.Quote(text)))
		}
		if !known[name] {
			near := plain.Nearest(name, maps.Keys(known))
			if near != "" {
				near = "; did you mean " + near + "?"
			}
			return nil, stage.Usage(fmt.Errorf("--set %s: no feed that is named asks for %s%s", plain.Quote(text), plain.Quote(name), near))
		}
		all[name] = value
	}
	return all, nil
}

// state is what can be done with a feed.
func state(f *catalogue.Feed, commands stage.Commands) string {
	switch missing := f.Missing(commands); {
	case f.Dead != "" && f.Instead != "":
		return "dead, see " + f.Instead
	case f.Dead != "":
		return "dead"
	case len(missing) > 0:
		return "needs " + strings.Join(missing, " and ")
	}
	return ""
}

// usable is why a feed cannot be run, or nil.
func usable(f *catalogue.Feed, commands stage.Commands) error {
	switch missing := f.Missing(commands); {
	case len(missing) > 0:
		return stage.Usage(fmt.Errorf("%s: it needs %s, which this version does not have", f.ID, strings.Join(missing, " and ")))
	case f.Dead != "" && f.Instead != "":
		return stage.Usage(fmt.Errorf("%s: it is dead: %s; take %s instead", f.ID, f.Dead, f.Instead))
	case f.Dead != "":
		return stage.Usage(fmt.Errorf("%s: it is dead: %s", f.ID, f.Dead))
	}
	return nil
}

// wants is the error for a feed whose credentials nobody has put into place.
func wants(f *catalogue.Feed, missing, dirs []string) error {
	if len(missing) == 0 {
		return nil
	}
	name := missing[0]
	return stage.Usage(fmt.Errorf("%s: it needs %s; put it into the file %s, for you alone to read", f.ID, f.Credentials[name], f.SecretFile(name, dirs)))
}
