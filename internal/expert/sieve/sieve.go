// Package sieve implements expert-sieve.
//
// expert-sieve: filter, change and route events by a file of rules
//
// The file of --file holds rules, in the language of IntelMQ's sieve expert. They run
// from top to bottom, each on the event as the rules above have left it. An event that
// reaches the end passes on.
//
//	if source.ip << '192.0.2.0/24' && :notexists source.abuse_contact {
//	  add source.abuse_contact = 'noc@example.org'
//	} elif classification.type :in ['test', 'other'] || feed.accuracy < 20 {
//	  drop
//	} else {
//	  remove extra.internal        # a comment, as // begins one
//	}
//
// Of if, elif and else, the first branch whose condition is true runs. && and || join
// conditions, && binds tighter; parentheses group them, and one ! inverts what follows.
// Write field names, numbers, true and false without quotes, and texts in ' or ". A text
// may span lines. A backslash before a quote makes the quote part of the text; any other
// backslash is part of the text itself.
//
// # Conditions
//
//	KEY == VALUE, KEY != VALUE     equal, unequal to a text, number or boolean
//	KEY < NUMBER, <=, >, >=        compare numbers
//	KEY :contains TEXT             the text is part of the field
//	KEY =~ TEXT, KEY !~ TEXT       a regular expression in Python's syntax matches
//	                               somewhere in the field, or does not; look-around
//	                               and back-references are not supported
//	KEY << NETWORK                 the address is in the network, or one of a list
//	KEY :before TIME, :after TIME  a time such as '2026-01-31 12:00', in UTC, or a
//	                               span back from now such as '3 days'
//	KEY :in [VALUE, ...]           equal to one of these texts, or of these numbers
//	KEY :containsany [TEXT, ...]   one of the texts is part of the field
//	KEY :regexin [TEXT, ...]       one of the expressions matches
//	:exists KEY, :notexists KEY    the field is there, is not there
//	KEY :equals [VALUE, ...]       a list with these elements in this order
//	KEY :setequals [VALUE, ...]    a list with the same elements in any order
//	KEY :overlaps [VALUE, ...]     a list with at least one of these elements
//	KEY :subsetof [VALUE, ...]     a list without any other elements
//	KEY :supersetof [VALUE, ...]   a list with all of these elements
//
// If the field is missing the condition is false; only != and !~ with a text are true.
// Values of different types are never equal: '80' is not 80. :contains, =~ and !~ also
// search numbers, booleans, lists and objects, in the form that Python writes; objects
// are searched as JSON. :containsany and :regexin fail if the field is not a text. The
// key extra stands for all fields below it, as one text of JSON.
//
// # Actions
//
//	add KEY = VALUE     set the field if it is not there
//	add! KEY = VALUE    set the field
//	update KEY = VALUE  set the field if it is there
//	add! KEY += SPAN    move a time forward by '1 hour', with -= back; also update
//	append KEY VALUE    append to a list, or begin one; leave other values alone
//	append! KEY VALUE   the same, but make a list of another value first
//	remove KEY          remove the field; remove extra removes all below it
//	path NAME           send the event where --to NAME=DEST leads, and not to the
//	                    output; path ['a', 'b'] sends it to both. The name
//	                    _default is the output. The last path counts
//	keep                stop here and pass the event on
//	drop                stop here and drop the event
//	$name = KEY         set a variable to the value of the field. Below, it may
//	                    stand for a key or a value, but not behind << and path
//
// An event fails, and goes to the dump as it came in, if a field refuses its value, if a
// variable has no value or one of the wrong type, or if a path leads nowhere. Mistakes in
// the rules end the command at the start, with line and column. It also warns of
// conditions that are never true.
//
// --check prints all mistakes and warnings and exits, with code 2 if there are mistakes.
// The command reads a file that is replaced again within two seconds, or at once on
// SIGHUP. If the new rules have a mistake it keeps the old ones.
//
// # Examples
//
//	echo "if source.port :in [80, 443] { add protocol.application = 'http' }
//	  if classification.type == 'test' { drop }
//	  if source.geolocation.cc != 'AT' { path 'abroad' }" > rules.sieve
//	expert-sieve --check --file rules.sieve
//	echo '{"source.port":443,"source.geolocation.cc":"AT"}' |
//	  expert-sieve --file rules.sieve
//	echo '{"source.port":22,"source.geolocation.cc":"DE"}' |
//	  expert-sieve --file rules.sieve --to abroad=out.ndjson && cat out.ndjson
package sieve

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup/database"
	"github.com/intelpipe/intelpipe/internal/sieve/rules"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says where the rules are.
