package feeds

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/admin/feeds/check"
	"github.com/intelpipe/intelpipe/internal/catalogue"
	"github.com/intelpipe/intelpipe/internal/json"
)

// checked is a feed and what was found.
type checked struct {
	feed    *catalogue.Feed
	measure *check.Measure // nil if nothing was tried
	verdict check.Verdict
	err     error // of this machine, and not of the feed
}

// wrong is the error at the end if a feed is not what it should be.
func wrong(found []checked) error {
	n := 0
	for _, f := range found {
		if f.verdict.Word != "ok" {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d feeds are not ok", n, len(found))
}

// table prints a line for each feed.
func table(out io.Writer, found []checked, now time.Time) {
	fmt.Fprintf(out, "%-32s %-11s %10s %8s %8s %6s\n", "FEED", "VERDICT", "BYTES", "NEWEST", "EVENTS", "FILLED")
	for _, f := range found {
		bytes, newest, events, filled := "-", "-", "-", "-"
		if m := f.measure; m != nil {
			bytes, events = fmt.Sprint(m.Bytes), fmt.Sprint(m.Events)
			if m.Events > 0 {
				filled = fmt.Sprintf("%.0f %%", 100*m.Filled())
			}
			if !m.Newest.IsZero() {
				newest = check.Age(max(0, now.Sub(m.Newest)))
			}
		}
		line := fmt.Sprintf("%-32s %-11s %10s %8s %8s %6s  %s", f.feed.ID, f.verdict.Word, bytes, newest, events, filled, f.verdict.Says)
		fmt.Fprintln(out, strings.TrimRight(line, " "))
	}
}

// objects prints an object for each feed.
func objects(out io.Writer, found []checked) error {
	for _, f := range found {
		line, err := json.Marshal(struct {
			Feed    string `json:"feed"`
			Verdict string `json:"verdict"`
			Says    string `json:"says,omitempty"`
			*check.Measure
		}{f.feed.ID, f.verdict.Word, f.verdict.Says, f.measure})
		if err != nil {
			return err
		}
		if _, err := out.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return nil
}

// metrics prints what was found in the format of OpenMetrics 1.0. Names of feeds and
// fields have no character that would have to be escaped in it.
func metrics(out io.Writer, found []checked) {
	family := func(name, unit, help string) {
		fmt.Fprintf(out, "# TYPE intelpipe_feed_%s %s\n", name, unit)
		fmt.Fprintf(out, "# HELP intelpipe_feed_%s %s\n", name, help)
	}
	family("verdict", "stateset", "What feeds check says of the feed.")
	for _, f := range found {
		for _, word := range check.Words {
			set := 0
			if word == f.verdict.Word {
				set = 1
			}
			fmt.Fprintf(out, "intelpipe_feed_verdict{feed=%q,intelpipe_feed_verdict=%q} %d\n", f.feed.ID, word, set)
		}
	}
	gauge := func(name, help string, value func(m *check.Measure) (float64, bool)) {
		family(name, "gauge", help)
		for _, f := range found {
			if f.measure == nil {
				continue
			}
			if n, ok := value(f.measure); ok {
				fmt.Fprintf(out, "intelpipe_feed_%s{feed=%q} %v\n", name, f.feed.ID, n)
			}
		}
	}
	gauge("bytes", "Size of the content.", func(m *check.Measure) (float64, bool) { return float64(m.Bytes), true })
	gauge("fetch_seconds", "How long the fetch took.", func(m *check.Measure) (float64, bool) { return m.Took, true })
	gauge("events", "Events in the content.", func(m *check.Measure) (float64, bool) { return float64(m.Events), true })
	gauge("failed", "Entries that could not be parsed.", func(m *check.Measure) (float64, bool) { return float64(m.Failed), true })
	gauge("newest_timestamp_seconds", "Time of the newest entry.", func(m *check.Measure) (float64, bool) {
		return float64(m.Newest.Unix()), !m.Newest.IsZero()
	})
	family("filled_ratio", "gauge", "Share of events that have the field.")
	for _, f := range found {
		if f.measure == nil {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(f.measure.Fields)) {
			fmt.Fprintf(out, "intelpipe_feed_filled_ratio{feed=%q,field=%q} %v\n", f.feed.ID, name, f.measure.Fields[name])
		}
	}
	fmt.Fprintln(out, "# EOF")
}
