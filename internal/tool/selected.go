package tool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/batch"
	"github.com/intelpipe/intelpipe/internal/chain"
	"github.com/intelpipe/intelpipe/internal/durable/dump"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/flags"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/paths"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/stream"
)

// selected is one command of the command line.
type selected struct {
	spec   *Spec
	args   []string // its words
	cmd    any
	kind   chain.Kind
	flags  flags.Flags
	env    *stage.Env
	getenv func(string) string
}

// collects says whether it starts a stream.
func (s *selected) collects() bool { return s.kind == chain.Collector }

// selectCommand reads the words of one command.
func selectCommand(spec *Spec, specs []Spec, args []string, p System) (*selected, error) {
	s := &selected{spec: spec, args: args, getenv: p.Getenv}
	var err error
	if s.cmd, err = s.flags.Parse(spec, specs, args, p.Getenv); err != nil {
		return nil, err
	}
	switch s.cmd.(type) {
	case stage.Collector, stage.Receiver:
		s.kind = chain.Collector
		if s.flags.CollectorFlags == nil { // dump replay
			s.flags.CollectorFlags = &flags.CollectorFlags{SourceFlags: flags.SourceFlags{Restarts: 5, Patience: 900}}
		}
	default:
		switch flags.Family(spec.Name) {
		case "parse":
			s.kind = chain.Parser
		case "output":
			s.kind = chain.Output
		}
	}
	return s, s.prepare(p)
}

// prepare makes what the command is offered.
func (s *selected) prepare(p System) error {
	getenv := p.Getenv
	state, err := stateDir(getenv)
	if err != nil {
		return stage.Usage(err)
	}
	s.env = &stage.Env{
		Name:     s.spec.Name,
		StateDir: state,
		Stdin:    p.Stdin,
		Stderr:   p.Stderr,
		Now:      func() time.Time { return time.Now().UTC() },
	}
	if f := s.flags.ReceiverFlags; f != nil {
		s.env.Follow = f.Follow
	}
	if f := s.flags.OutputFlags; f != nil {
		s.env.DryRun = f.DryRun
	}
	if text := getenv("INTELPIPE_NOW"); text != "" {
		now, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return stage.Usage(fmt.Errorf("the variable INTELPIPE_NOW: %s: a time such as 2026-01-31T12:00:00Z is expected", plain.Quote(text)))
		}
		s.env.Now = now.UTC
	}
	if s.env.Dictionary, err = harmonization.Open(s.flags.Harmonization); err != nil {
		return stage.Usage(err)
	}
	if err := s.flags.CheckNames(s.env.Dictionary); err != nil {
		return stage.Usage(err)
	}
	return nil
}

// describe says what the flags mean to the chain.
func (s *selected) describe() (chain.Stage, error) {
	f := &s.flags
	feed := f.Feed()
	d := chain.Stage{
		Name: s.spec.Name, Kind: s.kind, Command: s.cmd, Env: s.env, RecordLimit: int64(f.RecordLimit), Verbose: f.Verbose,
		Silent:   s.collects() && flags.Family(s.spec.Name) != "collect",
		Feed:     chain.Feed{Name: feed.Name, Provider: feed.Provider, Code: feed.Code, Documentation: feed.Documentation, Accuracy: feed.Accuracy},
		DumpName: cmp.Or(f.Dump, s.spec.Name),
		Dump:     dump.NewWriter(cmp.Or(f.Dump, filepath.Join(s.env.StateDir, s.spec.Name+".dump")), s.spec.Name, int64(f.DumpBytes), s.env.Now),
	}
	var err error
	if f.OutputFlags != nil {
		d.Pass = f.Pass
		if f.DryRun {
			if d.DryRun, err = s.env.Stdout(); errors.Is(err, errNotInPipeline) {
				err = errNotDry
			} else if err != nil {
				err = fmt.Errorf("--dry-run: %w", err)
			}
		}
	}
	if f.JobsFlags != nil {
		d.Jobs = f.Jobs
	}
	if b := f.BatchFlags; b != nil {
		d.Batch = &batch.Options{Events: b.BatchEvents, Bytes: int64(b.BatchBytes), Age: seconds(b.BatchAge), RetryFor: seconds(b.RetryFor)}
	}
	if err == nil {
		patience, _ := strconv.ParseFloat(s.getenv(stage.InPatience), 64)
		err = f.BatchFlags.Check(patience)
	}
	if err != nil {
		return d, stage.Usage(err)
	}
	if s.kind == chain.Parser {
		d.Parse, err = s.parsing()
	}
	if err == nil {
		d.To, err = s.destinations()
	}
	if err != nil {
		return d, stage.Usage(err)
	}
	return d, nil
}

