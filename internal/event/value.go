package event

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event/scan"
)

// SyntaxError says what is wrong with a line, and where.
type SyntaxError = scan.SyntaxError

// value decodes the text of one JSON value that has been scanned before.
func value(text []byte) harmonization.Value {
	switch text[0] {
	case '"':
		return harmonization.Text(scan.Unquote(text))
	case '{', '[':
		return harmonization.Value{Kind: harmonization.Compound, Text: string(text)}
	case 't', 'f':
		return harmonization.Bool(text[0] == 't')
	case 'n':
		return harmonization.Value{}
	}
	return harmonization.Value{Kind: harmonization.Number, Text: string(text)}
}

// ParseValue reads the text of one JSON value, as strictly as Decode does.
func ParseValue(text string) (harmonization.Value, error) {
	s := scan.Scanner{Buf: scan.AppendPadded(nil, text)}
	s.Space()
	start := s.Pos
	err := s.Value()
	end := s.Pos
	if err == nil {
		err = s.End(len(text), "value")
	}
	if err != nil {
		return harmonization.Value{}, notJSON(s.AtEnd(err, len(text)), text)
	}
	return value(s.Buf[start:end]), nil
}

// notJSON says what is wrong with a text, and shows the beginning of it.
func notJSON(err error, text string) error {
	var syntax *SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("invalid JSON, at byte %d: %w: %s", syntax.Offset+1, err, clip([]byte(text)))
	}
	return err
}

func clip(text []byte) string {
	if len(text) > 60 {
		return string(text[:60]) + "…"
	}
	return string(text)
}

// view is text as a string, for those who do not keep it.
func view(text []byte) string { return unsafe.String(unsafe.SliceData(text), len(text)) }
