package stage

import "context"

// A collector that owns its pipeline, after "--" or "then", learns what has
// arrived. It sends its messages in windows and gives up at its origin what is
// acknowledged. One that knows nothing of windows is sent as a single one.

// Window is what a source sends between two checkpoints. It is sent again, from
// its beginning, if the pipeline dies before all of it has arrived: then Emit
// and Window return ErrStop, and the runtime calls Collect again.
type Window struct {
	Name  string                    // for people: the file, the segment, the URL
	State string                    // kept, durably, when the window is acknowledged; see Pipeline.State
	Ack   func(number uint64) error // gives the window up at the origin; nil if there is nothing to give up
	// Extent is called when all was sent, and says what that was, such as the
	// name and the hash of a file: two windows with the same extent have the
	// same messages in the same order. One that cannot say has none.
	Extent func() string
}

// Pipeline is what a source sees of its own one. All of it is called, and calls
// Ack, from the goroutine that runs Collect.
type Pipeline interface {
	// Window sends what send emits, and a checkpoint. It waits while too many
	// windows are open, and acknowledges those that have arrived.
	Window(w Window, send func() error) error
	// Lines sends messages that are lines already, each with its newline and
	// known to be no control line, without taking them apart: the next
	// process does that. It says false where the next stage is in this one,
	// and takes them as messages.
	Lines(lines []byte) (sent bool, err error)
	// Settle waits until all windows are acknowledged. A source calls it
	// before it waits for more, or lets go of what Ack needs.
	Settle() error
	// Source is the name under which windows are sent now. With left, a run of
	// that name has died: only what it has left is to be sent, and nothing new.
	Source() (name string, left bool)
	// State is that of the last acknowledged window. It is kept just before
	// Ack is called: after a crash in between, the origin still has what State
	// says is acknowledged.
	State() string
}

// InPipeline is the variable by which a command knows that it stands in the
// pipeline of a source, and that control lines have to come. What is run on
// data alone must not inherit it.
const InPipeline = "INTELPIPE_PIPELINE"

// InPatience is the variable by which an output knows how many seconds the source
// waits for it.
const InPatience = "INTELPIPE_PIPELINE_PATIENCE"

// InReplay is the variable that names the Trail of a Replayer.
const InReplay = "INTELPIPE_REPLAY"

// Replayer is a collector that sends again what has failed. Its Trail is a file,
// of package dump, by which the commands of its pipeline know where a message
// stood when it failed first, and by which they say what has failed again.
type Replayer interface{ Trail() string }

// Identified is a collector that says what it collects from, in words that stay
// as they are when other flags change: the name of the source is made of them. Of
// others it is made of all their flags.
type Identified interface{ Identity() string }

// Relay promises that a collector emits the messages of another pipeline, to
// which the flags that describe a feed add nothing.
type Relay interface{ Relay() }

// Late is a Processor that has results after Process has returned.
type Late interface {
	// Idle is called before the runtime waits for input: nothing may be held
	// back that only waits for more. It emits what has come.
	Idle(ctx context.Context, emit Emit) error
	// Fd is a file descriptor that is readable when Idle should be called
	// again, or -1.
	Fd() int
}
