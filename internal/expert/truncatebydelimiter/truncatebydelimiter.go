// Package truncatebydelimiter implements expert-truncate-by-delimiter.
//
// expert-truncate-by-delimiter: shorten a field at its delimiters
//
// As long as the text of the field has more than --max-length characters, all up to
// its first delimiter is cut off, and the delimiter with it: of a long name that is
// the label in front. A text without a delimiter stays as it is. If the rest is
// nothing that the field can hold, the event fails, and so does a value that is no
// text.
//
// # Examples
//
//	echo '{"source.fqdn":"a.very.long.name.example.org"}' |
//	  expert-truncate-by-delimiter --max-length 20
//	echo '{"source.urlpath":"/a/long/path"}' | expert-truncate-by-delimiter \
//	  --max-length 6 --delimiter / --field source.urlpath
package truncatebydelimiter

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/fieldtext"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says what is shortened.
type Command struct {
	Delimiter string `help:"Where the text may be cut." default:"." placeholder:"TEXT"`
	MaxLength int    `help:"As long as the text may be, in characters." default:"200" placeholder:"N"`
	Field     string `help:"The field to shorten." default:"source.fqdn" placeholder:"FIELD" field:"event"`
}

// Start refuses a length that nothing has.
func (c *Command) Start(context.Context, *stage.Env) error {
	if c.MaxLength < 0 {
		return fmt.Errorf("--max-length %d: no text is shorter than 0 characters", c.MaxLength)
	}
	return nil
}

// Process shortens the field.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	if err := fieldtext.Change(m, c.Field, c.shorten); err != nil {
		return err
	}
	return emit(m)
}

func (c *Command) shorten(text string) string {
	for length := utf8.RuneCountInString(text); length > c.MaxLength; {
		front, rest, found := strings.Cut(text, c.Delimiter)
		if !found {
			break
		}
		text, length = rest, length-utf8.RuneCountInString(front)-utf8.RuneCountInString(c.Delimiter)
	}
	return text
}
