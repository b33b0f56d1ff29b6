package feeds

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/intelpipe/intelpipe/internal/admin/feeds/check"
	"github.com/intelpipe/intelpipe/internal/catalogue"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/stage"
)

type checking struct {
	JSON        bool       `name:"json" help:"Print an object a line."`
	OpenMetrics bool       `name:"openmetrics" help:"Print metrics in the OpenMetrics format."`
	Accept      bool       `help:"Accept what has changed since."`
	Set         []string   `help:"A value that a feed asks for, as often as needed." placeholder:"NAME=TEXT" sep:"none"`
	From        string     `help:"Take the report of one feed from elsewhere." placeholder:"FILE|URL"`
	AtOnce      int        `help:"Look at up to N feeds at the same time." default:"4" placeholder:"N"`
	Timeout     float64    `help:"How long a fetch may take." default:"60" placeholder:"SECONDS"`
	Slow        float64    `help:"Call a fetch slow that takes longer." default:"20" placeholder:"SECONDS"`
	MaxDownload stage.Size `help:"The largest content that is fetched." default:"32MiB" placeholder:"SIZE"`
	place
	Names []string `arg:"" optional:"" sep:"none" name:"feed" help:"Feeds; without any, all that can be checked."`
}

// Launches says that no pipeline stands behind --.
func (*checking) Launches() bool { return false }

// Run checks feeds.
func (c *checking) Run(ctx context.Context, env *stage.Env, stdout io.Writer) error {
	if c.AtOnce < 1 || !(c.Timeout > 0) || !(c.Slow > 0) || c.MaxDownload < 1 {
		return stage.Usage(errors.New("--at-once, --timeout, --slow and --max-download: numbers above 0 are expected"))
	}
	all, err := c.load(env)
	if err != nil {
		return err
	}
	feeds := all.Feeds
	if len(c.Names) > 0 {
		if feeds, err = all.Find(c.Names); err != nil {
			return stage.Usage(err)
		}
	}
	if c.From != "" && len(feeds) != 1 {
		return stage.Usage(errors.New("--from: the report of one feed alone can come from elsewhere"))
	}
	values, err := values(c.Set, feeds)
	if err != nil {
		return err
	}
	found, err := c.all(ctx, env, feeds, values)
	if err != nil {
		return err
	}
	if len(c.Names) == 0 {
		found = c.tried(env, found)
	}
	out := bufio.NewWriter(stdout)
	switch {
	case c.OpenMetrics:
		metrics(out, found)
	case c.JSON:
		err = objects(out, found)
	default:
		table(out, found, env.Now())
	}
	return cmp.Or(err, out.Flush(), wrong(found), broken(all))
}

// all looks at feeds, several at a time.
func (c *checking) all(ctx context.Context, env *stage.Env, feeds []*catalogue.Feed, values map[string]string) ([]checked, error) {
	program, err := env.Commands.Program()
	if err != nil {
		return nil, err
	}
	if err := disk.MkdirAll(env.StateDir, 0o700); err != nil {
		return nil, err
	}
	found := make([]checked, len(feeds))
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(c.AtOnce, len(feeds)) {
		workers.Go(func() {
			for i := range next {
				found[i].verdict, found[i].measure, found[i].err = c.one(ctx, env, program, feeds[i], values)
			}
		})
	}
	for i, f := range feeds {
		found[i].feed = f
		next <- i
	}
	close(next)
	workers.Wait()
	if ctx.Err() != nil {
		return nil, stage.Fatal(errors.New("stopped by a signal before all feeds were looked at"))
	}
	for _, f := range found {
		if f.err != nil {
			return nil, stage.Fatal(f.err)
		}
	}
	return found, nil
}

// one looks at one feed.
func (c *checking) one(ctx context.Context, env *stage.Env, program string, f *catalogue.Feed, values map[string]string) (check.Verdict, *check.Measure, error) {
	dirs := c.dirs(env)
	secrets, missing := f.Secrets(dirs, env.Environ())
	if c.From == "" {
		err := usable(f, env.Commands)
		switch {
		case err != nil && f.Dead != "":
			return check.Verdict{Word: "dead", Says: after(err)}, nil, nil
		case err == nil:
			err = wants(f, missing, dirs)
		}
		if err != nil {
			return check.Verdict{Word: "unchecked", Says: after(err)}, nil, nil
		}
	}
	collector, parser, err := f.Words(catalogue.Line{Values: values, From: c.From, Secrets: secrets})
	if err != nil {
		return check.Verdict{Word: "unchecked", Says: after(err)}, nil, nil
	}
	if collector[0] == "collect-http" {
		collector = append(collector, "--max-download", fmt.Sprint(int64(c.MaxDownload)), "--http-timeout-total", fmt.Sprint(c.Timeout), "--http-timeout-max-tries", "1")
	}
	last, err := check.Load(env.StateDir, f.ID)
	if err != nil {
		return check.Verdict{}, nil, err
	}
	dir, err := os.MkdirTemp(env.StateDir, ".check-")
	if err != nil {
		return check.Verdict{}, nil, err
	}
	defer os.RemoveAll(dir)
	now := env.Now()
	m, err := check.Probe(ctx, collector, parser, check.Options{
		Program: program, Env: env.Environ(), Dir: dir, Timeout: seconds(c.Timeout) + grace, Limit: int64(c.MaxDownload), Now: now,
		Stream: f.Stream() && c.From == "",
	})
	if err != nil {
		return check.Verdict{}, nil, err
	}
	m.Since = now
	if last != nil && last.Sum == m.Sum {
		m.Since = last.Since
	}
	v := check.Judge(m, check.Expected{
		Fresh: catalogue.Span(f.Fresh), Slow: seconds(c.Slow), Page: slices.Contains(pages, f.ParserName()), Limit: int64(c.MaxDownload), Last: last, Accept: c.Accept,
	})
	if v.Good() {
		return v, m, check.Save(env.StateDir, f.ID, m)
	}
	return v, m, nil
}

// grace is how much longer the check waits than the collector may take, so that the
// collector says why nothing came.
const grace = 5 * time.Second

// pages are the parsers of feeds that are web pages.
var pages = []string{"parse-html-table", "parse-malwareurl", "parse-threatminer"}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// after is the text of an error without the name of the feed.
func after(err error) string {
	_, text, _ := strings.Cut(err.Error(), ": ")
	return text
}

// tried leaves out what nobody has asked for by name and what cannot be checked.
func (c *checking) tried(env *stage.Env, found []checked) []checked {
	dead, unchecked := 0, 0
	found = slices.DeleteFunc(found, func(f checked) bool {
		switch f.verdict.Word {
		case "dead":
			dead++
		case "unchecked":
			unchecked++
		default:
			return false
		}
		return true
	})
	env.Warn("left out: %d dead feeds, and %d that need a command, a value or a credential; name one to learn what", dead, unchecked)
	return found
}
