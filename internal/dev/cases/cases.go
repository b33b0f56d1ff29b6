// Package cases is how the cases in testdata are written, which is for people. Where
// a message has
//
//	"raw":"MTkyLjAuMi4xCg=="
//
// a case says, behind the word text and in quotes as Go has them,
//
//	"raw":text"192.0.2.1\n"
//
// and the message of a dump's entry, which is JSON in a string, stands there as it
// is, behind the word json. Neither is JSON, so that it cannot be taken for what
// came out. A report with many lines may stand in a section of its own: its first
// line is the message, in which "raw":text stands for what is below.
//
//	-- report --
//	{"feed.url":"https://example.org/ssh.txt","raw":text,"__type":"Report"}
//	192.0.2.1
//	192.0.2.2
//
// Raw that is not base64 as it is written here, or no text, stays as it is: for
// each text that can come out there is one that a case has, and the other way round.
package cases

import (
	"encoding/base64"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/json"
)

const (
	rawKey  = `"raw":`
	message = `"message":`
)

// Readable is what a case says of a text that came out.
func Readable(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(readableLine(line))
	}
	if Unreadable(b.String()) != text {
		return text // it has what only a case can have
	}
	return b.String()
}

func readableLine(line string) string {
	before, rest, ok := strings.Cut(line, message+`"`)
	if ok && strings.HasSuffix(rest, "\"}\n") {
		quoted := `"` + strings.TrimSuffix(rest, "}\n")
		var inner string
		if json.Unmarshal([]byte(quoted), &inner) == nil && strings.HasPrefix(inner, "{") && string(json.AppendString(nil, inner)) == quoted {
			return readableRaw(before) + message + "json" + readableRaw(inner) + "}\n"
		}
	}
	return readableRaw(line)
}

func readableRaw(line string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(line, rawKey+`"`)
		code, after, closed := strings.Cut(rest, `"`)
		if !ok || !closed {
			b.WriteString(line)
			return b.String()
		}
		b.WriteString(before + rawKey)
		text, err := base64.StdEncoding.Strict().DecodeString(code)
		if err == nil && isText(string(text)) {
			b.WriteString("text" + strconv.Quote(string(text)))
		} else {
			b.WriteString(`"` + code + `"`)
		}
		line = after
	}
}

// isText tells what a person can read.
func isText(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool {
		return unicode.IsControl(r) && !strings.ContainsRune("\t\r\n", r)
	}) < 0
}

// Unreadable is the text that a case stands for.
func Unreadable(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if before, inner, ok := strings.Cut(line, message+"json"); ok && strings.HasSuffix(inner, "}\n") {
			line = before + message + string(json.AppendString(nil, unreadableRaw(strings.TrimSuffix(inner, "}\n")))) + "}\n"
		}
		b.WriteString(unreadableRaw(line))
	}
	return b.String()
}

func unreadableRaw(line string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(line, rawKey+`text"`)
		quoted, err := strconv.QuotedPrefix(`"` + rest)
		if !ok || err != nil {
			b.WriteString(line)
			return b.String()
		}
		text, _ := strconv.Unquote(quoted)
		b.WriteString(before + rawKey + `"` + base64.StdEncoding.EncodeToString([]byte(text)) + `"`)
		line = rest[len(quoted)-1:]
	}
}

// Report is the message that the section report of a case stands for.
func Report(section string) string {
	head, below, _ := strings.Cut(section, "\n")
	return strings.Replace(head, rawKey+"text", rawKey+`"`+base64.StdEncoding.EncodeToString([]byte(below))+`"`, 1) + "\n"
}
