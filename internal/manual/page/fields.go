package page

import (
	_ "embed" // of fields.json

	"github.com/intelpipe/intelpipe/internal/json"
)

// fields is what internal/dev/fields has found. It is read when somebody asks, since
// no command needs it to run.
//
//go:embed fields.json
var fields []byte

// Fields are what a command reads of messages and writes to them. * is any field;
// a name that ends with .* is all below it.
type Fields struct {
	Read, Written []string
	Flags         []string // that name further fields
}

// FieldsOf returns those of a command, which are none if there is no such command.
func FieldsOf(name string) (f Fields, err error) {
	var all map[string]Fields
	err = json.Unmarshal(fields, &all)
	return all[name], err
}
