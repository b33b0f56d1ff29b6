package stage

import (
	"context"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
)

// Secret is a flag that must not stand on a command line: the flag takes the
// name of a file (tag it name:"…-file"), the environment the value itself.
type Secret string

// Object is a flag that takes a JSON object, written json:{…}.
type Object map[string]any

// Env is what the runtime offers to a running command.
type Env struct {
	Name       string                    // the command's name
	Dictionary *harmonization.Dictionary // fields in force, --harmonization
	StateDir   string                    // where files named without a slash live; may not exist yet
	Controlled bool                      // false until the first control line of the stream has come
	Now        func() time.Time          // in UTC; INTELPIPE_NOW makes it stand still
	Warn       func(format string, args ...any)
	Path       func(name string) Emit // where --to NAME=DEST leads, or nil
}

type envKey struct{}

// WithEnv is for the runtime and for tests.
func WithEnv(ctx context.Context, e *Env) context.Context {
	return context.WithValue(ctx, envKey{}, e)
}

// From returns the Env of a context handed to a command by the runtime.
func From(ctx context.Context) *Env {
	if e, ok := ctx.Value(envKey{}).(*Env); ok {
		return e
	}
	now := func() time.Time { return time.Now().UTC() }
	return &Env{Dictionary: harmonization.Default(), Now: now, Warn: func(string, ...any) {}, Path: func(string) Emit { return nil }}
}
