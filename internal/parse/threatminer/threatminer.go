// Package threatminer implements parse-threatminer.
//
// parse-threatminer: parse the recent domains on the front page of ThreatMiner
//
// The list stands between the texts Recent domains and Recent hosts; the last text
// in it leads to more and is left out. The page may have 16 MiB.
//
// # Examples
//
//	echo '<h3>Recent domains</h3> <p>example.org</p> <p>more</p>
//	  <h3>Recent hosts</h3>' | parse-threatminer
//
//intelpipe:full
package threatminer

import (
	"context"
	"html"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/scrape"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has no flags of its own.
type Command struct{}

// maxPage bounds a page, in bytes.
const maxPage = 16 << 20

// The texts that the list stands between.
const (
	begin = "Recent domains"
	end   = "Recent hosts"
)

// Process makes an event of each domain.
func (*Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	page, err := feed.Text(report, maxPage)
	if err != nil || page == "" {
		return err
	}
	domains, err := scrape.Between(page, begin, end, func(p scrape.Piece) bool { return p.Tag == "" })
	if err != nil {
		return err
	}
	for _, d := range domains[:max(0, len(domains)-1)] { // the last text leads to more
		e := feed.Event(report, d.Line)
		e.Set("source.fqdn", d.Value)
		e.Set("classification.type", "blacklist")
		feed.OneOf(e, "source.fqdn")
		if e.Err() != nil {
			feed.Dump(e, begin+"\n"+html.EscapeString(d.Value)+"\nmore\n"+end)
		}
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}
