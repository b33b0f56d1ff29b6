// Package stage is the contract between a command and the runtime that runs it.
//
// A command is a struct whose exported fields are its flags. It implements
// Processor or Collector, and any of the other interfaces it needs. Everything
// else (streams, chains, errors, exit codes) is the business of package tool.
package stage

import (
	"context"
	"io"

	"github.com/intelpipe/intelpipe/internal/event"
)

// Processor turns one message into none, one or many. The message is valid
// until Process returns; whoever keeps it takes a Clone. An error condemns the
// message alone, which goes to the dump; Fatal and ErrStop end the stream.
type Processor interface {
	Process(ctx context.Context, m *event.Message, emit Emit) error
}

// Consumes says whether a command takes messages: it is a Processor or a Batcher.
func Consumes(command any) bool {
	switch command.(type) {
	case Processor, Batcher:
		return true
	}
	return false
}

// Collector starts a stream.
type Collector interface {
	Collect(ctx context.Context, emit Emit) error
}

// Starter opens, connects or loads before the first message, and keeps of env
// what it needs later. An error is one of configuration and ends the command
// with exit code 2; Fatal with 3, and so does trouble with the disk.
type Starter interface {
	Start(ctx context.Context, env *Env) error
}

// Reloader is called on SIGHUP, between two messages.
type Reloader interface {
	Reload(ctx context.Context) error
}

// Streaming promises that an output reads the content of reports as a stream, however
// long it is, and that it can be read from the message once more.
type Streaming interface{ Streams() }

// Concurrent promises that Process may be called by several goroutines.
type Concurrent interface{ Concurrent() }

// Waiting is a Concurrent that mostly waits for others, and so has a default for
// --jobs of its own.
type Waiting interface{ DefaultJobs() int }

// Checkpointer makes durable what was accepted so far: an output commits at
// its far end, state is written as prepared under id. What a stage holds back
// it may emit.
type Checkpointer interface {
	Checkpoint(ctx context.Context, id string, emit Emit) error
}

// Committer learns that everything up to id is acknowledged at the origin.
type Committer interface {
	Commit(ctx context.Context, id string) error
}

// Finisher is called when the stream has ended well. In one without control
// lines it emits what was held back; Checkpoint and Commit follow with an empty
// id, and state advances. In one with control lines it must emit nothing, since
// no checkpoint would cover it: there what is held back goes on at Checkpoint.
type Finisher interface {
	Finish(ctx context.Context, emit Emit) error
}

// Closer releases what Start opened. It is called once, however the stream
// ended; whatever was not committed or finished by then must not advance.
type Closer interface{ Close() error }

// Router sends messages to other paths than the next stage; Paths names them,
// or is empty if the user chooses the names. See Env.Path and the flag --to.
type Router interface{ Paths() []string }

// Updater is a command with a database that it can fetch. With --update it does that
// and ends; Start is not called.
type Updater interface {
	Update(ctx context.Context, env *Env) error
}

// Errand is a command that with some of its flags does something else than to take
// part in a stream. Then Errand returns what that is, and else nil.
type Errand interface{ Errand() Runner }

// Runner is a command that is no part of a stream.
type Runner interface {
	Run(ctx context.Context, env *Env, stdout io.Writer) error
}

// Launcher is a Runner that starts other commands. A signal ends its context. Launches
// says whether a pipeline may stand behind --.
type Launcher interface{ Launches() bool }
