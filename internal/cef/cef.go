// Package cef reads the Common Event Format of ArcSight: a header of columns, and keys
// with values behind it.
package cef

import (
	"errors"
	"fmt"
	"strings"
)

// An Event is what a line says.
type Event struct {
	Above     string // what stands before the format, such as a header of syslog
	Vendor    string
	Product   string
	Version   string // of the product
	Signature string
	Name      string
	Severity  string // a number from 0 to 10, or a word
	Extension Extension
}

// Extension are keys and values in their order, under the short names of keys.
type Extension []Pair

// Pair is a key with its value.
type Pair struct{ Key, Value string }

// Get is the first value of a key, or "".
func (x Extension) Get(key string) string {
	for _, p := range x {
		if p.Key == key {
			return p.Value
		}
	}
	return ""
}

const (
	maxKey   = 256 // bytes
	maxPairs = 1000
)

var (
	errNone   = errors.New("there is no CEF: and a version in the line")
	errHeader = errors.New("seven columns with | between them are expected from CEF: on")
	errPairs  = errors.New("what follows the header is not in the form key=value")
)

// Parse reads a line.
func Parse(line string) (*Event, error) {
	i := start(line)
	if i < 0 {
		return nil, errNone
	}
	c, rest := columns(line[i:], 7)
	if len(c) < 7 {
		return nil, errHeader
	}
	x, err := pairs(rest)
	if err != nil {
		return nil, err
	}
	x.rename()
	return &Event{Above: line[:i], Vendor: c[1], Product: c[2], Version: c[3], Signature: c[4], Name: c[5], Severity: c[6], Extension: x}, nil
}

// start is where the format begins in a line, or -1.
func start(line string) int {
	for at := 0; ; {
		i := strings.Index(line[at:], "CEF:")
		if i < 0 {
			return -1
		}
		at += i
		if version := strings.TrimLeft(line[at+4:], " "); version != "" && version[0]-'0' <= 9 {
			return at
		}
		at += 4
	}
}

// columns takes n columns with | between them off a line; a backslash stands before a |
// or a backslash that belongs to a column. Behind the last one there may be no |.
func columns(line string, n int) (list []string, rest string) {
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && i+1 < len(line) && (line[i+1] == '|' || line[i+1] == '\\'):
			i++
			b.WriteByte(line[i])
		case c == '|':
			list = append(list, strings.TrimSpace(b.String()))
			b.Reset()
			if len(list) == n {
				return list, line[i+1:]
			}
		default:
			b.WriteByte(c)
		}
	}
	if last := strings.TrimSpace(b.String()); last != "" {
		list = append(list, last)
	}
	return list, ""
}

// isKey reports whether a text is made of letters and digits, as keys are.
func isKey(text string) bool {
	return text != "" && len(text) <= maxKey && strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-[]") == ""
}

// pairs takes keys and values apart. A value goes on to the blank before the next key;
// = and \ in it have a backslash before them, but an = that nobody could take for the
// end of a key is read as well.
func pairs(text string) (list Extension, err error) {
	text = strings.TrimSpace(text)
	value, word := 0, 0 // where the value of the last key and the last word begin
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case ' ', '\t':
			word = i + 1
		case '=':
			if len(list) > 0 && word == value || !isKey(text[word:i]) {
				continue
			}
			if len(list) > 0 {
				list[len(list)-1].Value = unescape(text[value:word])
			} else if word > 0 {
				return nil, errPairs
			}
			if list = append(list, Pair{Key: text[word:i]}); len(list) > maxPairs {
				return nil, fmt.Errorf("more than %d keys", maxPairs)
			}
			value, word = i+1, i+1
		}
	}
	if len(list) > 0 {
		list[len(list)-1].Value = unescape(text[value:])
	} else if text != "" {
		return nil, errPairs
	}
	return list, nil
}

func unescape(text string) string {
	text = strings.TrimSpace(text)
	if strings.IndexByte(text, '\\') < 0 {
		return text
	}
	return strings.NewReplacer(`\\`, `\`, `\=`, `=`, `\|`, `|`, `\n`, "\n", `\r`, "\r").Replace(text)
}

// names are the keys for ArcSight's long names.
var names = [][2]string{
	{"sourceAddress", "src"},
	{"sourcePort", "spt"},
	{"sourceHostName", "shost"},
	{"sourceUserName", "suser"},
	{"destinationAddress", "dst"},
	{"destinationPort", "dpt"},
	{"destinationHostName", "dhost"},
	{"destinationUserName", "duser"},
	{"transportProtocol", "proto"},
	{"applicationProtocol", "app"},
	{"requestUrl", "request"},
	{"deviceReceiptTime", "rt"},
	{"startTime", "start"},
	{"endTime", "end"},
	{"deviceTimeZone", "dtz"},
}

// labelled are keys that mean an address if their label says so.
var labelled = [][3]string{
	{"c6a2", "source ipv6 address", "src"},
	{"c6a3", "destination ipv6 address", "dst"},
}

// rename gives all keys their short names. An IPv6 address loses its label.
func (x Extension) rename() {
	for i := range x {
		for _, n := range names {
			if x[i].Key == n[0] {
				x[i].Key = n[1]
			}
		}
	}
	for _, l := range labelled {
		if !strings.EqualFold(x.Get(l[0]+"Label"), l[1]) {
			continue
		}
		for i := range x {
			switch x[i].Key {
			case l[0]:
				x[i].Key = l[2]
			case l[0] + "Label":
				x[i].Value = ""
			}
		}
	}
}