type Command struct {
	File  string `help:"Read the rules from FILE." placeholder:"FILE" required:""`
	Check bool   `help:"Check the rules, print what is wrong, and exit."`

	env   *stage.Env
	rules *database.File[*rules.Rules]
}

// usual is the path that leads to the next stage.
const usual = "_default"

// Paths says that the rules name them.
func (*Command) Paths() []string { return nil }

// Errand is --check.
func (c *Command) Errand() stage.Runner {
	if c.Check {
		return checking(c.File)
	}
	return nil
}

// Start reads the rules.
func (c *Command) Start(_ context.Context, env *stage.Env) (err error) {
	c.env = env
	c.rules, err = database.Open(env, c.File, c.load)
	return err
}

// Reload reads the rules again.
func (c *Command) Reload(ctx context.Context) error { return c.rules.Reload(ctx) }

// load reads the rules, and tells what they do in vain.
func (c *Command) load(path string) (*rules.Rules, error) {
	r, err := rules.Load(path, c.env.Dictionary)
	if err != nil {
		return nil, err
	}
	for _, doubt := range r.Doubts {
		c.env.Warn("%s", doubt)
	}
	told := map[string]bool{}
	for _, p := range r.Paths {
		if !told[p.Name] && p.Name != usual && c.env.Path(p.Name) == nil {
			told[p.Name] = true
			c.env.Warn("%s: the path %s leads nowhere, and events that take it fail; give --to %s=DEST", p.Place, p.Name, p.Name)
		}
	}
	r.Use(c.env.Now, c.env.Warn)
	return r, nil
}

// Process applies the rules to one event.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	end, paths, err := (*c.rules.Get()).Apply(m)
	switch {
	case err != nil:
		return err
	case end == rules.Drop:
		return nil
	case len(paths) == 0:
		return emit(m)
	}
	routes := make([]stage.Route, len(paths))
	for i, p := range paths {
		if routes[i] = c.env.Path(p.Name); p.Name == usual {
			routes[i] = func(m *event.Message, emit stage.Emit) error { return emit(m) }
		} else if routes[i] == nil {
			return fmt.Errorf("%s: the path %s leads nowhere; give --to %s=DEST", p.Place, p.Name, p.Name)
		}
	}
	for i, to := range routes {
		copied := m
		if i < len(routes)-1 {
			copied = m.Clone()
		}
		if err := to(copied, emit); err != nil {
			return err
		}
	}
	return nil
}

// checking is the file of rules that --check reads.
type checking string

// Run tells all mistakes, and what the rules do in vain.
func (file checking) Run(_ context.Context, env *stage.Env, _ io.Writer) error {
	r, err := rules.Load(string(file), env.Dictionary)
	var mistakes rules.Mistakes
	if errors.As(err, &mistakes) && len(mistakes) > 1 {
		for _, mistake := range mistakes {
			env.Warn("%v", mistake)
		}
		err = fmt.Errorf("%s: %d mistakes", string(file), len(mistakes))
	}
	if err != nil {
		return stage.Usage(err)
	}
	for _, doubt := range r.Doubts {
		env.Warn("%s", doubt)
	}
	return nil
}
