package tool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/dump"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// run is one process: a chain of stages between stdin and stdout.
type run struct {
	process Process
	specs   []Spec
	nodes   []*node
	out     *writer
	in      *reader
	failed  atomic.Int64 // messages in the dump
	fatal   error        // what broke the stream
	full    error        // a dump is, so that nothing more may be read
	trail   *dump.Trail  // of the replay whose messages these are
	voice   voice
	files   []string    // that are read instead of stdin
	held    *heldReport // the report at work, if it is not in memory
	runner  stage.Runner
	source  *source // if the head is a collector that owns its pipeline
	// open says that messages of a stream with control lines have come whose
	// Commit has not; covered is the checkpoint behind all of them.
	open, controlled bool
	covered          string
	progress         *progress
	reloads          *reloads
}

// report writes one line to stderr.
func (r *run) report(name string, err error) { r.voice.line(name, err.Error()) }

// start parses the command line and starts all stages, the last one first.
func (r *run) start(ctx context.Context, name string, args []string) error {
	args, pipeline := r.cut(name, args)
	for _, words := range split(name, args) {
		spec := find(r.specs, words[0])
		if spec == nil {
			return usageError{unknownCommand(r.specs, words[0], " after then")}
		}
		n, err := r.node(spec, words[1:])
		if err != nil {
			return err
		}
		r.nodes = append(r.nodes, n)
		if i := len(r.nodes) - 1; i > 0 && n.processor == nil {
			return usageError{fmt.Errorf("%s starts a stream and cannot stand after then", words[0])}
		}
	}
	if head := r.nodes[0]; r.runner != nil && (head.collector == nil || pipeline == nil && len(r.nodes) == 1) {
		if pipeline != nil {
			return usageError{errors.New("takes no pipeline after --")}
		}
		return nil
	}
	r.runner = nil
	if err := r.own(pipeline); err != nil {
		return err
	}
	if err := r.operands(); err != nil {
		return err
	}
	if err := r.standard(); err != nil {
		return err
	}
	r.out = newWriter(r.process.Stdout)
	next := link{
		emit:    func(m *event.Message) error { return r.written(r.out.message(m)) },
		control: func(kind event.Kind, id string) error { return r.written(r.out.control(kind, id)) },
		idle:    func() error { return r.written(r.out.flush()) },
		finish:  func() error { return r.written(r.out.flush()) },
	}
	if r.source != nil {
		next = r.source.link()
	}
	for _, n := range slices.Backward(r.nodes) {
		n.next = next
		next = n.link()
		n.context = context.WithoutCancel(ctx)
		if s, ok := n.cmd.(stage.Starter); ok {
			if err := s.Start(n.context, n.env); err != nil {
				return err
			}
		}
		n.started = true
	}
	return nil
}

// cut takes the pipeline of what starts a stream, which stands behind "--", off
// the command line.
func (r *run) cut(name string, args []string) (own, pipeline []string) {
	i := slices.Index(args, "--")
	if i < 0 {
		return args, nil
	}
	if spec := find(r.specs, name); spec != nil {
		if _, ok := spec.New().(stage.Processor); !ok {
			return args[:i], args[i+1:]
		}
	}
	return args, nil
}

// own makes a source of a collector that has a pipeline: a command of its own,
// or a chain that ends with an output. Any other chain is the beginning of a
// bare pipe.
func (r *run) own(pipeline []string) error {
	head, last := r.nodes[0], r.nodes[len(r.nodes)-1]
	switch {
	case pipeline == nil && (head.collector == nil || last.flags.outputFlags == nil || last.flags.Pass):
		return nil
	case pipeline != nil && len(pipeline) == 0:
		return usageError{errors.New("the command of the pipeline has to follow --")}
	case pipeline != nil:
		if _, err := exec.LookPath(pipeline[0]); err != nil {
			return usageError{err}
		}
	}
	r.source = &source{run: r, head: head, words: pipeline}
	r.controlled = true
	head.env.Pipeline = r.source
	for _, n := range r.nodes {
		n.env.Controlled = true
	}
	return nil
}

