package tasks

import (
	"context"
	"fmt"
	"io"
	"os"
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
	for i := range Larges {
		if !p.Has(Larges[i].Command) {
			continue
		}
		if err := Larges[i].prepare(ctx, at, progress); err != nil {
			return err
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
