package lookups

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/intelpipe/intelpipe/internal/dev/bench/job"
	"github.com/intelpipe/intelpipe/internal/dev/bench/table"
	"github.com/intelpipe/intelpipe/internal/dev/bench/tasks"
)

// readyBar is how long an expert may take to start on a million prefixes and to
// answer for one event.
const readyBar = 50 * time.Millisecond

// Ready starts an expert for one event, and says what memory it takes for all.
func Ready(ctx context.Context, t *table.Table, p tasks.Places, l *tasks.Large) {
	env := job.Environment(p.Dir)
	row := table.Row{Task: "ready with a million prefixes", Name: l.Command}
	one := filepath.Join(p.Dir, "one.ndjson")
	if err := os.WriteFile(one, []byte(`{"source.ip":"192.0.2.1"}`+"\n"), 0o600); err != nil {
		t.Add(row, false, err)
		return
	}
	j := job.Job{Input: one, Lines: 1, Procs: [][]string{l.Words(p)}}
	err := j.Check(ctx, env)
	least := time.Duration(0)
	for range job.Repeats {
		if u, failed := j.Run(ctx, env, nil); failed != nil {
			err = failed
		} else if least == 0 || u.Wall < least {
			least = u.Wall
		}
	}
	ms := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond)) }
	row.Ours, row.Bar = ms(least), "≤ "+ms(readyBar)
	t.Add(row, least <= readyBar, err)

	j.Input = p.Events()
	u, err := j.Run(ctx, env, nil)
	row = table.Row{
		Task: "memory with a million prefixes", Name: l.Command,
		Ours: fmt.Sprintf("%.1f MiB", table.Mebibytes(u.RSS)), ReferenceName: "its file", Bar: "none",
	}
	if info, err := os.Stat(l.Table(p)); err == nil {
		row.Reference = fmt.Sprintf("%.1f MiB", table.Mebibytes(info.Size()))
	}
	t.Add(row, true, err)
}
