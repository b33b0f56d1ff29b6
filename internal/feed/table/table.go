// Package table is the engine of package feed for columns and members: a Table is
// compiled for the columns of a report, and its Plan fills an event for each row.
// Whoever writes a parser uses it by the names that feed gives it.
package table

import (
	"errors"

	"github.com/intelpipe/intelpipe/internal/event"
)

// Table says what becomes of the rows of a feed. It is data and should read like
// the feed's own documentation:
//
//	var Table = feed.Table{
//		Format: feed.CSV{Names: true},
//		Rows: []feed.Column{
//			{From: "first_seen_utc", To: "time.source", Convert: "utc"},
//			{From: "dst_ip", To: "source.ip", Need: feed.Required},
//			{From: "dst_port", To: "source.port"},
//			{From: "threat", To: "classification.type", Words: feed.Words{{"cc", "c2-server"}, {"*", "other"}}},
//		},
//		Const: feed.Words{{"feed.documentation", "https://example.org/"}},
//	}
//
// A package with such a variable is a command; one that has more to do embeds Parser
// and calls its Parse. An event gets, in this order, what
// Rows say, what After does, Const, the defaults of Rows that have neither From
// nor Text, and Rest. A table is written with slices alone, since the maps of all
// commands would be made whenever any of them starts.
type Table struct {
	// Format says how the report is written: CSV, Line or JSON.
	Format Format

	// List is an example of the name of a list, without which nothing can be known
	// of the rows: a report that has none fails.
	List string

	// Split makes several events of one row.
	Split Split

	// Rows says which field each column becomes.
	Rows []Column

	// Cases says which fields depend on a word in one of the columns.
	Cases Cases

	// Const has fields that are the same in all events, whatever they were before.
	Const Words

	// Rest says what becomes of columns that no row names.
	Rest Rest

	// KeepEmpty stores "-" and "N/A", which elsewhere stand for no value, in fields
	// below extra.
	KeepEmpty bool

	// SkipBlank makes no event of a row that gives none of its fields a value. If
	// that is because no soft value fits, the row fails.
	SkipBlank bool

	// After does to an event what rows cannot say. An error makes the row fail;
	// ErrSkip leaves it out.
	After func(e *event.Message, row *Record) error
}

// ErrSkip is what After returns for a row that shall make no event.
var ErrSkip = errors.New("the row makes no event")

// Column says what becomes of one column of a row, or of one member of an object.
type Column struct {
	// From is the name of the column; of several, as in "isotime|discover_time",
	// the first that has a value counts. A number counts columns from 1. A member
	// of a nested object is named with dots, as in "location.country" and, in a
	// list, "details.0.ip". "report:feed.url" is a field of the report, and List is
	// the name of the list.
	From string

	// Text is a value made of several columns: "{start}/{mask}". It stands in place
	// of From. A brace is {{ or }}.
	Text string

	// To is the field; of several, as in "source.ip|source.fqdn", the first that
	// the value fits; behind a last | what fits none is left out, as in
	// "source.ip|". "extra." is the field below extra that is named like the column.
	// Without To the column is looked at, as Need and Words say, and left out, and
	// Rest does not see it.
	To string

	// If is for a value whose meaning stands in another column: {"ioc_type", "domain"}
	// takes it only where the column ioc_type has the word domain.
	If [2]string

	// Need says what happens if there is no value, or a wrong one.
	Need Need

	// Convert names what is done to the value first, as in "lower" and
	// "time %d.%m.%Y"; steps are separated by |. See the list of converters.
	Convert string

	// With is a converter of the command's own, which comes after Convert. It is
	// also given values that are empty.
	With Converter

	// Words are what the feed writes and what that is in the data format. A value
	// that is not among them does not fit; {"*", "other"} takes all others, and
	// {"*", "*"} leaves them as they are. To nothing, it is no value.
	Words Words

	// Default is the value where the feed has none. Without From and Text it goes
	// into every event in which nothing else has set the field.
	Default string

	// Overwrite replaces what the field was before. Without it, a second value is
	// an error.
	Overwrite bool

	// Or is what is tried next where the value does not fit, or where there is
	// none and Or has a From of its own. To and From are the column's if it has
	// none; Need, Text and Default are not looked at.
	Or []Column
}

// Words are pairs: what stands first becomes what stands second.
type Words [][2]string

// Find returns what the word becomes, or what "*" does. It is for what no column can
// say.
func (w Words) Find(word string) (to string, ok bool) {
	for _, pair := range w {
		switch pair[0] {
		case word:
			return pair[1], true
		case "*":
			to, ok = pair[1], true
		}
	}
	return to, ok
}

// index is for words that are looked up for each row.
func (w Words) index() map[string]string {
	if w == nil {
		return nil
	}
	words := make(map[string]string, len(w))
	for _, pair := range w {
		words[pair[0]] = pair[1]
	}
	return words
}

// Cases are fields that depend on a word in a column:
//
//	feed.Cases{
//		From: "category",
//		To:   []string{"classification.type", "protocol.application"},
//		Is: [][]string{
//			{"sshpwauth", "brute-force", "ssh"},
//			{"dnsversion", "scanner", "dns"},
//		},
//	}
//
// The first word of each line is what the feed writes, and "*" is any other. A
// row with a word that no line has fails. What is "" is left out.
type Cases struct {
	From    string
	Convert string
	To      []string
	Is      [][]string
}

// Split makes an event of each part of a column: of each element if it is a list,
// and else of what stands between By. In rows, From then stands for one part.
type Split struct {
	From string
	By   string // a comma if it is ""
	Keep bool   // a row without any part makes one event all the same
	Raw  bool   // raw has the part, with the members of an object in order, not the row
}

// Need says how much depends on a value.
type Need uint8

// Kinds of Need.
const (
	Optional Need = iota // there may be no value; a wrong one makes the row fail
	Soft                 // a value that does not fit is left out
	Noted                // the same, with a warning
	Present              // the column has to be there, but may be empty; a wrong value makes the row fail
	Required             // without a value that fits, the row fails
)

// Rest says what becomes of columns that no row names.
type Rest uint8

// Kinds of Rest.
const (
	Ignore Rest = iota // they are left out
	Extra              // they go below extra under their names, and so do soft values that do not fit
	Refuse             // they make the row fail, if they have a value, members of a nested object too
)
