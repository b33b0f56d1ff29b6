// Package removeaffix implements expert-remove-affix.
//
// expert-remove-affix: cut a prefix or suffix off a field
//
// A text in front of the field's text is removed once, as the www. of a name; with
// --no-remove-prefix it is one behind. Upper and lower case differ. If nothing is
// left, the field is removed; if the rest is nothing that the field can hold, the
// event fails. A value that is no text fails as well.
//
// # Examples
//
//	echo '{"source.fqdn":"www.example.org"}' | expert-remove-affix
//	echo '{"source.urlpath":"/index.html"}' |
//	  expert-remove-affix --no-remove-prefix --affix .html --field source.urlpath
package removeaffix

import (
	"context"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/fieldtext"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says what is cut off.
type Command struct {
	RemovePrefix bool   `help:"Cut off a prefix, and no suffix." default:"true"`
	Affix        string `help:"The text to cut off." default:"www." placeholder:"TEXT"`
	Field        string `help:"The field to cut." default:"source.fqdn" placeholder:"FIELD" field:"event"`
}

// Process cuts the field.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	cut := strings.TrimSuffix
	if c.RemovePrefix {
		cut = strings.TrimPrefix
	}
	if err := fieldtext.Change(m, c.Field, func(text string) string { return cut(text, c.Affix) }); err != nil {
		return err
	}
	return emit(m)
}
