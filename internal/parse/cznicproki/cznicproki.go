// Package cznicproki implements parse-cznic-proki.
//
// parse-cznic-proki: parse the incidents of networks in the Czech Republic, PROKI of CZ.NIC
//
// Incidents are written in IntelMQ's own fields, in a list or under data. Where
// they come from becomes extra.original_feed_name, and when they were seen there
// extra.original_time_observation.
//
// # Examples
//
//	echo '{"data":[{"source.ip":"192.0.2.1","feed.name":"example"}]}' |
//	  parse-cznic-proki
package cznicproki

import (
	"context"
	"fmt"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has no flags.
type Command struct{}

// Process makes an event of each incident.
func (*Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	for x := range feed.ElementsIn(report, emit, "data") {
		e := x.Event()
		for key, text := range x.All {
			if err := add(e, key, harmonization.JSON(string(text))); err != nil {
				e.Fail(err)
				break
			}
		}
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

func add(e *event.Message, key string, v harmonization.Value) error {
	switch key {
	case "feed.name":
		key = "extra.original_feed_name"
	case "time.observation":
		key = "extra.original_time_observation"
	case "raw":
		return fmt.Errorf("%s is that of the report", key)
	case "feed.accuracy": // that of the feed in place of a default
		e.SetValue(key, v)
		return nil
	}
	return e.Add(key, v)
}
