package tool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/builtin"
	"github.com/intelpipe/intelpipe/internal/chain"
	"github.com/intelpipe/intelpipe/internal/delivery"
	"github.com/intelpipe/intelpipe/internal/delivery/identity"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/dump"
	"github.com/intelpipe/intelpipe/internal/flags"
	"github.com/intelpipe/intelpipe/internal/pipeline"
	"github.com/intelpipe/intelpipe/internal/procgroup"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/stdio"
	"github.com/intelpipe/intelpipe/internal/stream"
	"github.com/intelpipe/intelpipe/internal/voice"
)

// run is one process: what its command line says, and what runs it.
type run struct {
	system   System
	specs    []Spec
	voice    *voice.Voice
	progress *voice.Progress
	stages   []*selected
	operands operands
	runner   stage.Runner
	source   *delivery.Source // if the head is a collector that owns its pipeline
	chain    *chain.Chain
	trail    *dump.Trail // of the replay whose messages these are
}

// report writes one line to stderr.
func (r *run) report(name string, err error) { r.voice.Line(name, err.Error()) }

func (r *run) head() *selected { return r.stages[0] }
func (r *run) last() *selected { return r.stages[len(r.stages)-1] }

// start reads the command line and starts all stages.
func (r *run) start(ctx context.Context, name string, args []string) error {
	args, pipeline := r.cut(name, args)
	words := split(name, args)
	alone := len(words) == 1 && pipeline == nil
	for i, words := range words {
		spec := flags.Find(r.specs, words[0])
		if spec == nil {
			return stage.Usage(builtin.Unknown(r.specs, words[0], " after then"))
		}
		s, err := selectCommand(spec, r.specs, words[1:], r.system)
		if err != nil {
			return err
		}
		s.env.Environ, s.env.Commands = r.environ, builtin.Commands(r.specs)
		s.env.Stdout = func() (io.Writer, error) { return r.stdout(s) }
		if runner, ok := s.cmd.(stage.Runner); ok {
			r.runner = runner
		}
		errand, err := s.errand()
		if errand != nil && !alone {
			err = fmt.Errorf("%s cannot stand in a chain: with these flags it does something else, and ends", words[0])
		}
		if err != nil {
			return stage.Usage(err)
		}
		r.runner = cmp.Or(r.runner, errand)
		r.stages = append(r.stages, s)
		if i > 0 && !stage.Consumes(s.cmd) {
			return stage.Usage(fmt.Errorf("%s starts a stream and cannot stand after then", words[0]))
		}
	}
	if head := r.head(); r.runner != nil && (!head.collects() || pipeline == nil && len(r.stages) == 1) {
		launcher, ok := r.runner.(stage.Launcher)
		launches := ok && launcher.Launches()
		if len(r.stages) > 1 || pipeline != nil && !launches {
			return stage.Usage(errors.New("not in a chain; a pipeline stands behind --, if it takes one"))
		}
		if launches {
			head.env.Words = pipeline
		}
		return nil
	}
	r.runner = nil
	if err := r.own(pipeline, words); err != nil {
		return err
	}
	if err := r.operands.find(r.stages, r.system.Getenv); err != nil {
		return err
	}
	if err := r.standard(); err != nil {
		return err
	}
	if err := r.fold(); err != nil {
		return err
	}
	if err := r.chain.Start(ctx); err != nil {
		return err
	}
	return r.openTrail()
}

// fold makes a chain of the stages.
func (r *run) fold() error {
	o := chain.Options{
		Voice: r.voice, Source: r.system.Getenv(stage.InPipeline), Owned: r.source != nil,
		Swallowed: r.swallowed,
	}
	if r.source != nil {
		o.End = r.source.End()
	} else {
		o.End = stream.NewWriter(r.system.Stdout)
	}
	var stages []chain.Stage
	for _, s := range r.stages {
		described, err := s.describe()
		if err != nil {
			return err
		}
		stages = append(stages, described)
		o.Dry = o.Dry || described.DryRun != nil
	}
	var err error
	r.chain, err = chain.New(stages, o)
	return err
}

// swallowed says who keeps back the control lines of the source in whose pipeline
// this process stands.
func (r *run) swallowed() string {
	if stdin, ok := r.system.Stdin.(*os.File); ok {
		if words := procgroup.Feeder(stdin); words != nil {
			return procgroup.Swallows(words)
		}
	}
	return pipeline.BehindThrough
}

// cut takes the pipeline of what starts a stream, which stands behind "--", off
// the command line.
func (r *run) cut(name string, args []string) (own, pipeline []string) {
	i := slices.Index(args, "--")
	if i < 0 {
		return args, nil
	}
	if spec := flags.Find(r.specs, name); spec != nil && !stage.Consumes(spec.New()) {
		return args[:i], args[i+1:]
	}
	return args, nil
}

