package stage

import (
	"errors"

	"github.com/intelpipe/intelpipe/internal/event"
)

// Emit hands a message to the next stage and gives it away: the caller must
// not touch it afterwards. The only error is ErrStop, to be returned as it is.
type Emit func(*event.Message) error

// Route is Emit for another path than the next stage. It is given the Emit of the
// call that it is used in, so that order is kept where several run at once.
type Route func(m *event.Message, emit Emit) error

// ErrStop says that nobody reads any further: end quietly.
var ErrStop = errors.New("the stream is over")

type fatal struct{ error }

func (f fatal) Unwrap() error { return f.error }

// Fatal marks an error that ends the stream with exit code 3.
func Fatal(err error) error {
	if err == nil {
		return nil
	}
	return fatal{err}
}

type usage struct{ error }

func (u usage) Unwrap() error { return u.error }

// Usage marks what a Runner says about how it was called: exit code 2.
func Usage(err error) error {
	if err == nil {
		return nil
	}
	return usage{err}
}

// IsUsage reports whether err, or an error it wraps, was marked by Usage.
func IsUsage(err error) bool {
	var u usage
	return errors.As(err, &u)
}

// IsFatal reports whether err, or an error it wraps, was marked by Fatal.
func IsFatal(err error) bool {
	var f fatal
	return errors.As(err, &f)
}
