package csv

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// wide is a table of 40 columns of which 23 are mapped, as large feeds have it.
func wide(rows int) (columns []string, content []byte) {
	columns = []string{
		"time.source", "source.ip", "source.port", "", "source.asn", "", "",
		"source.geolocation.cc", "source.geolocation.city", "source.geolocation.region", "", "source.reverse_dns", "", "",
		"source.fqdn", "source.url", "destination.ip", "", "destination.port", "", "",
		"destination.asn", "destination.geolocation.cc", "destination.reverse_dns", "", "protocol.transport", "", "",
		"protocol.application", "malware.name", "classification.identifier", "", "event_description.text", "", "",
		"extra.tag", "extra.naics", "extra.sector", "", "",
	}
	for i := range rows {
		content = fmt.Appendf(content, "2026-11-%02d 10:20:30,192.0.2.%d,%d,,64%03d,x,x,", i%30+1, i%256, i%60000+1, i%500)
		content = fmt.Appendf(content, "AT,Vienna,Wien,x,host%d.example.com,,x,", i)
		content = fmt.Appendf(content, "www.example.org,http://www.example.org/%d,198.51.100.%d,x,80,,,", i, i%256)
		content = append(content, "64500,DE,sink.example.net,,tcp,x,x,http,avalanche,avalanche-generic,,Some text about it,,,"...)
		content = append(content, "a;b;c,518210,Communications,x,x\n"...)
	}
	return columns, content
}

func parse(tb testing.TB, c *Command, content []byte) (events []string) {
	tb.Helper()
	report := event.New(event.Report, nil)
	report.SetBody(bytes.NewReader(content))
	err := c.Process(context.Background(), report, func(e *event.Message) error {
		if e.Err() != nil {
			tb.Fatal(e.Err())
		}
		e.Finish()
		events = append(events, e.String())
		e.Release()
		return nil
	})
	if err != nil || report.Err() != nil {
		tb.Fatal(err, report.Err())
	}
	return events
}

func TestWideTableNeedsNoAllocationPerColumn(t *testing.T) {
	columns, content := wide(1000)
	c := &Command{Columns: columns, Delimiter: ",", DefaultUrlProtocol: "http://"}
	if err := c.Start(context.Background(), stage.Standalone()); err != nil {
		t.Fatal(err)
	}
	if events := parse(t, c, content); len(events) != 1000 || !strings.Contains(events[999], `"extra.sector":"Communications"`) {
		t.Fatalf("%d events, the last is %s", len(events), events[len(events)-1])
	}
	report := event.New(event.Report, nil)
	perRow := testing.AllocsPerRun(5, func() {
		report.SetBody(bytes.NewReader(content))
		c.Process(context.Background(), report, func(e *event.Message) error {
			e.Finish()
			e.Release()
			return nil
		})
	}) / 1000
	if perRow > 4 {
		t.Errorf("%.1f allocations a row", perRow)
	}
}

func BenchmarkWideTable(b *testing.B) {
	columns, content := wide(10000)
	c := &Command{Columns: columns, Delimiter: ",", DefaultUrlProtocol: "http://", Type: "infected-system"}
	if err := c.Start(context.Background(), stage.Standalone()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(content)))
	report := event.New(event.Report, nil)
	var out []byte
	for b.Loop() {
		report.SetBody(bytes.NewReader(content))
		c.Process(context.Background(), report, func(e *event.Message) error {
			e.Finish()
			out = e.Append(out[:0])
			e.Release()
			return nil
		})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10000, "ns/row")
}
