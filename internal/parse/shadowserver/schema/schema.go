// Package schema says which field each column of Shadowserver's reports becomes:
// out of a schema file as the Foundation publishes it for IntelMQ, or out of the
// table that is built in.
package schema

import "github.com/intelpipe/intelpipe/harmonization"

// A Schema knows types of reports. A Type that is nil is one that it does not know.
type Schema interface {
	ByFile(name string) (*Type, error) // by the name that file names have
	ByFeed(name string) (*Type, error)
}

// Type is the definition of one type of reports.
type Type struct {
	File      string // its name in names of files
	Feed      string
	URL       string // of its documentation
	Columns   []Column
	Constants []Constant
	Lenient   bool // that optional columns are missing is nothing to tell of
}

// Column says which field a column becomes.
type Column struct {
	From     string
	To       string // a field, "extra." for the one that is called as the column, or "" for none
	Function string // what is done to the text, by its name in a schema file, or ""
	Required bool   // a row without it, or with a wrong value in it, fails
}

// Constant is a field that is the same in all events.
type Constant struct {
	Field string
	Value harmonization.Value
}
