package datetime

import "github.com/intelpipe/intelpipe/internal/plain"

// Error says what of a text was not understood.
type Error struct{ Word, Why string }

func (e *Error) Error() string {
	if e.Word == "" {
		return e.Why
	}
	return plain.Quote(e.Word) + " " + e.Why
}

// NoSuchTime is why a text that was understood is refused.
const NoSuchTime = "there is no such day or time of day"