// own makes a source of a collector that has a pipeline: a command of its own,
// or a chain that ends with an output. Any other chain is the beginning of a
// bare pipe.
func (r *run) own(pipeline []string, words [][]string) error {
	head, last := r.head(), r.last()
	_, prints := head.cmd.(stage.Collector)
	owned := pipeline != nil || last.kind == chain.Output && !last.flags.Pass
	if err := head.flags.ReceiverFlags.Check(prints && !owned); err != nil {
		return err
	}
	switch {
	case pipeline == nil && (!head.collects() || last.kind != chain.Output || last.flags.Pass):
		return nil
	case pipeline != nil && len(pipeline) == 0:
		return stage.Usage(errors.New("the command of the pipeline has to follow --"))
	case pipeline != nil:
		if _, err := exec.LookPath(pipeline[0]); err != nil {
			return stage.Usage(err)
		}
	}
	var rest []string
	for _, w := range words[1:] {
		rest = append(rest, "then "+strings.Join(w, " "))
	}
	f := head.flags
	if !(f.Patience > 0) {
		return stage.Usage(errors.New("--patience: a number of seconds above 0 is expected"))
	}
	o := delivery.Options{
		Name: head.spec.Name, Command: head.cmd, Args: head.args, Env: head.env, Words: pipeline,
		Fused: len(r.stages) > 1, Rest: strings.Join(rest, " "), Environ: r.environ(), Stderr: r.system.Stderr,
		Source: f.Source, IfRunning: f.IfRunning, Interval: seconds(f.RateLimit), Restarts: f.Restarts,
		Grace: seconds(float64(f.Grace)), Patience: seconds(f.Patience), Signals: r.system.Signals != nil,
		Say: func(err error) { r.report(head.spec.Name, err) }, Exit: func() { os.Exit(ExitBroken) },
	}
	if w := f.ReceiverFlags; w != nil {
		o.Windows = delivery.Limits{Messages: w.WindowMessages, Bytes: int64(w.WindowBytes), Age: seconds(w.WindowAge), Open: w.OpenWindows}
	}
	if tune := r.system.Tune; tune != nil {
		tune(&o)
	}
	r.source = delivery.New(o)
	head.env.Pipeline = r.source.Pipeline()
	return nil
}

// environ is the environment of what this process starts: without the secrets
// of its own flags, and without what tells where in a pipeline it stands itself.
func (r *run) environ() []string {
	private := []string{stage.InPipeline, stage.InPatience, stage.InReplay}
	for _, s := range r.stages {
		private = append(private, s.flags.SecretVariables()...)
	}
	return slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains(private, name)
	})
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

// stream runs the chain to its end and returns the exit code.
func (r *run) stream(ctx context.Context) int {
	head := r.head()
	if r.runner != nil {
		return r.errand(ctx, head)
	}
	// A filter that reads a file is ended by a signal as any program is: it
	// has said nothing to anybody, and nothing advances.
	if signals := r.system.Signals; signals != nil && (head.collects() || r.operands.readsPipe()) {
		// They are caught up to the end of the process: one that the system
		// delivers late must not kill a command that has done its work.
		ctx, _ = signals(ctx)
	}
	if r.source == nil { // which heeds signals by itself
		defer linger(ctx, seconds(float64(head.flags.Grace)), r.chain.Interrupt, !head.collects())()
	}
	r.watch(head)
	err := r.chain.Run(func() error { return r.work(ctx, head) }, r.stopSource)
	if r.source != nil {
		err = cmp.Or(err, r.source.Close())
	}
	if r.trail != nil {
		r.trail.Close()
	}
	if errors.Is(err, identity.ErrRunning) {
		r.report(head.spec.Name, err)
		return ExitOK
	}
	readerGone := errors.Is(err, stage.ErrStop) // nothing advances then
	if err != nil && !readerGone {
		r.report(head.spec.Name, err)
	}
	r.chain.Sum(stdio.IsTerminal(r.system.Stderr) && !readerGone)
	switch {
	case stage.IsUsage(err):
		return ExitUsage
	case err != nil && !readerGone:
		return ExitBroken
	}
	if r.chain.Failed() {
		return ExitFailed
	}
	return ExitOK
}

// work feeds the chain.
func (r *run) work(ctx context.Context, head *selected) error {
	switch {
	case r.source != nil:
		return r.source.Run(ctx, r.chain)
	case head.collects():
		return r.chain.Collect(ctx, r.collector(head), seconds(head.flags.RateLimit))
	}
	return r.read(ctx, head)
}

