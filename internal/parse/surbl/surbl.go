// Package surbl implements parse-surbl.
//
// parse-surbl: parse the zone of domains in spam, by SURBL, in the form of rbldnsd
//
// A line that begins with a colon says on which lists the domains below it are:
// mw is malware-distribution, else ph is phishing, and all others are blacklist.
// Domains begin with a dot. What stands above the first line with a colon, and all
// other lines, is left out.
//
// # Examples
//
//	printf ':127.0.0.8:Blocked, $ on lists [ph], See: site\n.example.net\n' |
//	  parse-surbl
package surbl

import (
	"context"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has no flags of its own.
type Command struct{}

// Process makes an event of each domain.
func (*Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	above, typ := "", ""
	for line := range feed.Lines(report, emit) {
		domain, isDomain := strings.CutPrefix(line, ".")
		switch {
		case line[0] == ':':
			above, typ = line, classification(line)
			continue
		case !isDomain || typ == "":
			continue
		}
		e := feed.Event(report, line)
		e.Set("source.fqdn", domain)
		e.Set("classification.type", typ)
		feed.OneOf(e, "source.fqdn")
		if e.Err() != nil {
			feed.Dump(e, above+"\n"+line)
		}
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

// classification is the type of the domains below a line such as
//
//	:127.0.0.8:Blocked, $ on lists [ph], See: https://www.surbl.org/lists
func classification(line string) string {
	words := strings.Fields(line)
	lists := words[max(0, len(words)-3)]
	switch {
	case strings.Contains(lists, "mw"):
		return "malware-distribution"
	case strings.Contains(lists, "ph"):
		return "phishing"
	}
	return "blacklist"
}
