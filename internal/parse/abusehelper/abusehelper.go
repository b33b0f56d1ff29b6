// Package abusehelper implements parse-abusehelper.
//
// parse-abusehelper: parse events of AbuseHelper, out of its rooms and archives
//
// An event is a line of keys and values, perhaps with a time before it, or an
// element event or e of a message in XML, with the namespace abusehelper#event:
//
//	ip=192.0.2.1, type="botnet drone", "source time"="2026-01-31 10:20:30Z"
//	<event xmlns="abusehelper#event"><attr key="ip" value="192.0.2.1"/></event>
//
// Keys that AbuseHelper's bots use become fields, and any other is kept below
// extra. Of a key with several values the first becomes the field, where that
// holds one; below extra they are a list. If two keys mean the same field, the
// second is kept below extra, too. The time before the line is time.source where
// no key says that, and else extra.archive_time. A message without an event, which
// is chat, makes none.
//
// A document that stands in several lines may have 16 MiB. If a message has several
// events, each has its own element in raw.
//
// # Examples
//
//	echo 'ip=192.0.2.1, type="c&c", "malware family"=mirai' | parse-abusehelper
//	echo '2026-01-31 10:20:30 ip=192.0.2.1, type=spam' |
//	  parse-abusehelper --name Room
//
//intelpipe:full
package abusehelper

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/abusehelper"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/xmltree"
)

// Command has no flags of its own.
type Command struct{}

const maxMessage = 16 << 20 // bytes

// peeked is how much of a report tells how it is written, in bytes.
const peeked = 64 << 10

// Process makes an event of each line, or of each element of a line that is XML, or of
// a report that is one document.
func (*Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	if feed.First(report) != '<' || byLines(report.Peek(peeked)) {
		for line := range feed.Lines(report, emit) {
			if err := one(report, line, emit); err != nil {
				return err
			}
		}
		return nil
	}
	whole, err := feed.Text(report, maxMessage)
	if err != nil {
		return err
	}
	return one(report, whole, emit)
}

// byLines reports whether each line of a text is a document: if not the first one, that
// may be broken, the second one says so.
func byLines(head []byte) bool {
	first, rest, more := bytes.Cut(bytes.TrimSpace(head), []byte("\n"))
	if _, err := xmltree.Parse(string(first)); err == nil || !more {
		return true
	}
	return !bytes.HasPrefix(first, []byte("<?")) && bytes.HasPrefix(bytes.TrimSpace(rest), []byte("<message"))
}

// one makes events of a line, or of a document.
func one(report *event.Message, piece string, emit stage.Emit) error {
	if !strings.HasPrefix(strings.TrimSpace(piece), "<") {
		e := feed.Event(report, piece)
		if pairs, before, err := abusehelper.Text(piece); err != nil {
			e.Fail(err)
		} else {
			fill(e, pairs, before)
		}
		return emit(e)
	}
	root, err := xmltree.Parse(piece)
	if err != nil {
		e := feed.Event(report, piece)
		e.Fail(err)
		return emit(e)
	}
	found := abusehelper.Elements(root)
	for _, n := range found {
		raw := piece
		if len(found) > 1 {
			raw = piece[n.From:n.To]
		}
		e := feed.Event(report, raw)
		if pairs, err := abusehelper.Element(n); err != nil {
			e.Fail(err)
		} else {
			fill(e, pairs, "")
		}
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

// inherited are fields that an event has from its report, and that its own replace.
var inherited = []string{"feed.name", "feed.provider", "feed.url", "feed.code", "time.observation"}

// fill sets the fields for the pairs. What is left goes below extra.
func fill(e *event.Message, pairs abusehelper.Event, before string) {
	done := map[string]string{} // the key that has set a field
	left := map[string]bool{}   // keys that are kept with all their values
	for _, p := range pairs {
		field := abusehelper.Field(p.Key)
		switch {
		case p.Value == "":
		case p.Key == "type":
			if !e.Has("classification.type") {
				e.Set("classification.type", abusehelper.Type(p.Value))
			}
			left[p.Key] = true
		case field != "" && done[field] == "" && (!e.Has(field) || slices.Contains(inherited, field)):
			done[field] = p.Key
			e.Set(field, p.Value)
		default:
			left[p.Key] = true
		}
	}
	if e.Has("time.source") {
		e.SetIf("extra.archive_time", before)
	} else {
		e.SetIf("time.source", before)
	}
	if !e.Has("classification.type") {
		e.Set("classification.type", "undetermined")
	}
	values := map[string][]string{}
	var names []string
	for _, p := range pairs {
		if p.Value == "" || !left[p.Key] {
			continue
		}
		name := feed.ExtraKey(plain(p.Key))
		if values[name] == nil {
			names = append(names, name)
		}
		values[name] = append(values[name], p.Value)
	}
	slices.Sort(names)
	for _, name := range names {
		if all := values[name]; len(all) == 1 {
			e.Set(name, all[0])
		} else {
			e.SetValue(name, list(all))
		}
	}
}

// plain makes one _ of each run of characters that a key may not have.
func plain(key string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(key), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "_")
}

func list(values []string) harmonization.Value {
	text := []byte{'['}
	for i, v := range values {
		if i > 0 {
			text = append(text, ", "...)
		}
		text = harmonization.Text(v).AppendJSON(text)
	}
	return harmonization.JSON(string(append(text, ']')))
}
