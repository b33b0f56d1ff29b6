// Package tool makes a command of a stage: flags, streams, chains, delivery,
// errors and exit codes are here, so that a command is only what it does.
package tool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
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

// Spec is a command: what internal/gen found in its package.
type Spec struct {
	Name    string
	Summary string
	Doc     string     // the rest of the package comment
	New     func() any // a new *Command
}

// Process is everything of the operating system that a run touches.
type Process struct {
	Args   []string // Args[0] names the command, if its base name is one
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Getenv func(string) string
	// Signals returns a context that a signal ends, or is nil. It is called
	// only for what has something to bring to its end then.
	Signals func(context.Context) (context.Context, context.CancelFunc)
}

// Main runs the command that os.Args names and exits.
func Main(specs ...Spec) {
	stdin, stdout, stderr := standard()
	os.Exit(Run(context.Background(), specs, Process{os.Args, stdin, stdout, stderr, os.Getenv, signals}))
}

// usageError ends a run with exit code 2.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

// Run runs one command, or several joined by "then", and returns the exit code.
func Run(ctx context.Context, specs []Spec, p Process) (code int) {
	name, args := filepath.Base(p.Args[0]), p.Args[1:]
	if len(specs) == 1 {
		name = specs[0].Name
	} else if find(specs, name) == nil {
		if len(args) == 0 || find(specs, args[0]) == nil {
			return multi(specs, p, args)
		}
		name, args = args[0], args[1:]
	}
	r := &run{process: p, specs: specs, voice: voice{w: p.Stderr}}
	defer func() {
		if mistake := recover(); mistake != nil { // one of ours, outside of a single message
			r.report(name, fmt.Errorf("panic: %v, at %s; nothing unfinished was acknowledged", mistake, position(debug.Stack())))
			code = ExitBroken
		}
	}()
	if err := r.start(ctx, name, args); err != nil {
		var usage usageError
		switch {
		case errors.Is(err, errHelp):
			return ExitOK
		case errors.As(err, &usage) && !disk.IsTrouble(err):
			r.report(name, err)
			fmt.Fprintf(p.Stderr, "%s: see %s --help\n", name, name)
			return ExitUsage
		}
		r.report(name, err)
		r.close()
		if stage.IsFatal(err) || disk.IsTrouble(err) {
			return ExitBroken
		}
		return ExitUsage
	}
	return r.stream(ctx)
}

func find(specs []Spec, name string) *Spec {
	if i := slices.IndexFunc(specs, func(s Spec) bool { return s.Name == name }); i >= 0 {
		return &specs[i]
	}
	return nil
}

// installLinks makes a symbolic link to this program for each command.
func installLinks(specs []Spec, dir string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	target := self
	if abs, err := filepath.Abs(dir); err == nil && filepath.Dir(self) == abs {
		target = filepath.Base(self)
	}
	for _, s := range specs {
		link := filepath.Join(dir, s.Name)
		if err := os.Symlink(target, link); err != nil {
			if !errors.Is(err, os.ErrExist) {
				return err
			}
			if old, err := os.Readlink(link); err != nil {
				return fmt.Errorf("%s is there and no link", link)
			} else if old == target {
				continue
			}
			if err := os.Remove(link); err != nil {
				return err
			}
			if err := os.Symlink(target, link); err != nil {
				return err
			}
		}
	}
	return nil
}
