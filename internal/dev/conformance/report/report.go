// Package report says what became of all vectors, and which deviate from the reference
// or fail.
package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/dev/conformance/compare"
	"github.com/intelpipe/intelpipe/internal/dev/conformance/deviations"
)

// Result is what became of one vector.
type Result struct {
	ID, Command string
	Absent      string         // why it was not run
	Diffs       []compare.Diff // none: passed
	Dropped     []string       // parameters without a flag
	Line        string         // the command line
	Stderr      string

	Parameters map[string]any // of the vector
}

// Add adds a difference.
func (res *Result) Add(part, want, got string) {
	res.Diffs = append(res.Diffs, compare.Diff{Part: part, Want: want, Got: got})
}

// Summary counts results.
type Summary struct{ Passed, Deviated, Failed, Total int }

func (s Summary) String() string {
	return fmt.Sprintf("conformance: %d passed, %d deviated, %d failed, %d total", s.Passed, s.Deviated, s.Failed, s.Total)
}

// Write prints the table, what deviates, what is left out, and what fails;
// the last line is the summary.
func Write(w io.Writer, results []Result) Summary {
	var sum Summary
	rows := map[string]*Summary{}
	absent := map[string]map[string]int{}
	dropped := map[string]int{}
	var deviated, failed []string
	for i := range results {
		res := &results[i]
		if res.Absent != "" {
			if absent[res.Absent] == nil {
				absent[res.Absent] = map[string]int{}
			}
			absent[res.Absent][res.Command]++
			continue
		}
		for _, name := range res.Dropped {
			dropped[res.Command+" "+name]++
		}
		row := rows[res.Command]
		if row == nil {
			row = &Summary{}
			rows[res.Command] = row
		}
		row.Total++
		reasons, left := judge(res)
		switch {
		case len(left) > 0:
			row.Failed++
			failed = append(failed, block(res, left))
		case len(reasons) > 0:
			row.Deviated++
			deviated = append(deviated, fmt.Sprintf("  %s %s\n    %s", res.Command, res.ID, strings.Join(reasons, "\n    ")))
		default:
			row.Passed++
		}
	}
	table(w, rows, &sum)
	section(w, "deviations", deviated)
	var left []string
	for _, why := range slices.Sorted(maps.Keys(absent)) {
		left = append(left, fmt.Sprintf("  %s: %s", why, tally(absent[why])))
	}
	section(w, "absent, not counted", left)
	if len(dropped) > 0 {
		section(w, "dropped, parameters without a flag", []string{"  " + tally(dropped)})
	}
	section(w, "failed", failed)
	fmt.Fprintf(w, "\n%s\n", sum)
	return sum
}

// judge parts the differences of a result: the reasons of those that are
// excused, and those that are not.
func judge(res *Result) (reasons []string, left []compare.Diff) {
	seen := map[string]bool{}
	for _, d := range res.Diffs {
		reason := deviations.Reason(res.Command, res.Parameters, d)
		switch {
		case reason == "":
			left = append(left, d)
		case !seen[d.Part+reason]:
			seen[d.Part+reason] = true
			reasons = append(reasons, d.Part+": "+reason)
		}
	}
	return reasons, left
}

// block shows a vector that failed; of many differences the first few.
func block(res *Result, left []compare.Diff) string {
	const most = 4
	b := fmt.Sprintf("  %s %s", res.Command, res.ID)
	if res.Line != "" {
		b += "\n    run: " + compare.Clip(res.Line)
	}
	for i, d := range left {
		if i == most {
			b += fmt.Sprintf("\n    and %d more", len(left)-most)
			break
		}
		b += "\n    " + d.String()
	}
	if res.Stderr != "" {
		b += "\n    stderr: " + compare.Clip(strings.TrimSpace(res.Stderr))
	}
	return b
}

func table(w io.Writer, rows map[string]*Summary, sum *Summary) {
	fmt.Fprintf(w, "%-34s %7s %7s\n", "command", "passed", "total")
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		r := rows[name]
		note := ""
		if r.Deviated > 0 {
			note += fmt.Sprintf("  %d deviated", r.Deviated)
		}
		if r.Failed > 0 {
			note += fmt.Sprintf("  %d FAILED", r.Failed)
		}
		fmt.Fprintf(w, "%-34s %7d %7d%s\n", name, r.Passed, r.Total, note)
		sum.Passed += r.Passed
		sum.Deviated += r.Deviated
		sum.Failed += r.Failed
		sum.Total += r.Total
	}
}

// tally is the sum and each count.
func tally(counts map[string]int) string {
	sum := 0
	var names []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		sum += counts[name]
		names = append(names, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return fmt.Sprintf("%d (%s)", sum, strings.Join(names, ", "))
}

func section(w io.Writer, title string, entries []string) {
	if len(entries) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s:\n", title)
	for _, e := range entries {
		fmt.Fprintln(w, e)
	}
}
