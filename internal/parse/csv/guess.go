package csv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/guess"
	"github.com/intelpipe/intelpipe/internal/guess/preview"
	"github.com/intelpipe/intelpipe/internal/guess/propose"
	"github.com/intelpipe/intelpipe/internal/shell"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Errand is --guess.
func (c *Command) Errand() stage.Runner {
	if c.Guess == "" {
		return nil
	}
	return &guessing{file: c.Guess, command: *c}
}

// guessing finds flags that fit a file, and shows what comes of them.
type guessing struct {
	file    string
	command Command
	reading event.Reading
}

// maxSample is how much of the file is looked at, in bytes.
const maxSample = 1 << 20

// Run prints a command line, which is all that a shell would carry out of it, and
// then, in comments, why.
func (g *guessing) Run(ctx context.Context, env *stage.Env, stdout io.Writer) error {
	sample, whole, err := g.sample(env.Stdin)
	if err != nil {
		return stage.Usage(fmt.Errorf("--guess %s: %v", g.file, err)) // even where the system is in trouble: nothing was begun
	}
	g.reading = *env.Reading
	t, err := guess.Sniff(sample, whole, g.options(env))
	if err != nil {
		return stage.Usage(fmt.Errorf("--guess %s: %w", g.file, err))
	}
	proposal := propose.For(t, g.file, env.Words)
	p := &preview.Preview{Table: t}
	p.Broken = g.try(ctx, env, proposal, p)
	_, err = io.WriteString(stdout, shell.Quote(append([]string{env.Name}, proposal.Words...)...)+"\n"+p.Text(whole))
	return err
}

// sample reads the beginning of the file.
func (g *guessing) sample(stdin io.Reader) (sample []byte, whole bool, err error) {
	in := stdin
	if g.file != "-" {
		f, err := os.Open(g.file)
		var reason *os.PathError
		if errors.As(err, &reason) {
			err = reason.Err
		}
		if err != nil {
			return nil, false, err
		}
		defer f.Close()
		in = f
	}
	sample, err = io.ReadAll(io.LimitReader(in, maxSample+1))
	if reason := new(os.PathError); errors.As(err, &reason) {
		err = reason.Err
	}
	whole = len(sample) <= maxSample
	return sample[:min(len(sample), maxSample)], whole, err
}

func (g *guessing) options(env *stage.Env) guess.Options {
	o := guess.Options{
		Dictionary: env.Dictionary, Encoding: g.reading.Encoding, DayFirst: g.reading.DayFirst, Zoned: g.reading.Location != nil,
		Typed: g.command.Type != "", Skip: feed.Comment, Key: feed.ExtraKey,
	}
	if propose.Given(env.Words, "delimiter") {
		o.Delimiter, _ = delimiter(g.command.Delimiter)
	}
	return o
}

// try parses the sample with the flags that were found.
func (g *guessing) try(ctx context.Context, env *stage.Env, proposal *propose.Proposal, p *preview.Preview) error {
	c := &g.command
	if proposal.Encoding != "" {
		g.reading.Encoding = proposal.Encoding
	}
	if proposal.Delimiter != "" {
		c.Delimiter = proposal.Delimiter
	}
	if proposal.Skip > 0 {
		c.SkipHeader = harmonization.Int(int64(proposal.Skip))
	}
	if proposal.Columns != nil {
		c.Columns = proposal.Columns
	}
	c.Convert = append(c.Convert, proposal.Convert...)
	if err := g.command.Start(ctx, env); err != nil {
		return err
	}
	report := event.New(event.Report, env.Dictionary)
	report.SetReading(&g.reading)
	report.SetBody(bytes.NewReader(p.Table.Sample))
	err := g.command.Process(ctx, report, func(e *event.Message) error {
		p.Add(e)
		e.Release()
		return nil
	})
	return errors.Join(err, report.Err())
}
