// Package modify implements expert-modify.
//
// expert-modify: set fields by rules that look at other fields
//
// The rules are in the file of --configuration-path, a list in JSON or in YAML 1.2
// without tags and merge keys:
//
//	[{"rulename": "web servers",
//	  "if":   {"source.port": "^(80|443)$", "protocol.application": ""},
//	  "then": {"protocol.application": "http",
//	           "comment": "port {msg[source.port]}"}}]
//
// A rule applies if all conditions of its if hold. The empty text wants the
// field to be absent. Any other text is a regular expression in Python's
// syntax, searched for in the field's text; look-around and back-references
// are not supported. Any other value wants the same value.
//
// Then sets fields. A text is a template: {msg[FIELD]} is a field of the event
// and {matches[FIELD][N]} group N, a number or a name, of what the rule's
// expression for the field has found; 0 is all of it. Behind a colon a format
// may follow as in Python, {msg[source.port]:05d}. A literal brace is written
// twice. A field that is missing in the event is an error, and an empty result
// removes the field that was to be set. Other values are set as they are.
//
// All rules are tried in order, each on the event as the ones before have left
// it, up to --maximum-matches that apply. A file that is replaced is read again
// within two seconds, or at once on SIGHUP; a broken one is refused.
//
// # Examples
//
//	echo '[{"rulename":"web","if":{"source.port":"^(80|443)$"},
//	  "then":{"protocol.application":"http"}}]' > modify.json
//	echo '{"source.port":443}' | expert-modify --configuration-path modify.json
//	echo '{"source.port":80,"protocol.application":"x"}' |
//	  expert-modify --configuration-path modify.json --no-overwrite
package modify

import (
	"context"
	"fmt"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup/database"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says which rules there are.
type Command struct {
	ConfigurationPath string `help:"The file with the rules, JSON or YAML." placeholder:"FILE" required:""`
	CaseSensitive     bool   `help:"Let regular expressions tell upper from lower case." default:"true"`
	MaximumMatches    int    `help:"Stop after so many rules that apply; 0 is no limit." default:"0" placeholder:"N"`
	Overwrite         bool   `help:"Replace fields that are there already." default:"true"`

	*database.File[*rules]
	rules *rules // for the event at hand
}

// Start reads the rules.
func (c *Command) Start(_ context.Context, env *stage.Env) (err error) {
	c.File, err = database.Open(env, c.ConfigurationPath, func(path string) (*rules, error) {
		return load(path, c.CaseSensitive, env.Dictionary)
	})
	return err
}

// Process applies the rules to one event.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	c.rules = *c.Get()
	c.rules.begin(m)
	applied := 0
	for i := range c.rules.list {
		r := &c.rules.list[i]
		holds, err := c.rules.hold(r)
		if err != nil {
			return fmt.Errorf("rule %q: %w", r.name, err)
		}
		if !holds {
			continue
		}
		if err := c.apply(m, r); err != nil {
			return fmt.Errorf("rule %q: %w", r.name, err)
		}
		if applied++; applied == c.MaximumMatches {
			break
		}
		c.rules.begin(m)
	}
	return emit(m)
}

// apply sets the fields of a rule.
func (c *Command) apply(m *event.Message, r *rule) error {
	for _, a := range r.actions {
		v := a.value
		if a.template != nil {
			text, err := a.template.Execute(nil, func(name string, index []string) (harmonization.Value, bool) {
				if name == "msg" {
					return m.Value(index[0])
				}
				return c.rules.group(r, index[0], index[1])
			})
			if err != nil {
				return fmt.Errorf("%s: %w", a.key, err)
			}
			v = harmonization.Text(string(text))
		}
		if c.Overwrite || !m.Has(a.key) {
			m.SetValue(a.key, v)
		}
		if err := m.Err(); err != nil {
			return err
		}
	}
	return nil
}
