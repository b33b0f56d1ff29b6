package check

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/archive"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/guess"
	"github.com/intelpipe/intelpipe/internal/json"
)

// shape is what a content looks like.
type shape struct {
	kind    string            // json, table, html, xml, text, packed or empty
	columns map[string]string // of a table or of objects, with the type of each
	cut     bool              // it ends in the middle
	page    string            // of HTML: what kind of page it seems to be
}

// sample is how much of a table is looked at.
const sample = 1 << 20

// maxFields bounds what is kept of a feed with many fields or columns, so that its state
// stays within a few kilobytes.
const maxFields = 60

// look looks at a content.
func look(content []byte) shape {
	head := content[:min(len(content), sample)]
	text := bytes.TrimLeft(content, "\xef\xbb\xbf \t\r\n")
	switch {
	case len(text) == 0:
		return shape{kind: "empty"}
	case archive.Detect(head) != archive.None:
		return shape{kind: "packed"}
	case isHTML(text):
		return shape{kind: "html", page: page(text[:min(len(text), sample)])}
	case text[0] == '<':
		return shape{kind: "xml"}
	case text[0] == '{' || text[0] == '[' && slices.Contains([]byte("{[\"]0123456789-tfn"), first(text[1:])):
		return objects(text)
	}
	s := shape{kind: "text"}
	t, err := guess.Sniff(head, len(head) == len(content), guess.Options{
		Dictionary: harmonization.Default(),
		Skip:       func(line []byte) bool { l := bytes.TrimSpace(line); return len(l) == 0 || l[0] == '#' || l[0] == ';' },
		Key:        func(name string) string { return "extra." + strings.ToLower(strings.ReplaceAll(name, " ", "_")) },
	})
	if err != nil {
		return s
	}
	s.kind, s.columns = "table", map[string]string{}
	for i, c := range t.Columns[:min(len(t.Columns), maxFields)] {
		name := strings.Trim(strings.TrimSpace(c.Name), `"`)
		if name == "" {
			name = fmt.Sprint(i + 1)
		}
		kind, _, _ := strings.Cut(c.Kind, " (")
		s.columns[name] = coarse(kind)
	}
	return s
}

func first(text []byte) byte {
	if text = bytes.TrimLeft(text, " \t\r\n"); len(text) > 0 {
		return text[0]
	}
	return ']'
}

// coarse puts kinds of values together that one list has today and tomorrow.
func coarse(kind string) string {
	switch {
	case strings.HasPrefix(kind, "time"), strings.Contains(kind, "since"), kind == "date":
		return "time"
	case strings.Contains(kind, "hash"):
		return "hash"
	case strings.Contains(kind, "address"), strings.HasPrefix(kind, "network"), strings.HasPrefix(kind, "domain"), strings.HasPrefix(kind, "URL"):
		return "indicator"
	case strings.Contains(kind, "number"), strings.HasPrefix(kind, "port"):
		return "number"
	case kind == "no values":
		return ""
	}
	return "text"
}

func isHTML(text []byte) bool {
	head := strings.ToLower(string(text[:min(len(text), 1024)]))
	return strings.HasPrefix(head, "<!doctype html") || strings.HasPrefix(head, "<html") || text[0] == '<' && strings.Contains(head, "<head")
}

// page says what a web page asks for.
func page(text []byte) string {
	lower := strings.ToLower(string(text))
	for _, k := range []struct {
		what  string
		words []string
	}{
		{"a login page", []string{`type="password"`, "type='password'", "type=password"}},
		{"a page that asks whether a person is reading it", []string{"captcha", "cf-challenge", "checking your browser", "enable javascript"}},
		{"a page that asks for a subscription", []string{"subscribe", "subscription", "upgrade your plan", "paywall", "pricing"}},
		{"a login page", []string{"log in", "login", "sign in"}},
	} {
		if slices.ContainsFunc(k.words, func(w string) bool { return strings.Contains(lower, w) }) {
			return k.what
		}
	}
	return "a web page"
}

// objects looks at JSON: which members its objects have, and whether its end is missing.
func objects(text []byte) shape {
	s := shape{kind: "json", columns: map[string]string{}, cut: isCut(text)}
	n := 0
	for e, err := range json.Documents(bytes.NewReader(text)) {
		if n++; err != nil || n > 200 {
			break
		}
		s.members("", e.Text, 0)
	}
	return s
}

// isCut says whether the end of JSON is missing, or of the last one of its lines.
func isCut(text []byte) bool {
	missing := func(text []byte) bool {
		var syntax *json.SyntaxError
		return errors.As(json.Check(string(text)), &syntax) && (syntax.Reason == "the end is missing" || strings.HasPrefix(syntax.Reason, "a string that is not closed"))
	}
	text = bytes.TrimSpace(text)
	first, _, several := bytes.Cut(text, []byte("\n"))
	if several && json.Valid(first) {
		text = text[bytes.LastIndexByte(text, '\n')+1:]
	}
	return missing(text)
}

// members takes note of the members of an object, and of objects in it.
func (s *shape) members(prefix string, text []byte, depth int) {
	var o event.Object
	if depth > 2 || o.ParseText(string(text)) != nil {
		return
	}
	for key, value := range o.Members {
		name := prefix + string(key)
		kind := "text"
		switch value[0] {
		case '{':
			s.members(name+".", value, depth+1)
			continue
		case '[':
			kind = "list"
			n := 0
			for e, err := range json.Elements(bytes.NewReader(value)) {
				if n++; err != nil || n > 200 {
					break
				}
				if e.Text[0] == '{' {
					s.members(name+"[].", e.Text, depth+1)
				}
			}
		case 't', 'f':
			kind = "boolean"
		case 'n':
			kind = ""
		case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			kind = "number"
		}
		if old, ok := s.columns[name]; ok && old != "" || !ok && len(s.columns) >= maxFields {
			continue
		}
		s.columns[name] = kind
	}
}
