package tasks

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/internal/dev/bench/job"
)

// Measure runs every job once as a check, then round after round of all jobs,
// so that a change in the machine's speed hits all of them alike.
func (p *Plan) Measure(ctx context.Context, rounds int, progress io.Writer) error {
	env := job.Environment(p.places.Dir)
	fmt.Fprintln(progress, "bench: warm-up and check")
	for i := range p.jobs {
		j := &p.jobs[i]
		r := &result{absent: absent(j)}
		if r.absent == "" {
			r.err = j.Check(ctx, env)
		}
		p.results[j.Name] = r
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	for round := range rounds {
		fmt.Fprintf(progress, "bench: round %d of %d\n", round+1, rounds)
		for i := range p.jobs {
			j := &p.jobs[i]
			r := p.results[j.Name]
			if r.err != nil || r.absent != "" {
				continue
			}
			var u job.Usage
			if u, r.err = j.Run(ctx, env, nil); r.err == nil {
				r.samples = append(r.samples, u)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	return nil
}

// absent names what the job needs and is not there: a disk, since syncing costs
// nothing in memory, or a foreign tool.
func absent(j *job.Job) string {
	if j.Scratch != "" && inMemory(filepath.Dir(j.Scratch)) {
		return filepath.Dir(j.Scratch) + " is in memory: set TMPDIR to a directory on a disk"
	}
	for _, args := range j.Procs {
		if args[0] != "" {
			continue
		}
		if args[1] == "-c" {
			return "jq is not installed: apt install jq"
		}
		return "Miller is not installed: apt install miller"
	}
	return ""
}

func inMemory(dir string) bool {
	var fs unix.Statfs_t
	return unix.Statfs(dir, &fs) == nil && (fs.Type == unix.TMPFS_MAGIC || fs.Type == unix.RAMFS_MAGIC)
}
