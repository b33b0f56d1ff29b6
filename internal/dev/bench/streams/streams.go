// Package streams measures parsers on input that is long: how much memory they take for
// it, and how fast they are.
package streams

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"

	"github.com/intelpipe/intelpipe/internal/dev/bench/data"
	"github.com/intelpipe/intelpipe/internal/dev/bench/job"
	"github.com/intelpipe/intelpipe/internal/dev/bench/table"
	"github.com/intelpipe/intelpipe/internal/dev/bench/tasks"
)

// How much memory may grow with what is read.
const (
	shortStream = 32 << 20
	longStream  = 256 << 20
	growthBar   = 12 << 20
)

// endless are those that are also given 2 GiB.
var endless = []string{"parse-blocklistde", "parse-csv", "parse-cznic-haas", "parse-json"}

// Memory gives each parser a short and a long report, and says how its memory
// grows between them. Only is which parsers; nil is all.
func Memory(ctx context.Context, p tasks.Places, only *regexp.Regexp, progress io.Writer) (table.Table, error) {
	grown := table.Table{Rows: [][]string{{"parser", "read MiB", "MiB/s", "peak MiB", "of 32 MiB", "growth MiB/GiB", ""}}}
	self, err := os.Executable()
	if err != nil {
		return grown, err
	}
	for _, s := range data.Streams {
		if only != nil && !only.MatchString(s.Command) {
			continue
		}
		fmt.Fprintf(progress, "bench: %s\n", s.Command)
		measure := func(size int64) (job.Usage, error) {
			parser := p.Command(append([]string{s.Command, "--input", "raw"}, s.Args...)...)
			j := job.Job{Procs: [][]string{{self, "-generate", "stream:" + s.Command, "-n", fmt.Sprint(size)}, parser}}
			return j.Run(ctx, job.Environment(p.Dir), nil)
		}
		short, err := measure(shortStream)
		sizes := []int64{longStream}
		if slices.Contains(endless, s.Command) {
			sizes = append(sizes, 8*longStream)
		}
		for _, size := range sizes {
			var long job.Usage
			if err == nil {
				long, err = measure(size)
			}
			if err != nil {
				grown.Missed = append(grown.Missed, fmt.Sprintf("%s: %v", s.Command, err))
				grown.Rows = append(grown.Rows, []string{s.Command, "", "", "", "", "", "FAILED"})
				break
			}
			growth := long.RSS - short.RSS
			if growth > growthBar {
				grown.Missed = append(grown.Missed, fmt.Sprintf("%s: %.1f MiB more for %d MiB", s.Command, table.Mebibytes(growth), size>>20))
			}
			grown.Rows = append(grown.Rows, []string{
				s.Command, fmt.Sprint(size >> 20), fmt.Sprintf("%.0f", table.Mebibytes(size)/long.CPU.Seconds()),
				fmt.Sprintf("%.1f", table.Mebibytes(long.RSS)), fmt.Sprintf("%.1f", table.Mebibytes(short.RSS)),
				fmt.Sprintf("%.1f", table.Mebibytes(growth)/(float64(size-shortStream)/(1<<30))), table.Verdict(growth <= growthBar),
			})
		}
		if ctx.Err() != nil {
			return grown, ctx.Err()
		}
	}
	return grown, nil
}
