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
	if ValidString(text) {
		return nil
	}
	// The scanner that says yes or no is the authority; a second, slower one
	// says where.
	d := jsontext.NewDecoder(strings.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	offset, reason := len(text), "the end is missing"
	for first := true; ; first = false {
		_, err := d.ReadToken()
		var syntax *jsontext.SyntacticError
		switch {
		case err == nil && (d.StackDepth() > MaxDepth):
			offset, reason = int(d.InputOffset()), fmt.Sprintf("more than %d levels", MaxDepth)
		case err == nil && d.StackDepth() > 0:
			continue
		case err == nil: // the end of the document
			rest := text[d.InputOffset():]
			trimmed := strings.TrimLeft(rest, " \t\r\n")
			if trimmed == "" {
				reason = "it is not understood" // cannot be: the authority would have said yes
				break
			}
			offset, reason = len(text)-len(trimmed), "there is more behind the value"
		case errors.Is(err, io.EOF) && first:
			reason = "there is no value"
		case errors.Is(err, io.ErrUnexpectedEOF):
		case errors.As(err, &syntax):
			offset, reason = int(syntax.ByteOffset), strings.TrimPrefix(syntax.Err.Error(), "jsontext: ")
		}
		break
	}
	before := text[:min(offset, len(text))]
	line := strings.LastIndexByte(before, '\n') + 1
	return &SyntaxError{1 + strings.Count(before, "\n"), 1 + utf8.RuneCountInString(before[line:]), reason}
}
