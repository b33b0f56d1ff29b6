// Package tool makes a command of a stage: flags, streams, chains, delivery,
// errors and exit codes are here, so that a command is only what it does.
package tool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/intelpipe/intelpipe/internal/builtin"
	"github.com/intelpipe/intelpipe/internal/chain"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/flags"
	"github.com/intelpipe/intelpipe/internal/manual"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/sibling"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/stdio"
	"github.com/intelpipe/intelpipe/internal/voice"
)

// Main runs the command that os.Args names and exits.
func Main(specs ...Spec) {
	stdin, stdout, stderr := stdio.Open()
	if err := sibling.Accept(Version); err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", sibling.Name, err)
		os.Exit(ExitBroken)
	}
	os.Exit(Run(context.Background(), specs, System{Args: os.Args, Stdin: stdin, Stdout: stdout, Stderr: stderr, Getenv: os.Getenv, Signals: signals}))
}

// Run runs one command, or several joined by "then", and returns the exit code.
func Run(ctx context.Context, specs []Spec, p System) (code int) {
	name, args := filepath.Base(p.Args[0]), p.Args[1:]
	if len(specs) == 1 {
		name = specs[0].Name
	} else if missing := sibling.Missing(name, args, func(name string) bool { return flags.Find(specs, name) != nil }); missing != "" {
		return handOver(p, name, missing)
	} else if flags.Find(specs, name) == nil {
		if len(args) == 0 || flags.Find(specs, args[0]) == nil {
			return multi(specs, p, args)
		}
		name, args = args[0], args[1:]
	}
	r := &run{system: p, specs: specs, voice: voice.New(p.Stderr), operands: operands{stdin: p.Stdin}}
	defer func() {
		if mistake := recover(); mistake != nil { // one of ours, outside of a single message
			r.report(name, fmt.Errorf("panic: %v, at %s; nothing unfinished was acknowledged", mistake, chain.Position(debug.Stack())))
			code = ExitBroken
		}
	}()
	if err := r.start(ctx, name, args); err != nil {
		var asked *flags.Asked
		switch {
		case errors.As(err, &asked):
			return r.answer(name, asked)
		case stage.IsUsage(err) && !disk.IsTrouble(err):
			r.report(name, err)
			fmt.Fprintf(p.Stderr, "%s: see %s --help\n", name, name)
			return ExitUsage
		}
		r.report(name, err)
		r.abandon()
		if stage.IsFatal(err) || disk.IsTrouble(err) {
			return ExitBroken
		}
		return ExitUsage
	}
	return r.stream(ctx)
}

// multi does what the multi-call binary can do besides its commands.
func multi(specs []Spec, p System, args []string) int {
	c := &builtin.Call{Commands: specs, Version: Version, Terminal: stdio.IsTerminal(p.Stdout), Stdout: p.Stdout, Stderr: p.Stderr, Getenv: p.Getenv}
	text, err := c.Run(args)
	if err == nil {
		err = show(p, text)
	}
	if err == nil {
		return ExitOK
	}
	fmt.Fprintf(p.Stderr, "intelpipe: %s\n", plain.Line(err.Error()))
	if stage.IsUsage(err) {
		return ExitUsage
	}
	return ExitBroken
}

// handOver gives the command line to the binary that has all of its commands.
func handOver(p System, name, missing string) int {
	err := sibling.HandOver(missing, p.Args, Version)
	fmt.Fprintf(p.Stderr, "%s: %s\n", name, plain.Line(err.Error()))
	if stage.IsUsage(err) {
		return ExitUsage
	}
	return ExitBroken
}

// answer prints what a command line asks for instead of a run.
func (r *run) answer(name string, asked *flags.Asked) int {
	spec := flags.Find(r.specs, strings.Fields(asked.Model.Name)[0])
	text := spec.Name + " " + Version + "\n"
	if asked.Flag != "--version" {
		text = manual.Help(spec, asked.Model, asked.Flag == "--help-all")
	}
	if err := show(r.system, text); err != nil {
		r.report(name, err)
		return ExitBroken
	}
	return ExitOK
}
