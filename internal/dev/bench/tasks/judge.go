package tasks

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/intelpipe/intelpipe/internal/dev/bench/table"
)

// Judge makes the rows of the table, and lists the bars that are missed and
// the tasks that could not be measured.
func (p *Plan) Judge() table.Table {
	var judged table.Table
	for _, t := range p.tasks {
		ours, ref := p.results[t.ours], p.results[t.ref]
		needed := []*result{ours, ref}
		var base *result
		if t.base != "" {
			base = p.results[t.base]
			needed = append(needed, base)
		}
		row := []string{t.name, "", t.ours, "", t.ref, "", t.bar.String(), ""}
		var failed error
		absent := ""
		for _, r := range needed {
			failed = errors.Join(failed, r.err)
			absent += r.absent
		}
		switch {
		case absent != "":
			judged.Left = append(judged.Left, fmt.Sprintf("%s: %s", t, absent))
			continue
		case failed != nil:
			judged.Missed = append(judged.Missed, fmt.Sprintf("%s: %s", t, strings.ReplaceAll(failed.Error(), "\n", "; ")))
			row[7] = "FAILED"
		default:
			a, b := ours.perEvent(p.n, t.wall), ref.perEvent(p.n, t.wall)
			var off []float64
			if base != nil {
				off = base.perEvent(p.n, t.wall)
			}
			ratio := t.bar.Ratio(a, b, off)
			row[1], row[3] = micros(less(a, off)), micros(less(b, off))
			row[5], row[7] = fmt.Sprintf("%.2f", ratio), table.Verdict(t.bar.Met(ratio))
			if !t.bar.Met(ratio) {
				judged.Missed = append(judged.Missed, fmt.Sprintf("%s: %.2f, bar %s", t, ratio, t.bar))
			}
		}
		judged.Rows = append(judged.Rows, row)
	}
	return judged
}

// Figures are the raw figures of all jobs.
func (p *Plan) Figures() [][]string {
	rows := [][]string{{"job", "µs", "wall µs", "peak MiB"}}
	for _, j := range p.jobs {
		r := p.results[j.Name]
		if len(r.samples) == 0 {
			continue
		}
		var rss []float64
		for _, u := range r.samples {
			rss = append(rss, table.Mebibytes(u.RSS))
		}
		rows = append(rows, []string{j.Name, micros(r.perEvent(p.n, false)), micros(r.perEvent(p.n, true)), fmt.Sprintf("%.1f", table.Median(rss))})
	}
	return rows
}

// less takes base off a, round by round.
func less(a, base []float64) []float64 {
	if base == nil {
		return a
	}
	v := make([]float64, len(a))
	for i := range a {
		v[i] = a[i] - base[i]
	}
	return v
}

func micros(v []float64) string {
	m := table.Median(v)
	if math.IsNaN(m) {
		return ""
	}
	return fmt.Sprintf("%.3f", m)
}
