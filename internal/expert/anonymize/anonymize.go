// Package anonymize implements expert-anonymize.
//
// expert-anonymize: replace addresses, names and accounts by pseudonyms of a secret key
//
// The same value gets the same pseudonym wherever it stands and in each run, as long as
// the key is the same, and nobody without the key finds out what it stood for. The key is
// 64 hexadecimal digits in a file: openssl rand -hex 32.
//
// --fields names a method for each field; fields that it does not name stay as they are.
//
//	address  an IP address or a network, by Crypto-PAn: addresses that agree
//	         in their first bits still agree in as many, and a network keeps
//	         its length. Other programs make the same of it with the same key
//	name     the name of a host or a domain, label by label: hosts of one domain
//	         are still of one domain. --keep-tld leaves the last label
//	mail     mail addresses, of which several may stand between commas: the domain
//	         as a name. An account without @ becomes a token
//	url      scheme and port stay, the host is an address or a name, and the rest
//	         becomes a token
//	token    anything, as 16 hexadecimal digits
//	remove   the field is removed
//
// By default this is done to the addresses, networks, names, URLs and accounts of both
// sides, and raw and the paths of URLs are removed. A value that a method cannot read, as
// a name in a field for addresses, puts its event into the dump, which has it as it came.
//
// Other fields may tell what was replaced. raw hides it, and is removed unless --fields
// names it. Any text or list in which one of the event's original values stands is removed
// as well, and each such field is named once on stderr. What a free text says about
// somebody else stays, and so do AS, country and time, which together with others can be
// enough to recognise somebody: expert-field-reducer removes what the reader need not have.
//
// # Examples
//
//	od -An -N32 -tx1 /dev/urandom | tr -d ' \n' > anonymize.key
//	echo '{"source.ip":"192.0.2.1","source.fqdn":"www.example.org"}' |
//	  expert-anonymize --key-file anonymize.key --keep-tld
//	echo '{"source.ip":"192.0.2.1","source.account":"joe@example.org"}' |
//	  expert-anonymize --key-file anonymize.key \
//	  --fields 'json:{"source.ip":"address","source.account":"remove"}'
package anonymize

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says what is replaced.
type Command struct {
	Key     stage.Secret `help:"The file that holds the key, 64 hexadecimal digits." name:"key-file" placeholder:"FILE" required:""`
	Fields  stage.Object `help:"The method for each field." placeholder:"json:{FIELD:METHOD}" field:"event"`
	KeepTLD bool         `name:"keep-tld" help:"Keep the last label of names."`

	env   *stage.Env
	rules []rule
	told  map[string]bool // fields that would have leaked something
}

type rule struct {
	field  string
	method method
}

// method makes a pseudonym of a value.
type method func(value string) (string, error)

// Start reads the key and the methods.
func (c *Command) Start(_ context.Context, env *stage.Env) error {
	c.env, c.told = env, map[string]bool{}
	key, err := hex.DecodeString(strings.TrimSpace(string(c.Key)))
	if err != nil || len(key) != keySize {
		return errors.New("--key-file: 64 hexadecimal digits are expected, as openssl rand -hex 32 writes them")
	}
	p, err := newPseudonyms(key, c.KeepTLD)
	if err != nil {
		return err
	}
	methods := map[string]method{
		"address": p.address, "name": p.name, "mail": p.mails, "url": p.url,
		"token":  func(value string) (string, error) { return p.token(value), nil },
		"remove": func(string) (string, error) { return "", nil },
	}
	if len(c.Fields) == 0 {
		c.Fields = defaults()
	}
	for _, field := range slices.Sorted(maps.Keys(c.Fields)) {
		name, _ := c.Fields[field].(string)
		m := methods[name]
		if m == nil {
			return fmt.Errorf("--fields: %s: %v is no method; there are %s", field, c.Fields[field], strings.Join(slices.Sorted(maps.Keys(methods)), ", "))
		}
		c.rules = append(c.rules, rule{field, m})
	}
	return nil
}

// defaults are the methods for the fields of both sides.
func defaults() stage.Object {
	object := stage.Object{"raw": "remove"}
	for _, side := range event.Sides {
		for method, names := range map[string]string{
			"address": "ip local_ip network",
			"name":    "fqdn reverse_dns local_hostname",
			"mail":    "account abuse_contact",
			"url":     "url",
			"remove":  "urlpath",
		} {
			for _, name := range strings.Fields(names) {
				object[side+name] = method
			}
		}
	}
	return object
}

// Process replaces what has a rule, and removes what would give that away.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	var originals []string
	for _, r := range c.rules {
		v, ok := m.Value(r.field)
		if !ok {
			continue
		}
		text := v.Text
		if v.Kind == harmonization.Compound && r.field != "raw" {
			text = v.Python()
		}
		pseudonym, err := r.method(text)
		if err != nil {
			return fmt.Errorf("%s: %w", r.field, err)
		}
		if r.field != "raw" {
			originals = append(originals, parts(text)...)
		}
		if pseudonym == "" {
			m.Remove(r.field)
			continue
		}
		if m.Set(r.field, pseudonym); m.Err() != nil {
			return m.Err()
		}
	}
	if !slices.ContainsFunc(c.rules, func(r rule) bool { return r.field == "raw" }) {
		m.Remove("raw")
	}
	c.stopLeaks(m, originals)
	return emit(m)
}

// parts are a value and what stands in it that would be recognised by itself: the parts
// of a mail address, the host of a URL.
func parts(value string) (all []string) {
	for _, part := range append(strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune("/@:,;? ", r) }), value) {
		if len(part) >= shortest && !slices.Contains(all, part) {
			all = append(all, strings.ToLower(part))
		}
	}
	return all
}

// shortest is how many bytes a value has at least by which somebody is recognised. Those
// of a URL's scheme are fewer.
const shortest = 6

// stopLeaks removes other fields in which one of the values stands that were replaced.
func (c *Command) stopLeaks(m *event.Message, originals []string) {
	if len(originals) == 0 {
		return
	}
	var leaks []string
	for key, text := range m.Fields() {
		name := string(key)
		if (text[0] == '"' || text[0] == '[' || text[0] == '{') && !c.names(name) {
			v, _ := m.Value(name)
			low := strings.ToLower(v.Text)
			if slices.ContainsFunc(originals, func(o string) bool { return strings.Contains(low, o) }) {
				leaks = append(leaks, name)
			}
		}
	}
	for _, name := range leaks {
		m.Remove(name)
		if !c.told[name] {
			c.told[name] = true
			c.env.Warn("%s is removed where a value stands in it that was replaced", plain.Quote(name))
		}
	}
}

func (c *Command) names(field string) bool {
	return field == "__type" || slices.ContainsFunc(c.rules, func(r rule) bool { return r.field == field })
}