// parsing is how a parser takes its reports.
func (s *selected) parsing() (*chain.Parsing, error) {
	p := s.flags.ParserFlags
	defaults, err := defaultFields(s.env.Dictionary, p.DefaultFields)
	if err != nil {
		return nil, fmt.Errorf("--default-fields: %w", err)
	}
	reading, err := p.Reading()
	return &chain.Parsing{
		Parser:  stream.Parser{Input: p.Input, FileName: p.FileName, MaxReport: int64(p.MaxReport)},
		Reading: reading, Copy: p.CopyCollectorProvidedFields, Defaults: defaults, NoRaw: !p.Raw,
	}, err
}

// paths are where --to sends messages.
func (s *selected) destinations() (all []paths.To, err error) {
	router, ok := s.cmd.(stage.Router)
	if !ok {
		return nil, nil
	}
	for _, to := range s.flags.To {
		name, dest, ok := strings.Cut(to, "=")
		if !ok || name == "" || dest == "" {
			return nil, fmt.Errorf("--to %s: NAME=DEST is expected", to)
		}
		if known := router.Paths(); len(known) > 0 && !slices.Contains(known, name) {
			return nil, fmt.Errorf("--to: the path %w", plain.NoneOf(known, name))
		}
		if slices.ContainsFunc(all, func(t paths.To) bool { return t.Name == name }) {
			return nil, fmt.Errorf("--to %s: the path %s leads somewhere else already", to, name)
		}
		all = append(all, paths.To{Name: name, Dest: dest})
	}
	return all, nil
}

func defaultFields(d *harmonization.Dictionary, object stage.Object) ([]chain.Field, error) {
	var fields []chain.Field
	for _, key := range slices.Sorted(maps.Keys(object)) {
		text, err := json.Marshal(object[key])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		value, err := event.ParseValue(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		if _, err := d.CheckValue(harmonization.Event, key, value); err != nil {
			return nil, err
		}
		fields = append(fields, chain.Field{Key: key, Value: value})
	}
	return fields, nil
}

var errNotDry = errors.New("--dry-run: not in the pipeline of a source, where what is not sent cannot be acknowledged")

var errNotInPipeline = errors.New("not in the pipeline of a source: stdout cannot keep what a checkpoint promises; name a file")

// stateDir is where state and dumps live that are not named with a path.
func stateDir(getenv func(string) string) (string, error) {
	if dir := getenv("STATE_DIRECTORY"); dir != "" {
		dir, _, _ = strings.Cut(dir, ":") // systemd may name several
		return dir, nil
	}
	if dir := getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "intelpipe"), nil
	}
	if dir := getenv("HOME"); dir != "" {
		return filepath.Join(dir, ".local", "state", "intelpipe"), nil
	}
	return "", errors.New("there is no place for state and dumps: set STATE_DIRECTORY, or HOME")
}

// errand is what the command does instead of taking part in a stream, or nil.
func (s *selected) errand() (runner stage.Runner, err error) {
	if c, ok := s.cmd.(stage.Errand); ok {
		runner = c.Errand()
	}
	if s.flags.UpdateFlags != nil && s.flags.Update {
		runner = updating{s.cmd.(stage.Updater)}
	}
	if f := s.flags.FileFlags; runner != nil && f != nil && len(f.Files) > 0 {
		return nil, fmt.Errorf("%s: with these flags it reads no messages", plain.Quote(f.Files[0]))
	}
	if p := s.flags.ParserFlags; runner != nil && p != nil {
		s.env.Words = s.args
		s.env.Reading, err = p.Reading()
	}
	return runner, err
}

// updating is a command that fetches its database and ends.
type updating struct{ stage.Updater }

// Run updates.
func (u updating) Run(ctx context.Context, env *stage.Env, _ io.Writer) error {
	return u.Update(ctx, env)
}
