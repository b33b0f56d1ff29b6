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
// holds one; below extra they are a list. A message without an event, which is
// chat, makes none.
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
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/xmltree"
)

// Command has no flags of its own.
type Command struct{}

const maxMessage = 16 << 20 // bytes

// Process makes an event of each line, or of each element of a line that is XML, or of
// a report that is one document.
func (*Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	if feed.First(report) != '<' {
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
	lines := strings.Split(strings.TrimSpace(whole), "\n")
	if _, err := xmltree.Parse(lines[0]); err != nil && len(lines) > 1 && !strings.HasPrefix(strings.TrimSpace(lines[1]), "<message") {
		return one(report, whole, emit)
	}
	for _, line := range lines {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if err := one(report, line, emit); err != nil {
			return err
		}
	}
	return nil
}

// one makes events of a line, or of a document.
func one(report *event.Message, piece string, emit stage.Emit) error {
	var err error
	if strings.HasPrefix(strings.TrimSpace(piece), "<") {
		var root *xmltree.Node
		if root, err = xmltree.Parse(piece); err == nil {
			return elements(report, piece, root, emit)
		}
	}
	e := feed.Event(report, piece)
	var pairs []pair
	var seen string
	if err == nil {
		pairs, seen, err = text(piece)
	}
	if err != nil {
		e.Fail(err)
	} else {
		fill(e, pairs, seen)
	}
	return emit(e)
}

// elements makes events of the elements below n that are some.
func elements(report *event.Message, raw string, n *xmltree.Node, emit stage.Emit) error {
	if n.Name != "event" && n.Name != "e" {
		for _, child := range n.Children {
			if err := elements(report, raw, child, emit); err != nil {
				return err
			}
		}
		return nil
	}
	e := feed.Event(report, raw)
	if pairs, err := attributes(n); err != nil {
		e.Fail(err)
	} else {
		fill(e, pairs, "")
	}
	return emit(e)
}

// A pair is a key with one of its values.
type pair struct{ key, value string }

var errCompact = errors.New("a key or value of the compact form is not base64")

// attributes are the pairs of an element: attr with key and value, or, in base64, k
// and in it v.
func attributes(n *xmltree.Node) (list []pair, err error) {
	for _, a := range n.Children {
		switch a.Name {
		case "attr":
			list = append(list, pair{a.Attribute("key"), a.Attribute("value")})
		case "k":
			key, ok := decode(a.Attribute("a"))
			for _, v := range a.Children {
				value, ok2 := decode(v.Attribute("a"))
				ok = ok && ok2
				list = append(list, pair{key, value})
			}
			if !ok {
				return nil, errCompact
			}
		}
	}
	return list, nil
}

var (
	errPair  = errors.New("a key, = and a value are expected")
	errQuote = errors.New("a quote is never closed")
	errComma = errors.New("a comma is expected between two pairs")
)

// text reads the text form. What stands before the first key is a time.
func text(line string) (list []pair, seen string, err error) {
	rest := line
	for rest != "" {
		var p pair
		if p.key, rest, err = word(rest); err != nil {
			return nil, "", err
		}
		if len(list) == 0 && !strings.HasPrefix(rest, "=") && p.key != "" {
			seen = strings.TrimSpace(seen + " " + p.key)
			continue
		}
		if p.key == "" || !strings.HasPrefix(rest, "=") {
			return nil, "", errPair
		}
		if p.value, rest, err = word(rest[1:]); err != nil {
			return nil, "", err
		}
		list = append(list, p)
		if rest != "" && rest[0] != ',' {
			return nil, "", errComma
		}
		rest = strings.TrimSpace(strings.TrimPrefix(rest, ","))
	}
	if len(list) == 0 {
		return nil, "", errPair
	}
	return list, seen, nil
}

// word takes a key or value off the text: in quotes, where a backslash stands before
// quotes and backslashes, or up to a blank, a quote, = or a comma.
func word(text string) (word, rest string, err error) {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, `"`) {
		i := strings.IndexAny(text, " \t\"=,")
		if i < 0 {
			i = len(text)
		}
		return text[:i], strings.TrimSpace(text[i:]), nil
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return b.String(), strings.TrimSpace(text[i+1:]), nil
		case c == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", errQuote
}

// fill sets the fields for the pairs.
func fill(e *event.Message, pairs []pair, seen string) {
	var left []string // keys that go below extra
	done := map[string]bool{}
	for _, p := range pairs {
		switch field := field(p.key); {
		case p.key == "type":
			if !e.Has("classification.type") {
				e.Set("classification.type", typeOf(p.value))
			}
			left = append(left, p.key)
		case field == "" || done[p.key]:
			left = append(left, p.key)
		case !e.Has(field) || slices.Contains([]string{"feed.name", "feed.provider", "feed.url", "feed.code", "time.observation"}, field):
			e.SetIf(field, p.value)
		}
		done[p.key] = true
	}
	if !e.Has("time.source") {
		e.SetIf("time.source", seen)
	}
	if !e.Has("classification.type") {
		e.Set("classification.type", "undetermined")
	}
	slices.Sort(left)
	for _, key := range slices.Compact(left) {
		var values []string
		for _, p := range pairs {
			if p.key == key && p.value != "" {
				values = append(values, p.value)
			}
		}
		switch name := feed.ExtraKey(plain(key)); len(values) {
		case 0:
		case 1:
			e.Set(name, values[0])
		default:
			e.SetValue(name, list(values))
		}
	}
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
