package json

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
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
	before := text[:c.at]
	line := strings.LastIndexByte(before, '\n') + 1
	return &SyntaxError{1 + strings.Count(before, "\n"), 1 + utf8.RuneCountInString(before[line:]), c.what}
}