// written ends the stream if stdout takes no more. A reader that has gone is
// no error.
func (r *run) written(err error) error {
	if err == nil {
		return nil
	}
	if !errors.Is(err, errClosed) {
		r.fatalf("%w", err)
	}
	return stage.ErrStop
}

// split cuts the command line at the word "then".
func split(name string, args []string) [][]string {
	chain := [][]string{{name}}
	for i, arg := range args {
		if arg == "then" && i+1 < len(args) {
			chain = append(chain, nil)
			continue
		}
		last := &chain[len(chain)-1]
		*last = append(*last, arg)
	}
	return chain
}

// node makes one stage of its words on the command line.
func (r *run) node(spec *Spec, args []string) (*node, error) {
	n := &node{run: r, spec: spec, args: args, cmd: spec.New()}
	selected, err := n.flags.parse(spec, r.specs, n.cmd, args, r.process)
	if err != nil {
		return nil, err
	}
	n.cmd = selected
	if runner, ok := selected.(stage.Runner); ok {
		r.runner = runner
	}
	n.processor, _ = n.cmd.(stage.Processor)
	n.collector, _ = n.cmd.(stage.Collector)
	if n.collector != nil && n.flags.collectorFlags == nil { // dump replay
		n.flags.collectorFlags = &collectorFlags{sourceFlags: sourceFlags{Restarts: 5}}
	}
	return n, n.prepare()
}

// prepare makes what a stage needs besides its own flags.
func (n *node) prepare() error {
	getenv := n.run.process.Getenv
	state, err := stateDir(getenv)
	if err != nil {
		return usageError{err}
	}
	n.env = &stage.Env{
		Name:     n.spec.Name,
		StateDir: state,
		Stdin:    n.run.process.Stdin,
		Stdout:   n.stdout,
		Stderr:   n.run.process.Stderr,
		Environ:  n.run.environ,
		Now:      func() time.Time { return time.Now().UTC() },
		Warn: func(format string, args ...any) {
			n.run.voice.say(n.spec.Name, "", fmt.Errorf(format, args...).Error())
		},
	}
	n.env.Fail = func(format string, args ...any) {
		n.failed()
		n.env.Warn(format, args...)
	}
	if text := getenv("INTELPIPE_NOW"); text != "" {
		now, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return usageError{fmt.Errorf("the variable INTELPIPE_NOW: %s: a time such as 2026-01-31T12:00:00Z is expected", plain.Quote(text))}
		}
		n.env.Now = now.UTC
	}
	if n.env.Dictionary, err = dictionary(n.flags.Harmonization); err != nil {
		return usageError{err}
	}
	if err := n.flags.checkNames(n.env.Dictionary); err != nil {
		return usageError{err}
	}
	if n.flags.parserFlags != nil {
		defaults, err := defaultFields(n.env.Dictionary, n.flags.DefaultFields)
		if err != nil {
			return usageError{fmt.Errorf("--default-fields: %w", err)}
		}
		n.defaults = defaults
		if n.reading, err = n.flags.reading(); err != nil {
			return usageError{err}
		}
	}
	path := cmp.Or(n.flags.Dump, filepath.Join(n.env.StateDir, n.spec.Name+".dump"))
	n.dump = dump.NewWriter(path, n.spec.Name, int64(n.flags.DumpBytes), n.env.Now)
	paths, err := openPaths(n)
	n.paths = paths
	n.env.Path = paths.emit
	return err
}

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

