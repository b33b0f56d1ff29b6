package feeds

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/admin/feeds/run"
	"github.com/intelpipe/intelpipe/internal/catalogue"
	"github.com/intelpipe/intelpipe/internal/stage"
)

type running struct {
	Set       []string `help:"A value that a feed asks for, as often as needed." placeholder:"NAME=TEXT" sep:"none"`
	From      string   `help:"Take the report of one feed from elsewhere." placeholder:"FILE|URL"`
	AtOnce    int      `help:"Run up to N feeds at the same time." default:"8" placeholder:"N"`
	Repeat    bool     `help:"Collect each feed again at its interval."`
	Source    string   `help:"Put .NAME behind the names of the sources." placeholder:"NAME"`
	IfRunning string   `help:"What to do while another run of a feed is at work." enum:"wait,skip,fail" default:"wait"`
	place
	Names []string `arg:"" sep:"none" name:"feed" help:"Feeds, as feeds list names them."`
}

// Launches says that a pipeline may stand behind --.
func (*running) Launches() bool { return true }

// Run runs the pipelines.
func (r *running) Run(ctx context.Context, env *stage.Env, stdout io.Writer) error {
	c, err := r.load(env)
	if err != nil {
		return err
	}
	feeds, err := c.Find(r.Names)
	if err != nil {
		return stage.Usage(err)
	}
	jobs, err := r.jobs(env, feeds)
	if err != nil {
		return stage.Usage(err)
	}
	program, err := env.Commands.Program()
	if err != nil {
		return err
	}
	results := run.All(ctx, jobs, run.Options{
		Program: program,
		Env:     append(env.Environ(), "STATE_DIRECTORY="+env.StateDir),
		Stdout:  stdout, Stderr: env.Stderr, AtOnce: r.AtOnce,
	})
	return summary(results)
}

// jobs are the command lines of feeds. A mistake in one of them is found before any is
// started.
func (r *running) jobs(env *stage.Env, feeds []*catalogue.Feed) ([]run.Job, error) {
	switch streams := slices.ContainsFunc(feeds, (*catalogue.Feed).Stream); {
	case r.AtOnce < 1:
		return nil, errors.New("--at-once: a number above 0 is expected")
	case r.From != "" && len(feeds) > 1:
		return nil, errors.New("--from: the report of one feed alone can come from elsewhere")
	case (r.Repeat || streams) && len(feeds) > r.AtOnce:
		return nil, fmt.Errorf("--at-once %d: %d feeds are named that do not end by themselves, and some would never be started; give it %d", r.AtOnce, len(feeds), len(feeds))
	}
	values, err := values(r.Set, feeds)
	if err != nil {
		return nil, err
	}
	var jobs []run.Job
	for _, f := range feeds {
		words, err := r.words(env, f, values)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, run.Job{Name: f.ID, Words: words})
	}
	return jobs, nil
}

// words are the command line of a feed.
func (r *running) words(env *stage.Env, f *catalogue.Feed, values map[string]string) ([]string, error) {
	dirs := r.dirs(env)
	secrets, missing := f.Secrets(dirs, env.Environ())
	if r.From == "" {
		if err := usable(f, env.Commands); err != nil {
			return nil, err
		}
		if err := wants(f, missing, dirs); err != nil {
			return nil, err
		}
	}
	source := f.ID
	if r.Source != "" {
		source += "." + r.Source
	}
	line := catalogue.Line{Values: values, From: r.From, Secrets: secrets, More: []string{"--source", source, "--if-running", r.IfRunning}}
	if r.Repeat && !f.Stream() {
		line.More = append(line.More, "--rate-limit", fmt.Sprint(catalogue.Span(f.Interval).Seconds()))
	}
	collector, parser, err := f.Words(line)
	if err != nil {
		return nil, err
	}
	chain := collector
	for _, words := range [][]string{parser, env.Words} {
		if len(words) > 0 {
			chain = append(append(chain, "then"), words...)
		}
	}
	if at, err := env.Commands.Check(chain); err != nil {
		if at > len(chain)-len(env.Words)-1 {
			return nil, fmt.Errorf("the pipeline behind --: %w", err)
		}
		return nil, fmt.Errorf("%s: %s: %w", f.ID, chain[at], err)
	}
	return chain, nil
}

// summary is the error that has the highest exit code of all.
func summary(results []run.Result) error {
	var failed []string
	worst := 0
	for _, r := range results {
		code := r.Code
		switch {
		case r.Err != nil:
			code = 3
			failed = append(failed, fmt.Sprintf("%s (%v)", r.Name, r.Err))
		case !r.Started:
		case code < 0:
			code = 3
			failed = append(failed, r.Name+" (ended by a signal)")
		case code > 0:
			failed = append(failed, fmt.Sprintf("%s (exit code %d)", r.Name, code))
		}
		worst = max(worst, code)
	}
	if worst == 0 {
		return nil // also if a signal came before the last ones were started
	}
	err := fmt.Errorf("%d of %d feeds: %s", len(failed), len(results), strings.Join(failed, ", "))
	switch worst {
	case 1:
		return err
	case 2:
		return stage.Usage(err)
	}
	return stage.Fatal(err)
}
