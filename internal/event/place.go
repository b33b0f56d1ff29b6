package event

import (
	"strconv"

	"github.com/intelpipe/intelpipe/harmonization"
)

// Place says where in the input a message comes from.
type Place struct {
	File   string
	Line   int64 // from 1; 0 if the input has no lines
	Column int   // in bytes, from 1; 0 if it is the whole line
	Again  *Again
}

// Again says of a message that is sent once more out of a dump what its entry
// says.
type Again struct {
	Sum    uint64 // tells it apart until the rest is known
	Entry  uint64 // its id in the dump
	Time   string // when it failed first
	File   string // where it stood then
	Line   int64
	Column int
}

func (p Place) String() string {
	s := p.File
	if p.Line > 0 {
		s += ":" + strconv.FormatInt(p.Line, 10)
		if p.Column > 0 {
			s += ":" + strconv.Itoa(p.Column)
		}
	}
	return s
}

// Reading says how to read what the content of a report leaves open.
type Reading struct {
	harmonization.Reading
	Encoding string // of text without a byte order mark; the report may name one too
	Errors   string // what becomes of bytes that do not fit: strict, replace or ignore
}

// Source is the text of a piece of a report, and the bytes it was read from.
type Source struct {
	Text  string
	Bytes []byte
}
