// Package refang implements expert-refang.
//
// expert-refang: write indicators as they are meant, or so that nobody can click on them
//
// People defang what nobody shall click on: hxxp://www[.]example[.]org, and
// abuse[at]example(dot)org. In the fields of --fields such an indicator becomes
// http://www.example.org again. What comes out has to be valid for the field, or else the
// event goes into the dump. In free texts, as comment, each word is looked at, and changed
// only if an address, a URL, a mail address or the name of a host comes out.
//
// With --defang it is the other way round: http becomes hxxp, each point of a host [.],
// the @ of a mail address [at], and each colon of an IPv6 address [:]. What comes out is
// not valid in the data format, so this belongs right before an output for people. A
// field that was defanged before is not changed once more.
//
// By default the fields are the addresses, networks, names, URLs and accounts of both
// sides, event_description.url, event_description.text and comment. extra stands for all
// texts below it.
//
// # Examples
//
//	echo '{"source.url":"hxxp://www[.]example[.]org/a"}' | expert-refang
//	echo '{"source.ip":"192.0.2.1","comment":"see http://example.org/"}' |
//	  expert-refang --defang
package refang

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/indicator"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/refang"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says which fields are looked at.
type Command struct {
	Fields []string `help:"The fields to look at, those for indicators if none are named; extra stands for all below it." placeholder:"FIELD,…" field:"event,group"`
	Defang bool     `help:"Defang indicators."`

	extra bool
}

// Start finds out which fields are looked at.
func (c *Command) Start(_ context.Context, _ *stage.Env) error {
	if len(c.Fields) == 0 {
		for _, side := range event.Sides {
			for _, name := range own {
				c.Fields = append(c.Fields, side+name)
			}
		}
		c.Fields = append(c.Fields, "event_description.url", "event_description.text", "comment")
	}
	c.extra = slices.Contains(c.Fields, "extra")
	return nil
}

// own are the fields of a side that are looked at by default.
var own = [...]string{"ip", "network", "fqdn", "url", "reverse_dns", "local_ip", "local_hostname", "account", "abuse_contact"}

// Process changes the fields of one event.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	for _, key := range c.Fields {
		if err := c.field(m, key); err != nil {
			return err
		}
	}
	if c.extra {
		for _, key := range m.Keys() {
			if strings.HasPrefix(key, "extra.") {
				if err := c.field(m, key); err != nil {
					return err
				}
			}
		}
	}
	return emit(m)
}

// field changes one field, if there is a text in it and an indicator in that.
func (c *Command) field(m *event.Message, key string) error {
	v, ok := m.Value(key)
	if !ok || v.Kind != harmonization.String {
		return nil
	}
	change := refanged
	if c.Defang {
		change = defanged
	}
	text := ""
	if f, err := m.Dict().Field(harmonization.Event, key); err == nil && slices.Contains(whole[:], f.Type) {
		text = change(v.Text)
	} else {
		text = refang.Text(v.Text, func(word string) string {
			if !isIndicator(refanged(word)) {
				return word
			}
			return change(word)
		})
	}
	switch {
	case text == v.Text:
		return nil
	case c.Defang:
		m.SetText(key, json.AppendString(nil, text))
	default:
		m.Set(key, text)
	}
	if err := m.Err(); err != nil {
		return fmt.Errorf("%w, made of %.200q", err, v.Text)
	}
	return nil
}

// whole are the types of fields that hold one indicator, and no free text.
var whole = [...]string{"FQDN", "IPAddress", "IPNetwork", "URL"}

// isIndicator reports whether a word of a free text looks like an indicator. No top-level
// domain has one letter only, but abbreviations have.
func isIndicator(word string) bool {
	field := indicator.SourceField(word)
	return field != "" && (field != "source.fqdn" || strings.LastIndexByte(word, '.') < len(word)-2)
}

func refanged(word string) string {
	plain, _ := refang.Word(word)
	return plain
}

func defanged(word string) string {
	if _, was := refang.Word(word); was {
		return word
	}
	return refang.Defang(word)
}
