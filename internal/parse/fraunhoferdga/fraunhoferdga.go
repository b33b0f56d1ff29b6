// Package fraunhoferdga implements parse-fraunhofer-dga.
//
// parse-fraunhofer-dga: parse the domains that malware generates, by DGArchive of Fraunhofer FKIE
//
// The report is a JSON object of at most 64 MiB. Its keys begin with the name of
// the malware, up to the first underscore, and have lists of domains and addresses.
//
// # Examples
//
//	echo '{"banjori_dga_0x3c03":["example.org","192.0.2.1"]}' |
//	  parse-fraunhofer-dga
package fraunhoferdga

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has no flags of its own.
type Command struct{}

// maxReport bounds a report, in bytes.
const maxReport = 64 << 20

var errNoList = errors.New("a list of domains and addresses is expected")

// Process makes an event of each entry.
func (*Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	text, err := feed.Text(report, maxReport)
	if err != nil || text == "" {
		return err
	}
	var families event.Object
	if err := families.ParseText(text); err != nil {
		return err
	}
	for key, list := range families.All {
		var entries []string
		if json.Unmarshal(list, &entries) != nil {
			e := feed.Event(report, object(key, string(list)))
			e.Fail(fmt.Errorf("%s: %w", key, errNoList))
			if err := emit(e); err != nil {
				return err
			}
			continue
		}
		for _, entry := range entries {
			if err := emit(domain(report, key, entry)); err != nil {
				return err
			}
		}
	}
	return nil
}

// domain makes an event of an entry of the list under key.
func domain(report *event.Message, key, entry string) *event.Message {
	e := feed.Event(report, entry)
	malware, _, _ := strings.Cut(key, "_")
	e.SetIf("malware.name", malware)
	e.Set("classification.type", "c2-server")
	if !e.Try("source.ip", harmonization.Text(entry)) {
		e.Set("source.fqdn", entry)
	}
	feed.OneOf(e, "source.ip", "source.fqdn")
	if e.Err() != nil {
		quoted := harmonization.Text(entry).AppendJSON(nil)
		feed.Dump(e, object(key, "["+string(quoted)+"]"))
	}
	return e
}

// object is a report with one member.
func object(key, value string) string {
	return "{" + string(harmonization.Text(key).AppendJSON(nil)) + ": " + value + "}"
}
