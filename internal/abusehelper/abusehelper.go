// Package abusehelper reads events of AbuseHelper in the forms that its rooms and
// archives have, and says which fields of the data format its keys and types are.
package abusehelper

import (
	"encoding/base64"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/xmltree"
)

// An Event is a set of keys and values. A key may have several values.
type Event []Pair

// A Pair is a key with one of its values.
type Pair struct{ Key, Value string }

// Elements returns the elements of a message that are events: event, and the compact e.
func Elements(n *xmltree.Node) (list []*xmltree.Node) {
	if n.Name == "event" || n.Name == "e" {
		return []*xmltree.Node{n}
	}
	for _, child := range n.Children {
		list = append(list, Elements(child)...)
	}
	return list
}

var errCompact = errors.New("a key or value of the compact form is not base64")

// Element reads an element: attr with key and value, or, in base64, k and in it v.
func Element(n *xmltree.Node) (list Event, err error) {
	for _, a := range n.Children {
		switch a.Name {
		case "attr":
			list = append(list, Pair{a.Attribute("key"), a.Attribute("value")})
		case "k":
			key, ok := decode(a.Attribute("a"))
			for _, v := range a.Children {
				value, ok2 := decode(v.Attribute("a"))
				ok = ok && ok2
				list = append(list, Pair{key, value})
			}
			if !ok {
				return nil, errCompact
			}
		}
	}
	return list, nil
}

// decode reads base64 of UTF-8.
func decode(text string) (string, bool) {
	data, err := base64.StdEncoding.DecodeString(text)
	return string(data), err == nil && utf8.Valid(data)
}

var (
	errPair  = errors.New("a key, = and a value are expected")
	errQuote = errors.New("a quote is never closed")
	errComma = errors.New("a comma is expected between two pairs")
)

// Text reads the text form: key=value, key=value. What stands before the first key, in
// an archive a time, is returned as it is.
func Text(line string) (list Event, before string, err error) {
	line = strings.TrimSpace(line)
	rest := line
	for rest != "" {
		var p Pair
		if p.Key, rest, err = word(rest); err != nil {
			return nil, "", err
		}
		if len(list) == 0 && !strings.HasPrefix(rest, "=") && p.Key != "" {
			before = strings.TrimSpace(line[:len(line)-len(rest)])
			continue
		}
		if p.Key == "" || !strings.HasPrefix(rest, "=") {
			return nil, "", errPair
		}
		if p.Value, rest, err = word(rest[1:]); err != nil {
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
	return list, before, nil
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
