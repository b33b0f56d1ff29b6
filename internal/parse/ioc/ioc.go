// Package ioc implements parse-ioc.
//
// parse-ioc: find indicators in lists and in free text
//
// Addresses, networks, URLs, domains, mail addresses, hashes (MD5, SHA-1,
// SHA-256, SHA-512) and numbers of vulnerabilities (CVE) make an event each, as
// often as they stand in the text. A range of addresses makes one of each network
// that it consists of. A label may stand before an indicator (md5=, IP:, mailto:),
// and a port behind an address or a domain is the event's source.port.
//
// Indicators may be defanged: hxxp://, [.], (.), [dot], \., [:], [at]. Links in
// Markdown are read, and so is text from a page with &amp; in it. A URL ends at
// white space, quotes, < and >, and also at , ; and |, as lists have it.
//
// A domain has a top level domain that exists. What could be the name of a file as
// well, such as setup.sh, is one only if it was defanged; a name under .cc, .pl or
// .rs also if it stands alone in its line. Lines that begin with # are left out,
// and so is all text that is no indicator.
//
// # Examples
//
//	echo 'The server was 192.0.2[.]1, and then hxxps://www.example[.]org/a.' |
//	  parse-ioc
//	printf '# a list\n192.0.2.0/24\nexample.net\n' | parse-ioc --types network
package ioc

import (
	"context"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has the flags: every exported field is one.
type Command struct {
	Types              []string `help:"The kinds of indicators that are taken: address, network, url, domain, mail, hash, cve. By default all are." placeholder:"KIND" enum:"address,network,url,domain,mail,hash,cve"`
	ClassificationType string   `help:"The type of all events." default:"blacklist" placeholder:"TYPE" vocabulary:"classification.type"`

	kinds map[string]bool
}

// Start reads the flags.
func (c *Command) Start(context.Context, *stage.Env) error {
	c.kinds = map[string]bool{}
	for _, kind := range c.Types {
		c.kinds[kind] = true
	}
	return nil
}

// maxLine is how long a line may be that is raw as a whole, in bytes. Text that is
// written in one line would be kept with each of its indicators.
const maxLine = 4 << 10

// Process makes an event of each indicator.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	for line := range feed.Lines(report, emit, "#") {
		for word, found := range indicators(line) {
			if len(c.kinds) > 0 && !c.kinds[found.kind] {
				continue
			}
			raw := line
			if len(line) > maxLine {
				raw = word
			}
			e := feed.Event(report, raw)
			if !e.Try(found.field, harmonization.Text(found.text)) {
				if found.other == "" {
					e.Release()
					continue // it only looks like one
				}
				e.Set(found.other, found.text)
			}
			e.Try("source.port", harmonization.Text(found.port))
			e.Set("classification.type", c.ClassificationType)
			if err := emit(e); err != nil {
				return err
			}
		}
	}
	return nil
}
