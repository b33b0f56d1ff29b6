// Package lookups measures experts that ask somebody or read a large table: how often
// they ask, how long they wait, how soon they are ready.
package lookups

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/intelpipe/intelpipe/internal/dev/bench/job"
	"github.com/intelpipe/intelpipe/internal/dev/bench/table"
	"github.com/intelpipe/intelpipe/internal/dev/bench/tasks"
)

// What is asked of lookups, of which the far end is a name server in this process.
const (
	slow       = 20 * time.Millisecond // to answer
	slowKeys   = 1280                  // events, each with a key of its own
	manyEvents = 100_000
	fewKeys    = 100
)

// fasterBy is how much 64 jobs are faster than one.
var fasterBy = table.AtLeast(50)

// Count counts what expert-reverse-dns asks, and how long it waits.
func Count(ctx context.Context, t *table.Table, p tasks.Places) error {
	env := job.Environment(p.Dir)
	server, err := startNames()
	if err != nil {
		return err
	}
	defer server.stop()
	distinct, repeated := filepath.Join(p.Dir, "distinct.ndjson"), filepath.Join(p.Dir, "repeated.ndjson")
	if err := writeAddresses(distinct, slowKeys, slowKeys); err != nil {
		return err
	}
	if err := writeAddresses(repeated, manyEvents, fewKeys); err != nil {
		return err
	}
	lookup := func(input string, flags ...string) job.Job {
		args := append([]string{"expert-reverse-dns", "--nameserver", server.addr}, flags...)
		return job.Job{Input: input, Procs: [][]string{p.Command(args...)}}
	}

	timed := func(j job.Job, out io.Writer) (time.Duration, error) {
		u, err := j.Run(ctx, env, out)
		return u.Wall, err
	}
	server.wait.Store(int64(slow))
	ours, ref := sha256.New(), sha256.New()
	many, one := lookup(distinct, "--jobs", "64"), lookup(distinct, "--jobs", "1")
	row, ok := table.Row{Task: "wait for a server of 20 ms", Name: "expert-reverse-dns --jobs 64"}, false
	fast, err := timed(many, ours)
	if err == nil {
		var alone time.Duration
		if alone, err = timed(one, ref); err == nil && !bytes.Equal(ours.Sum(nil), ref.Sum(nil)) {
			err = fmt.Errorf("the bytes are not the same")
		}
		ratio := float64(alone) / float64(max(fast, 1))
		row.Ours, row.Reference = fmt.Sprintf("%.2f s", fast.Seconds()), fmt.Sprintf("%.2f s", alone.Seconds())
		row.ReferenceName, row.Ratio, row.Bar = "--jobs 1", fmt.Sprintf("%.2f", ratio), fasterBy.String()
		ok = fasterBy.Met(ratio)
	}
	t.Add(row, ok, err)

	server.wait.Store(int64(slow / 10))
	requests := func(task string, want int64, work func() error) {
		before := server.asked.Load()
		err := work()
		n := server.asked.Load() - before
		t.Add(table.Row{Task: task, Ours: fmt.Sprint(n), Name: "requests", Bar: fmt.Sprintf("= %d", want)}, n == want, err)
	}
	run := func(flags ...string) func() error {
		return func() error {
			j := lookup(repeated, flags...)
			j.Lines = manyEvents
			return j.Check(ctx, env)
		}
	}
	cache := []string{"--cache", filepath.Join(p.Dir, "cache")}
	shared := []string{"--cache", filepath.Join(p.Dir, "shared")}
	requests(fmt.Sprintf("%d events, %d keys", manyEvents, fewKeys), fewKeys, run("--jobs", "64"))
	requests("the same with --cache", fewKeys, run(cache...))
	requests("once more with --cache", 0, run(cache...))
	requests("two at once on one --cache", fewKeys, func() error {
		var both sync.WaitGroup
		errs := make([]error, 2)
		for i := range errs {
			both.Go(func() { errs[i] = run(shared...)() })
		}
		both.Wait()
		if errs[0] != nil {
			return errs[0]
		}
		return errs[1]
	})
	return ctx.Err()
}

// writeAddresses writes n events, with addresses that repeat after so many.
func writeAddresses(file string, n, keys int) error {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `{"source.ip":"2001:db8::%x","extra.number":%d}`+"\n", 1+i%keys, i)
	}
	return os.WriteFile(file, b.Bytes(), 0o600)
}
