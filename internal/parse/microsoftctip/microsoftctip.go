// Package microsoftctip implements parse-microsoft-ctip.
//
// parse-microsoft-ctip: parse the infected hosts that Microsoft's CTIP reports
//
// Both forms of the feed are read: the array of Interflow, told by version 1.5, and
// the lines of Azure. An element with a member that is not known fails. In the form
// of Azure, --overwrite says which value a field gets that several members have,
// or that the report has: the last, or the first with --no-overwrite.
//
// feed.accuracy becomes the part of it that the confidence of an element says.
//
// # Examples
//
//	echo '[{"version":1.5,"indicatorthreattype":"Botnet","confidence":100,
//	  "externalid":"Conficker","networksourceipv4":"192.0.2.1"}]' |
//	  parse-microsoft-ctip
//	echo '{"DataFeed":"CTIP-Infected","ThreatCode":"B67-SS-TINBA",
//	  "SourceIp":"192.0.2.1","ThreatConfidence":"High"}' |
//	  parse-microsoft-ctip --no-overwrite --name CTIP
package microsoftctip

import (
	"context"
	"strconv"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says which of two values counts.
type Command struct {
	Overwrite bool `help:"Replace a field that is set already, in the form of Azure." default:"true"`
}

// Process makes an event of each element.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	for x := range feed.Objects(report, emit) {
		e := x.Event()
		e.Set("classification.type", "infected-system")
		version := x.Value("version")
		f, _ := strconv.ParseFloat(version.Text, 64)
		var err error
		if version.Kind == harmonization.Number && f == 1.5 {
			err = interflow(e, &x.Object)
		} else {
			a := azure{e, c.Overwrite}
			err = a.fill("", &x.Object)
		}
		if err != nil {
			e.Fail(err)
		}
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}
