package datetime

import "github.com/intelpipe/intelpipe/internal/plain"

// Error says why a text is not a time.
type Error struct {
	Word string // the part of the text that is wrong, "" for all of it
	Why  string // as "is not understood", to be read after the Word
}

func (e *Error) Error() string {
	if e.Word == "" {
		return e.Why
	}
	return plain.Quote(e.Word) + " " + e.Why
}

// NoSuchTime is the Why of a text that has all parts of a time, such as 30 February.
const NoSuchTime = "there is no such day or time of day"
