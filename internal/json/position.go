package json

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-json/jsontext"
)

// SyntaxError says where and why a text is no JSON document. Line and Column
// begin with 1; a column is a character.
type SyntaxError struct {
	Line, Column int
	Reason       string
}

func (e *SyntaxError) Error() string {
	if e.Line > 1 {
		return fmt.Sprintf("invalid JSON at line %d, column %d: %s", e.Line, e.Column, e.Reason)
	}
	return fmt.Sprintf("invalid JSON at column %d: %s", e.Column, e.Reason)
}

// InFile returns err with the file in front of it: FILE:LINE:COLUMN if it is a
// SyntaxError.
func InFile(file string, err error) error {
	var syntax *SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("%s:%d:%d: invalid JSON: %s", file, syntax.Line, syntax.Column, syntax.Reason)
	}
	return fmt.Errorf("%s: %w", file, err)
}

// Check returns a SyntaxError if text is no JSON document.
func Check(text string) error {
	c := checker{s: text}
	if c.document() {
		return nil
	}
	return syntaxError(text, c.at, c.what)
}

func syntaxError(text string, offset int, reason string) *SyntaxError {
	line, column := Position(text, offset)
	return &SyntaxError{line, column, reason}
}

// Position is where an offset of a text is, for people: both begin with 1, and a column
// is a character.
func Position(text string, offset int) (line, column int) {
	before := text[:offset]
	return 1 + strings.Count(before, "\n"), 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
}

// Place is FILE:LINE:COLUMN of an offset in the text of a file.
func Place(file, text string, offset int) string {
	line, column := Position(text, offset)
	return fmt.Sprintf("%s:%d:%d", file, line, column)
}

// CheckOnce is Check for what people write: it also refuses an object that has a
// key twice, since one of the two values would be lost without a word.
func CheckOnce(text string) error {
	if err := Check(text); err != nil {
		return err
	}
	d := jsontext.NewDecoder(strings.NewReader(text), jsontext.AllowInvalidUTF8(true))
	for {
		_, err := d.ReadToken()
		var syntax *jsontext.SyntacticError
		switch {
		case err == io.EOF:
			return nil
		case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntax):
			return syntaxError(text, int(syntax.ByteOffset), "the key is there twice in one object")
		case err != nil:
			return err
		}
	}
}
