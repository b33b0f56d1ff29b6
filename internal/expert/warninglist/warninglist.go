// Package warninglist implements expert-warninglist.
//
// expert-warninglist: mark, drop or keep events whose values are on lists of what is harmless
//
// The fields of --fields are looked up in the lists of --lists. An event with a hit gets the
// names of the lists in the field of --field, joined by a semicolon and a blank. With --action
// drop it is dropped, with --action keep it is passed on as it is, and all others are dropped.
//
// A list is a MISP warninglist or a plain text. A MISP warninglist is JSON, with its name, its
// type and its entries. The type says when an entry is a hit: string if it is the value,
// substring if it is a part of the value, hostname if the host of the value is the entry or
// lies below it, cidr if the address of the value is in the network, regex if the expression is
// found in the value. What matching_attributes says is not looked at: --fields decides. For
// hostname and cidr the host of a URL counts.
//
// A plain text has an entry a line: a network, an address or a range of
// addresses; a domain, which stands for all below it, too; or else the value
// itself. A line that begins with # is a comment. The name of such a list is that
// of its file.
//
// A list that is replaced is taken within two seconds, or at once on SIGHUP; one with an entry
// that is not of its type is refused, and the old one stays.
//
// # Examples
//
//	printf '192.0.2.0/24\nexample.org\n' > harmless.txt
//	echo '{"source.ip":"192.0.2.7"}' | expert-warninglist --lists harmless.txt
//	echo '{"source.url":"https://www.example.org/"}' |
//	  expert-warninglist --lists harmless.txt --fields source.url --action drop
package warninglist

import (
	"context"
	"fmt"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup/database"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says which lists there are, and what becomes of a hit.
type Command struct {
	Lists  []string `help:"The lists: MISP warninglists or plain text." placeholder:"FILE,…" required:""`
	Fields []string `help:"The fields to look up; a name that ends in .* stands for all fields below it." default:"source.ip,source.fqdn,source.url" placeholder:"FIELD,…"`
	Action string   `help:"Mark events with a hit, drop them, or keep them alone." enum:"mark,drop,keep" default:"mark" placeholder:"mark|drop|keep"`
	Field  string   `help:"The field that gets the names of the lists." default:"extra.warninglist" placeholder:"FIELD" field:"event"`
	event.Overwrite

	lists []*database.File[*list]
}

// Start reads the lists.
func (c *Command) Start(_ context.Context, env *stage.Env) error {
	for _, name := range c.Fields {
		if err := check(env.Dictionary, name); err != nil {
			return fmt.Errorf("--fields: %w", err)
		}
	}
	for _, path := range c.Lists {
		f, err := database.Open(env, path, load)
		if err != nil {
			return err
		}
		c.lists = append(c.lists, f)
	}
	return nil
}

// check says whether there is such a field, or one below it.
func check(d *harmonization.Dictionary, name string) error {
	group, all := strings.CutSuffix(name, "*")
	if !all || !strings.HasSuffix(group, ".") {
		return d.Check(harmonization.Event, name)
	}
	for f := range d.Fields(harmonization.Event) {
		if strings.HasPrefix(f.Name, group) || f.Type == "JSONDict" && strings.HasPrefix(group, f.Name+".") {
			return nil
		}
	}
	return fmt.Errorf("there is no field below %s", strings.TrimSuffix(group, "."))
}

// Reload reads the lists at once.
func (c *Command) Reload(ctx context.Context) (err error) {
	for _, f := range c.lists {
		if failed := f.Reload(ctx); err == nil {
			err = failed
		}
	}
	return err
}

// Process looks an event up.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	values := c.values(m)
	var names []string
	for _, f := range c.lists {
		l := *f.Get()
		for i := range values {
			if l.has(&values[i]) {
				names = append(names, l.name)
				break
			}
		}
	}
	switch {
	case c.Action == "drop" && len(names) > 0, c.Action == "keep" && len(names) == 0:
		return nil
	case c.Action == "mark" && len(names) > 0 && c.Wants(m, c.Field):
		m.Set(c.Field, strings.Join(names, "; "))
	}
	return emit(m)
}

// values are those that are looked up.
func (c *Command) values(m *event.Message) (values []value) {
	for _, name := range c.Fields {
		group, all := strings.CutSuffix(name, "*")
		if !all {
			if text := m.Get(name); text != "" {
				values = append(values, read(text))
			}
			continue
		}
		for key := range m.All() {
			if text := m.Get(key); strings.HasPrefix(key, group) && text != "" {
				values = append(values, read(text))
			}
		}
	}
	return values
}
