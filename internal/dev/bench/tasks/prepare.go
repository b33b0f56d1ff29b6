package tasks

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"

	"github.com/intelpipe/intelpipe/internal/dev/bench/data"
	"github.com/intelpipe/intelpipe/internal/dev/bench/job"
)

// Prepare writes the files that the jobs read.
func (p *Plan) Prepare(ctx context.Context, progress io.Writer) error {
	used := func(file string) bool {
		return slices.ContainsFunc(p.jobs, func(j job.Job) bool { return j.Input == file })
	}
	at, env := p.places, job.Environment(p.places.Dir)
	for _, data := range []struct{ kind, file string }{{"events", at.Events()}, {"csv", at.csv()}} {
		if !used(data.file) && !(data.kind == "csv" && used(at.parsed())) {
			continue
		}
		fmt.Fprintf(progress, "bench: generating %s\n", data.kind)
		if err := generateElsewhere(ctx, data.file, data.kind, p.n); err != nil {
			return err
		}
	}
	if p.Has(ASNLookup) {
		fmt.Fprintln(progress, "bench: generating routes")
		if err := generateElsewhere(ctx, at.routes(), "routes", data.Prefixes); err != nil {
			return err
		}
		j := job.Job{Procs: [][]string{at.Command(ASNLookup, "--database", at.Table(), "--from", at.routes(), "--update")}}
		if _, err := j.Run(ctx, env, nil); err != nil && ctx.Err() != nil {
			return err // otherwise the job that would read the table fails with a message of its own
		}
	}
	if err := os.WriteFile(at.schema(), data.Schema(), 0o600); err != nil {
		return err
	}
	if used(at.parsed()) {
		out, err := os.Create(at.parsed())
		if err != nil {
			return err
		}
		defer out.Close()
		j := job.Job{Input: at.csv(), Procs: [][]string{at.Command(parser()...)}}
		if _, err := j.Run(ctx, env, out); err != nil {
			// The jobs that would read the file fail with a message of their own.
			os.Remove(at.parsed())
			return nil
		}
	}
	return nil
}

// generateElsewhere has a copy of this program generate the data, so that the
// memory it takes is not taken for that of the processes measured later.
func generateElsewhere(ctx context.Context, file, kind string, n int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer out.Close()
	c := exec.CommandContext(ctx, self, "-generate", kind, "-n", fmt.Sprint(n))
	c.Stdout, c.Stderr = out, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("generating %s: %w", kind, err)
	}
	return out.Close()
}
