// Package netset implements parse-netset.
//
// parse-netset: parse a list of addresses and networks, one a line
//
// A line is an address, a network (192.0.2.0/24 or 192.0.2.0/255.255.255.0), or a
// range with a dash in its middle, which becomes an event for each network it
// consists of. A network of one address is that address, and host bits of a
// network do not count. Comments begin with #, ; or //, also behind an address.
//
// What ipset save writes is read as well, and files for ipset restore: lines with
// add are members, perhaps with protocol and port (192.0.2.1,tcp:80), and those
// that create, flush, destroy or swap sets are none. An exception (nomatch) fails,
// since no event can say that.
//
// # Examples
//
//	printf '# a list\n192.0.2.1\n198.51.100.0/24 ; somebody\n' | parse-netset
//	echo '192.0.2.0 - 192.0.2.130' | parse-netset --classification-type scanner
package netset

import (
	"context"
	"errors"
	"net/netip"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/network"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has the flags: every exported field is one.
type Command struct {
	ClassificationType string `help:"The type of all events." default:"blacklist" placeholder:"TYPE" vocabulary:"classification.type"`
}

// noMember are beginnings of lines that are no members: comments, and what else ipset
// is told to do.
var noMember = []string{"#", ";", "//", "create ", "flush", "destroy", "swap ", "COMMIT"}

// Process makes an event of each address and network.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	for line := range feed.Views(report, emit, noMember...) {
		text, service, err := member(line)
		if err == nil && text == "" {
			continue
		}
		var networks []netip.Prefix
		if err == nil {
			networks, err = network.Parse(text)
		}
		if err != nil {
			networks = []netip.Prefix{{}}
		}
		var all feed.Group
		for _, p := range networks {
			e := all.Add(feed.Event(report, line))
			e.Fail(err)
			if p.IsSingleIP() {
				e.Set("source.ip", p.Addr().String())
			} else if err == nil {
				e.SetNetwork("source.network", p)
			}
			if protocol, port, ok := strings.Cut(service, ":"); ok {
				e.Set("source.port", port)
				e.Set("protocol.transport", protocol)
			}
			e.Set("classification.type", c.ClassificationType)
		}
		if err := all.Emit(emit); err != nil {
			return err
		}
	}
	return nil
}

var (
	errException = errors.New("an exception of the set (nomatch) is no member")
	errAdd       = errors.New("the name of a set and a member are expected behind add")
)

// member is a line without comments, and without what ipset says of the member but for
// its protocol and port.
func member(line string) (text, service string, err error) {
	rest, ok := strings.CutPrefix(line, "add ")
	if !ok {
		if i := strings.IndexAny(line, "#;"); i >= 0 {
			line = line[:i]
		}
		line, _, _ = strings.Cut(line, "//")
		return strings.TrimSpace(line), "", nil
	}
	words := strings.Fields(rest)
	if len(words) < 2 {
		return "", "", errAdd
	}
	for _, word := range words[2:] {
		if word == "comment" { // its words mean nothing
			break
		} else if word == "nomatch" {
			return "", "", errException
		}
	}
	text = words[1]
	if first, behind, ok := strings.Cut(text, ","); ok && strings.Contains(behind, ":") && !strings.Contains(behind, ",") {
		text, service = first, behind
	}
	return text, service, nil
}
