package main

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	product "github.com/intelpipe/intelpipe/internal/json"
)

// Cases are written for people. Where a message has
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

const (
	rawKey  = `"raw":`
	message = `"message":`
)

// readable is what a case says of a text that came out.
func readable(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(readableLine(line))
	}
	if unreadable(b.String()) != text {
		return text // it has what only a case can have
	}
	return b.String()
}

func readableLine(line string) string {
	before, rest, ok := strings.Cut(line, message+`"`)
	if ok && strings.HasSuffix(rest, "\"}\n") {
		quoted := `"` + strings.TrimSuffix(rest, "}\n")
		var inner string
		if json.Unmarshal([]byte(quoted), &inner) == nil && strings.HasPrefix(inner, "{") && string(product.AppendString(nil, inner)) == quoted {
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

// unreadable is the text that a case stands for.
func unreadable(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if before, inner, ok := strings.Cut(line, message+"json"); ok && strings.HasSuffix(inner, "}\n") {
			line = before + message + string(product.AppendString(nil, unreadableRaw(strings.TrimSuffix(inner, "}\n")))) + "}\n"
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

// reportOf is the message that the section report of a case stands for.
func reportOf(section string) string {
	head, below, _ := strings.Cut(section, "\n")
	return strings.Replace(head, rawKey+"text", rawKey+`"`+base64.StdEncoding.EncodeToString([]byte(below))+`"`, 1) + "\n"
}

func TestReadable(t *testing.T) {
	for text, want := range map[string]string{
		`{"raw":"MTkyLjAuMi4xCg==","a":1}` + "\n":          `{"raw":text"192.0.2.1\n","a":1}` + "\n",
		`{"raw":"","a":1}`:                                 `{"raw":text"","a":1}`,
		`{"raw":"/w=="}`:                                   `{"raw":"/w=="}`,                                  // no text
		`{"raw":"MTkyLjAuMi4xCh=="}`:                       `{"raw":"MTkyLjAuMi4xCh=="}`,                      // base64 with bits behind its end
		`{"raw":"AGE="}`:                                   `{"raw":"AGE="}`,                                  // a NUL
		`{"raw":text"x"}`:                                  `{"raw":text"x"}`,                                 // nothing that can come out
		`{"a":"b","raw":"YQ==","c":{"raw":"Yg=="}}`:        `{"a":"b","raw":text"a","c":{"raw":text"b"}}`,     //
		`{"line":1,"message":"{\"raw\":\"YQ==\"}"}` + "\n": `{"line":1,"message":json{"raw":text"a"}}` + "\n", // of a dump
		`{"message":"{\u0022"}` + "\n":                     `{"message":"{\u0022"}` + "\n",                    // escaped in another way
		`{"message":"{","line":1}` + "\n":                  `{"message":"{","line":1}` + "\n",                 // something behind it
	} {
		if got := readable(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
		if want != text && unreadable(want) != text {
			t.Errorf("%s stands for %s", want, unreadable(want))
		}
	}
	if got := reportOf(`{"raw":text,"a":1}` + "\n192.0.2.1\nb\n"); got != `{"raw":"MTkyLjAuMi4xCmIK","a":1}`+"\n" {
		t.Errorf("got %s", got)
	}
}

// TestCasesAreReadable finds cases that hide from people what they say.
func TestCasesAreReadable(t *testing.T) {
	files, err := filepath.Glob("../../testdata/*/*.txtar")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(string(text), "\n") {
			if readable(line+"\n") != line+"\n" {
				t.Errorf("%s:%d: raw in base64 that is text, see INTELPIPE_UPDATE", file, n+1)
				break
			}
		}
	}
}