// collector is how a collector works in a bare pipe.
func (r *run) collector(head *selected) func(context.Context, stage.Emit) error {
	if c, ok := head.cmd.(stage.Collector); ok {
		return c.Collect
	}
	return func(ctx context.Context, emit stage.Emit) error {
		return delivery.Print(ctx, head.cmd.(stage.Receiver), emit, r.chain.Idle)
	}
}

// stopSource ends the pipeline, before the stages are closed.
func (r *run) stopSource() {
	if r.source != nil {
		r.source.Kill()
	}
}

// abandon lets go of what was started before something else failed to.
func (r *run) abandon() {
	if r.chain != nil {
		r.chain.Close()
	}
}

// errand runs a command that is no part of a stream.
func (r *run) errand(ctx context.Context, head *selected) int {
	head.env.Warn = func(format string, args ...any) {
		r.voice.Say(head.spec.Name, "", fmt.Errorf(format, args...).Error())
	}
	head.env.Fail = head.env.Warn
	if _, ok := r.runner.(stage.Launcher); ok && r.system.Signals != nil {
		ctx, _ = r.system.Signals(ctx)
	}
	err := r.runner.Run(ctx, head.env, r.system.Stdout)
	if err == nil {
		return ExitOK
	}
	r.report(head.spec.Name, err)
	switch {
	case stage.IsFatal(err) || disk.IsTrouble(err) || errors.Is(err, os.ErrPermission): // what cannot be read is not empty
		return ExitBroken
	case stage.IsUsage(err):
		return ExitUsage
	}
	return ExitFailed
}

// watch shows a person at a terminal how far the stream has come.
func (r *run) watch(head *selected) {
	p := r.system
	if !stdio.IsTerminal(p.Stderr) || stdio.IsTerminal(p.Stdout) || !head.collects() && r.operands.readsPipe() {
		return
	}
	r.progress = voice.NewProgress(p.Stderr, head.spec.Name)
	r.voice.Progress(r.progress)
	r.chain.Progress = r.progress
}

// openTrail opens the trail of the replay that this process is, or in whose
// pipeline it stands.
func (r *run) openTrail() error {
	path := r.system.Getenv(stage.InReplay)
	if again, ok := r.head().cmd.(stage.Replayer); ok && r.source != nil {
		path = again.Trail()
	}
	if path == "" {
		return nil
	}
	trail, err := dump.OpenTrail(path)
	switch {
	case errors.Is(err, os.ErrNotExist): // the replay has ended, and asks no more
		return nil
	case err != nil:
		return stage.Fatal(err)
	}
	r.trail, r.chain.Trail = trail, trail
	return nil
}

// standard fails if the chain needs what is closed.
func (r *run) standard() error {
	head, last := r.head(), r.last()
	if in, ok := r.system.Stdin.(stdio.Closed); ok && !head.collects() && r.operands.readsStdin() {
		return in.Err()
	}
	silent := last.kind == chain.Output && !last.flags.Pass
	if out, ok := r.system.Stdout.(stdio.Closed); ok && r.source == nil && !silent {
		return out.Err()
	}
	return nil
}

// stdout is for an output that is told to write there. Where messages and control
// lines go there it is taken, and it keeps nothing that a checkpoint promises.
func (r *run) stdout(s *selected) (io.Writer, error) {
	switch out, closed := r.system.Stdout.(stdio.Closed); {
	case r.source != nil || r.system.Getenv(stage.InPipeline) != "":
		return nil, stage.Usage(errNotInPipeline)
	case s.kind == chain.Output && s.flags.Pass:
		return nil, stage.Usage(errors.New("not with --pass, which writes the messages there"))
	case s != r.last():
		return nil, stage.Usage(errors.New("only the last command of a chain writes there"))
	case closed:
		return nil, out.Err()
	}
	return stream.Quiet{W: r.system.Stdout}, nil
}

// read feeds the files, or stdin, into the chain.
func (r *run) read(ctx context.Context, head *selected) error {
	if r.operands.readsStdin() && stdio.IsTerminal(r.system.Stdin) {
		r.report(head.spec.Name, fmt.Errorf("reading from the terminal, end with ctrl-d; %s --help tells more", head.spec.Name))
	}
	if r.operands.readsPipe() {
		ctx = context.WithoutCancel(ctx)
	}
	if len(r.operands.files) == 0 {
		return r.chain.Read(ctx, r.system.Stdin, "")
	}
	for _, name := range r.operands.files {
		if err := r.readFile(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) readFile(ctx context.Context, name string) error {
	if name == "-" {
		return r.chain.Read(ctx, r.system.Stdin, "")
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	err = r.chain.Read(ctx, f, name)
	var path *fs.PathError
	if err != nil && !errors.Is(err, stage.ErrStop) && !errors.As(err, &path) {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return err
}
