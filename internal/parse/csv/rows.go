package csv

import (
	"bytes"
	"context"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Process makes an event of each row.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	var plan *feed.Plan
	for row := range feed.Rows(report, emit, c.format) {
		if plan == nil {
			var err error
			if plan, err = c.planFor(row.Names); err != nil {
				return err // which condemns the report
			}
		}
		if c.isHeader != nil && c.isHeader(row.Fields) || c.FilterText != "" && c.filtered(row.Fields) {
			continue
		}
		e := row.Event()
		if !plan.Fill(e, row.Fields) {
			e.Release()
			continue
		}
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

func (c *Command) filtered(fields []string) bool {
	c.joined = c.joined[:0]
	for i, text := range fields {
		if i > 0 {
			c.joined = append(c.joined, string(c.format.Delimiter)...)
		}
		c.joined = append(c.joined, text...)
	}
	return bytes.Contains(c.joined, []byte(c.FilterText)) == (c.FilterType == "blacklist")
}
