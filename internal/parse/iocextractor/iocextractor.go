// Package iocextractor implements parse-ioc-extractor.
//
// parse-ioc-extractor: find URLs and host names in text that people have written
//
// The text is split at white space, after --substitutions, which can undo how
// people write what nobody shall click on: "[.];.;hxxp;http". What is like a
// host name, with or without a scheme before it and a path behind it, and has a
// top level domain that exists, becomes a URL with the scheme --default-scheme.
// Each is an event, with the whole text in raw.
//
// # Examples
//
//	echo 'see hxxp://example[.]org/a' |
//	  parse-ioc-extractor --substitutions '[.];.'
//	echo 'or at example.net' | parse-ioc-extractor --default-scheme http
//
//intelpipe:name parse-twitter
package iocextractor

import (
	"context"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/urltext"
)

// Command has the flags of the extractor.
type Command struct{ urltext.Extractor }

// Process makes an event of each URL.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	text, err := feed.Text(report, urltext.Max)
	if err != nil {
		return err
	}
	addresses, err := c.Find(text)
	if err != nil {
		return err
	}
	for _, address := range addresses {
		e := feed.Event(report, text)
		e.Set("source.url", address)
		e.Set("classification.type", c.ClassificationType)
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}
