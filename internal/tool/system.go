package tool

import (
	"context"
	"io"
	"time"

	"github.com/intelpipe/intelpipe/internal/delivery"
	"github.com/intelpipe/intelpipe/internal/flags"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Version is what --version prints; the build sets it.
var Version = "devel"

// Exit codes, the same for all commands.
const (
	ExitOK     = 0
	ExitFailed = 1 // some messages failed and are in the dump
	ExitUsage  = 2 // usage or configuration, before any input was read
	ExitBroken = 3 // the stream broke, nothing unfinished was acknowledged
)

// Spec is a command: what is found in its package.
type Spec = flags.Command

// System is everything of the operating system that a run touches.
type System struct {
	Args   []string // Args[0] names the command, if its base name is one
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Getenv func(string) string
	// Signals returns a context that a signal ends, or is nil. It is called
	// only for what has something to bring to its end then.
	Signals func(context.Context) (context.Context, context.CancelFunc)
	// Tune is for tests, which have less patience.
	Tune func(*delivery.Options)
}

// show writes text that a person has asked for.
func show(p System, text string) error {
	if _, err := io.WriteString(p.Stdout, text); err != nil {
		return stage.Fatal(err)
	}
	return nil
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
