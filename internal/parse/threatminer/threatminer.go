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
	"errors"
	"html"
	"strings"

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
	if err != nil || strings.TrimSpace(page) == "" {
		return err
	}
	domains, err := list(page)
	if err != nil {
		return err
	}
	for _, d := range domains {
		e := feed.Event(report, d.Line)
		e.Set("source.fqdn", d.Value)
		e.Set("classification.type", "blacklist")
		if !e.Has("source.fqdn") {
			e.Fail(errNone) // unless the value was refused, which is the error that counts
			feed.Dump(e, begin+"\n"+html.EscapeString(d.Value)+"\nmore\n"+end)
		}
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

var (
	errNone  = errors.New("there is no domain in the text")
	errBegin = errors.New("the page has no text " + begin)
	errEnd   = errors.New("the page has no text " + end + " behind " + begin)
)

// list returns the texts of the list but the last one.
func list(page string) (texts []scrape.Piece, err error) {
	begun := false
	for p := range scrape.Pieces(page) {
		switch {
		case p.Tag != "":
		case begun && p.Value == end:
			return texts[:max(0, len(texts)-1)], nil
		case begun:
			texts = append(texts, p)
		case p.Value == begin:
			begun = true
		}
	}
	if !begun {
		return nil, errBegin
	}
	return nil, errEnd
}
