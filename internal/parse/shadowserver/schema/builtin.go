package schema

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/harmonization/vocabulary"
)

// table says what it has in its first lines. Only the line of the type that is
// wanted is read, and once, if any is, what all of them refer to.
//
//go:embed reports.txt
var table string

// documentation is where the pages of the types are.
const documentation = "https://www.shadowserver.org/what-we-do/network-reporting/"

// Builtin is the schema that is built in. It also has _scan and _event, which stand
// in for types that nobody knows.
type Builtin struct{}

// ByFile returns the type that files are named after.
func (Builtin) ByFile(name string) (*Type, error) { return find(0, name), nil }

// ByFeed returns the type of a feed.
func (Builtin) ByFeed(name string) (*Type, error) { return find(1, name), nil }

// find looks for the line that has a text in one of its cells.
func find(cell int, name string) *Type {
	for line := range strings.Lines(table) {
		if !strings.Contains(line, name) {
			continue
		}
		if cells, ok := cellsOf(line); ok && name != "" && cells[cell] == name {
			return typeOf(cells)
		}
	}
	return nil
}

// cellsOf takes the line of a type apart.
func cellsOf(line string) (cells []string, ok bool) {
	if line[0] == '#' || strings.Count(line, "|") != 6 {
		return nil, false
	}
	cells = strings.Split(line, "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells, true
}

func typeOf(cells []string) *Type {
	t := &Type{File: cells[0], Feed: cells[1], Lenient: true}
	if cells[6] != "" {
		t.URL = documentation + cells[6]
	}
	taxonomy, _ := vocabulary.Taxonomy(cells[2])
	application, transport, _ := strings.Cut(cells[4], "/")
	for _, c := range [][2]string{
		{"classification.identifier", cells[3]},
		{"classification.taxonomy", taxonomy},
		{"classification.type", cells[2]},
		{"protocol.application", application},
		{"protocol.transport", transport},
	} {
		if c[1] != "" {
			t.Constants = append(t.Constants, Constant{c[0], harmonization.Text(c[1])})
		}
	}
	t.add(cells[5])
	return t
}

// add adds columns, and those of groups.
func (t *Type) add(tokens string) {
	w := words()
	for token := range strings.FieldsSeq(tokens) {
		if token[0] == '@' {
			t.add(w.groups[token])
			continue
		}
		name, required := strings.CutSuffix(token, "!")
		c, known := w.columns[name]
		if !known {
			c = columnOf(name, "text")
		}
		c.Required = required
		t.Columns = append(t.Columns, c)
	}
}

// columnOf reads NAME=FIELD:READING; without the last, reading is meant.
func columnOf(token, reading string) Column {
	spec, own, ok := strings.Cut(token, ":")
	if ok {
		reading = own
	}
	from, to, _ := strings.Cut(spec, "=")
	c := Column{From: from, To: to, Function: reading}
	switch {
	case to == "":
		c.To = "extra."
	case to[0] == '.':
		c.To = "extra" + to
	}
	for i := range functions {
		if functions[i].reading == reading {
			c.Function = functions[i].name
		}
	}
	if reading == "asis" {
		c.Function = ""
	}
	return c
}

// meanings are what words of columns stand for.
type meanings struct {
	groups  map[string]string // by @NAME
	columns map[string]Column // those that are not just text
}

var words = sync.OnceValue(func() meanings {
	w := meanings{map[string]string{}, map[string]Column{}}
	head := ""
	for line := range strings.Lines(table) {
		rest := line
		switch line[0] {
		case '@', ':':
			head, rest, _ = strings.Cut(line, " ")
		case ' ':
		default:
			head = ""
		}
		switch {
		case head == "":
		case head[0] == '@':
			w.groups[head] += rest
		default:
			for token := range strings.FieldsSeq(rest) {
				c := columnOf(token, head[1:])
				w.columns[c.From] = c
			}
		}
	}
	return w
})
