package stage

import (
	"context"
	"time"

	"github.com/intelpipe/intelpipe/internal/event"
)

// Batcher is an output that sends many messages at once. It has neither a
// Process nor a timer nor a way of its own to try again: the runtime cuts the
// batches by number, bytes, age and group, and before each checkpoint, sends one
// at a time, and repeats what has failed. One that is a Checkpointer as well
// commits at Checkpoint alone, and gets all items of the window again when that
// has failed.
type Batcher interface {
	// Encode makes an item of a message. An error condemns the message alone.
	Encode(m *event.Message) (Item, error)
	// Send sends items of one group. What its Result does not name has arrived.
	// An error says that nothing is known of any item, so that all are sent
	// again; Fatal ends the stream.
	Send(ctx context.Context, items []Item) (Result, error)
}

// Encoder is an output that can say what it would write, and where, without touching
// anything but what Start has read: with --dry-run that is printed. A Batcher is one.
type Encoder interface {
	Encode(m *event.Message) (Item, error)
}

// Item is a message as an output sends it.
type Item struct {
	Group string // what is sent together: a topic, a table, a recipient, a file
	Key   string // for outputs that place or partition by one
	Data  []byte // its bytes are the item's own
	// ID is the same when the item is sent again, and no other item has it. It
	// is empty in a bare pipe. The runtime sets it, after Encode.
	ID string
}

// Result is what became of a batch. Items are named by their index.
type Result struct {
	Refused []Refused     // will never be taken: to the dump
	Again   []int         // to be sent again, in this order and behind nothing else
	After   time.Duration // how long the far end asks to be left alone; 0: as the runtime thinks right
}

// Refused is an item that the far end does not take, and why.
type Refused struct {
	Index int
	Err   error
}

// RetryAfter is an error of Send that says how long the far end asks to be left
// alone, such as that of an answer 429 or 503 to the whole request.
type RetryAfter struct {
	Err   error
	After time.Duration
}

func (e *RetryAfter) Error() string { return e.Err.Error() }
func (e *RetryAfter) Unwrap() error { return e.Err }

// Holder is a stage that holds something back that must not wait for long, such
// as lines that are not written yet. It needs no timer: the runtime looks after
// each message, and wherever it waits.
type Holder interface {
	// Holds is how long what is held back may wait, and 0 if nothing is.
	Holds() time.Duration
	// Flush lets go of it.
	Flush(ctx context.Context, emit Emit) error
}
