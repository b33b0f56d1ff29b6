package streams

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/intelpipe/intelpipe/internal/dev/bench/job"
	"github.com/intelpipe/intelpipe/internal/dev/bench/table"
	"github.com/intelpipe/intelpipe/internal/dev/bench/tasks"
)

// netsetBar is how many lines parse-netset reads in a second of one processor.
const netsetBar = 1_000_000

// Netset reads a million addresses.
func Netset(ctx context.Context, t *table.Table, p tasks.Places) {
	const n = 1_000_000
	var list bytes.Buffer
	for i := range n {
		fmt.Fprintf(&list, "203.0.%d.%d\n", i>>8&0xff, i&0xff|1)
	}
	file, env := filepath.Join(p.Dir, "netset.txt"), job.Environment(p.Dir)
	err := os.WriteFile(file, list.Bytes(), 0o600)
	j := job.Job{Input: file, OneCore: true, Lines: n, Procs: [][]string{p.Command("parse-netset")}}
	if err == nil {
		err = j.Check(ctx, env)
	}
	best := 0.0
	for range job.Repeats {
		u, failed := j.Run(ctx, env, nil)
		if err = errors.Join(err, failed); err != nil {
			break
		}
		best = max(best, n/u.CPU.Seconds())
	}
	t.Add(table.Row{
		Task: "lines of a list of addresses", Ours: fmt.Sprintf("%.2f million/s", best/1e6), Name: "parse-netset", Bar: "≥ 1.00 million/s",
	}, best >= netsetBar, err)
}
