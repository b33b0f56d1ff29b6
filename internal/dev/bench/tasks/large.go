package tasks

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/intelpipe/intelpipe/internal/dev/bench/data"
	"github.com/intelpipe/intelpipe/internal/dev/bench/job"
	"github.com/intelpipe/intelpipe/internal/dev/bench/table"
)

// Large is an expert that looks addresses up among a million prefixes.
type Large struct {
	Command string
	kind    string // of data
	n       int    // prefixes
	update  bool   // its table is compiled of the data, with --update, and not the data itself
}

// Larges are all of them.
var Larges = []Large{
	{"expert-asn-lookup", "routes", data.Prefixes, true},
	{"expert-maxmind-geoip", "places", data.Networks, false},
	{"expert-constituency", "constituencies", data.Networks, true},
}

func (l *Large) data(p Places) string { return filepath.Join(p.Dir, l.kind) }

// Table is the file that the expert looks up in.
func (l *Large) Table(p Places) string {
	if l.update {
		return l.data(p) + ".db"
	}
	return l.data(p)
}

// Words are the command line.
func (l *Large) Words(p Places) []string {
	return p.Command(l.Command, "--database", l.Table(p))
}

// job runs the expert over all events.
func (l *Large) job(p Places, n int) job.Job {
	return job.Job{Name: l.Command, Input: p.Events(), OneCore: true, Lines: n, Procs: [][]string{l.Words(p)}}
}

func (l *Large) task() task {
	return task{name: "look up in a million prefixes", ours: l.Command, ref: "expert-taxonomy", bar: table.AtMost(2)}
}

// prepare makes the table.
func (l *Large) prepare(ctx context.Context, p Places, progress io.Writer) error {
	fmt.Fprintf(progress, "bench: generating %s\n", l.kind)
	if err := generateElsewhere(ctx, l.data(p), l.kind, l.n); err != nil || !l.update {
		return err
	}
	j := job.Job{Procs: [][]string{p.Command(l.Command, "--database", l.Table(p), "--from", l.data(p), "--update")}}
	if _, err := j.Run(ctx, job.Environment(p.Dir), nil); err != nil && ctx.Err() != nil {
		return err // otherwise the job that would read the table fails with a message of its own
	}
	return nil
}
