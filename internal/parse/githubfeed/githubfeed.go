// Package githubfeed implements parse-github-feed.
//
// parse-github-feed: parse lists of indicators in the repository DailyIOC of StrangerealIntel
//
// Each element of the list has an indicator - a hash, a name, an address or a URL -
// and a description. Of a report of another repository, which feed.url tells,
// nothing is known, and it fails.
//
// # Examples
//
//	echo '[{"Indicator":"192.0.2.1","Description":"control server"}]' |
//	  parse-github-feed
package githubfeed

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

// Command has no flags.
type Command struct{ env *stage.Env }

// Start keeps what the runtime offers.
func (c *Command) Start(_ context.Context, env *stage.Env) error {
	c.env = env
	return nil
}

const repository = "StrangerealIntel/DailyIOC"

// maxList bounds a list, in bytes.
const maxList = 16 << 20

// Process makes an event of each indicator.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	if url := report.Get("feed.url"); url != "" && !strings.Contains(url, repository) {
		return fmt.Errorf("feed.url is none of %s", repository)
	}
	text, err := feed.Text(report, maxList)
	if err != nil {
		return err
	}
	var list []json.RawMessage
	if json.Unmarshal([]byte(text), &list) != nil { // some lists are in Python's quotes
		if err := json.Unmarshal([]byte(strings.ReplaceAll(text, "'", `"`)), &list); err != nil {
			return err
		}
	}
	for _, element := range list {
		e := feed.Event(report, string(element))
		switch err := c.indicator(e, report, element); {
		case errors.Is(err, feed.ErrSkip):
			e.Release()
			continue
		case err != nil:
			e.Fail(err)
		}
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

// places are where an indicator may belong, in the order in which they are tried, and
// how many hexadecimal digits a hash has.
var places = []struct {
	key    string
	digits int
}{
	{"malware.hash.sha1", 40},
	{"malware.hash.sha256", 64},
	{"malware.hash.md5", 32},
	{"source.fqdn", 0},
	{"source.ip", 0},
	{"source.url", 0},
}

// metadata copies what the collector knows of the file.
func metadata(e, report *event.Message) error {
	const key = "extra.file_metadata"
	for name, text := range report.All() {
		switch {
		case strings.HasPrefix(name, key+"."):
			e.SetValue(name, harmonization.JSON(string(text)))
		case name == key:
			var o event.Object
			if err := o.Parse(text); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			for member, text := range o.All {
				e.SetValue(key+"."+member, harmonization.JSON(string(text)))
			}
		}
	}
	return nil
}

func (c *Command) indicator(e, report *event.Message, element json.RawMessage) error {
	var o event.Object
	if err := o.Parse(element); err != nil {
		return err
	}
	for _, name := range []string{"Indicator", "Description"} {
		if !o.Has(name) {
			return fmt.Errorf("%s is missing", name)
		}
	}
	e.SetIf("event_description.text", o.Get("Description"))
	e.Set("classification.taxonomy", "other")
	e.Set("classification.type", "malware")
	if err := metadata(e, report); err != nil {
		return err
	}
	text := o.Get("Indicator")
	for _, p := range places {
		switch {
		case p.digits > 0 && (len(text) != p.digits || strings.Trim(text, "0123456789abcdefABCDEF") != ""):
		case p.key == "source.fqdn" && strings.ContainsAny(text, " \t/:@,;"): // the data format is not so strict
		case e.Try(p.key, harmonization.Text(text)):
			return nil
		}
	}
	c.env.Warn("an indicator that is neither hash, name, address nor URL: %s", strings.ReplaceAll(text, ".", "[.]"))
	return feed.ErrSkip
}
