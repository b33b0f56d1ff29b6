package catalogue

import (
	"fmt"
	"strings"

	"github.com/intelpipe/intelpipe/internal/json"
)

// document is the text of a file.
type document struct {
	name string // of the file
	text string
}

// place is FILE:LINE:COLUMN of an offset.
func (d *document) place(offset int) string { return json.Place(d.name, d.text, offset) }

// wrong is an error with its place.
func (d *document) wrong(offset int, format string, args ...any) error {
	return fmt.Errorf("%s: %w", d.place(offset), fmt.Errorf(format, args...))
}

// node is a value of a document that knows where it stands.
type node struct {
	at      int
	text    string // as it is written
	members []member
	items   []node
}

type member struct {
	key   string
	at    int // of the key
	value node
}

// Word is one of a command line.
type Word struct {
	Text string
	at   int  // in the file
	done bool // <NAME> in it means nothing
}

// parse reads the document, which has to be right: no key is there twice.
func (d *document) parse() (node, error) {
	if err := json.CheckOnce(d.text); err != nil {
		return node{}, json.InFile(d.name, err)
	}
	n, _ := d.value(d.space(0))
	return n, nil
}

// value reads the value that begins at i, and returns what follows it.
func (d *document) value(i int) (n node, end int) {
	end = json.Skip(d.text, i)
	n = node{at: i, text: d.text[i:end]}
	switch d.text[i] {
	case '{':
		for i = d.space(i + 1); d.text[i] != '}'; {
			m := member{at: i}
			behind := json.Skip(d.text, i)
			m.key, _ = json.Unquote(d.text[i:behind])
			m.value, i = d.value(d.space(d.space(behind) + 1))
			n.members = append(n.members, m)
			i = d.comma(i)
		}
	case '[':
		for i = d.space(i + 1); d.text[i] != ']'; {
			var item node
			item, i = d.value(i)
			n.items = append(n.items, item)
			i = d.comma(i)
		}
	}
	return n, end
}

func (d *document) space(i int) int {
	for i < len(d.text) && strings.IndexByte(" \t\r\n", d.text[i]) >= 0 {
		i++
	}
	return i
}

func (d *document) comma(i int) int {
	if i = d.space(i); d.text[i] == ',' {
		i = d.space(i + 1)
	}
	return i
}

// string is the text of a string.
func (d *document) string(n node) (string, error) {
	text, ok := json.Unquote(n.text)
	switch {
	case !ok:
		return "", d.wrong(n.at, "a text in quotes is expected")
	case text == "":
		return "", d.wrong(n.at, "the text is empty: leave the member out")
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "", d.wrong(n.at, "the text has a control character")
	}
	return text, nil
}

// strings are the texts of an object.
func (d *document) strings(n node) (map[string]string, error) {
	if !strings.HasPrefix(n.text, "{") {
		return nil, d.wrong(n.at, `an object is expected, such as {"name": "text"}`)
	}
	texts := map[string]string{}
	for _, m := range n.members {
		text, err := d.string(m.value)
		if err != nil {
			return nil, err
		}
		if !isWord(m.key) {
			return nil, d.wrong(m.at, "a name of lower-case letters, digits, - and _ is expected")
		}
		texts[m.key] = text
	}
	return texts, nil
}

// words are those of a command line.
func (d *document) words(n node) (words []Word, err error) {
	if len(n.items) == 0 {
		return nil, d.wrong(n.at, `a list with a command and its flags is expected, such as ["collect-http", "--http-url", "https://example.org/list.txt"]`)
	}
	for _, item := range n.items {
		text, ok := json.Unquote(item.text)
		if !ok {
			return nil, d.wrong(item.at, "a text in quotes is expected")
		}
		words = append(words, Word{Text: text, at: item.at})
	}
	return words, nil
}

// isWord tells what can be a name on a command line.
func isWord(text string) bool {
	return text != "" && len(text) <= 60 && text[0] != '-' && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}