// stream runs the chain to its end and returns the exit code.
func (r *run) stream(ctx context.Context) int {
	if r.runner != nil {
		if err := r.runner.Run(ctx, r.nodes[0].env, r.process.Stdout); err != nil {
			r.report(r.nodes[0].spec.Name, err)
			switch {
			case stage.IsFatal(err) || disk.IsTrouble(err) || errors.Is(err, os.ErrPermission): // what cannot be read is not empty
				return ExitBroken
			case stage.IsUsage(err):
				return ExitUsage
			}
			return ExitFailed
		}
		return ExitOK
	}
	head := r.nodes[0]
	// A filter that reads a file is ended by a signal as any program is: it
	// has said nothing to anybody, and nothing advances.
	if signals := r.process.Signals; signals != nil && (head.collector != nil || r.readsPipe()) {
		// They are caught up to the end of the process: one that the system
		// delivers late must not kill a command that has done its work.
		ctx, _ = signals(ctx)
	}
	r.progress = newProgress(r, head)
	r.voice.progress = r.progress
	defer r.hangups()()
	err := r.openTrail()
	switch {
	case err != nil:
	case r.source != nil:
		err = r.source.stream(ctx)
	case head.collector != nil:
		err = r.collect(ctx, head)
	default:
		err = r.read(ctx, head)
	}
	r.progress.clear()
	r.hold()
	switch {
	case err == nil:
		err = r.end()
	case r.full != nil && (errors.Is(err, r.full) || r.fatal != nil && errors.Is(r.fatal, r.full)):
		r.fatal = nil
		err = cmp.Or(r.end(), r.full) // what was read has been worked on, and counts
	}
	r.close()
	if r.fatal != nil && (err == nil || errors.Is(err, stage.ErrStop)) {
		err = r.fatal
	}
	readerGone := errors.Is(err, stage.ErrStop) // nothing advances then
	if err != nil && !readerGone {
		r.report(head.spec.Name, err)
	}
	r.sum(readerGone)
	if err != nil && !readerGone {
		return ExitBroken
	}
	if r.failed.Load() > 0 {
		return ExitFailed
	}
	return ExitOK
}

// end finishes a stream that has ended well. Without control lines this is
// the one point where outputs commit and state advances: a Checkpoint and a
// Commit without an id go through the chain.
func (r *run) end() error {
	if r.controlled && r.open {
		return errors.New("the stream ended without a Commit for its last messages: nothing of them is kept")
	}
	head := r.nodes[0].link()
	if err := head.finish(); err != nil {
		return err
	}
	if r.controlled {
		return nil
	}
	for _, n := range r.nodes {
		if err := n.checkpoint(""); err != nil {
			return err
		}
	}
	if err := r.written(r.out.flush()); err != nil {
		return err
	}
	for _, n := range r.nodes {
		if err := n.commit(""); err != nil {
			return err
		}
	}
	return nil
}

// close releases what the stages hold. A source ends its pipeline before, and
// keeps its locks until they are done: the next run of it relies on both.
func (r *run) close() {
	if r.source != nil {
		r.source.kill()
		defer func() {
			if err := r.source.close(); err != nil {
				r.fatalf("%w", err)
			}
		}()
	}
	if r.trail != nil {
		defer r.trail.Close()
	}
	for _, n := range r.nodes {
		if c, ok := n.cmd.(stage.Closer); ok && n.started {
			if err := c.Close(); err != nil {
				r.fatalf("%s: %w", n.spec.Name, err)
			}
		}
		if err := errors.Join(n.dump.Close(), n.paths.close()); err != nil {
			r.fatalf("%s: %w", n.spec.Name, err)
		}
	}
}

func (r *run) fatalf(format string, args ...any) {
	if r.fatal == nil {
		r.fatal = fmt.Errorf(format, args...)
	}
}

// follow finds out whether the stream may end here. Several windows can be
// open: a Commit counts if it is that of the last one.
func (r *run) follow(kind event.Kind, id string) {
	switch {
	case kind == event.Checkpoint:
		r.open, r.covered = true, id
	case id == r.covered:
		r.open = false
	}
}

// collect runs a collector, once or in intervals.
func (r *run) collect(ctx context.Context, head *node) error {
	if err := r.room(); err != nil {
		return err
	}
	for {
		err := head.collector.Collect(ctx, head.emitted())
		if fatal := r.broken(); fatal != nil {
			return fatal
		}
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, stage.ErrStop) {
			return err
		}
		interval := head.flags.RateLimit
		if err != nil {
			if interval == 0 {
				return err
			}
			head.failed()
			r.voice.say(head.spec.Name, "", err.Error())
		}
		if interval == 0 {
			return nil
		}
		pause(ctx, seconds(interval))
		if ctx.Err() != nil {
			return nil
		}
	}
}
