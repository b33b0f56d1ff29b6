// Package netset implements parse-netset.
//
// parse-netset: parse a list of addresses and networks, one a line
//
// A line is an address, a network, or a range with a dash in its middle, which
// becomes an event for each network it consists of. Comments begin with #, ; or
// //, also behind an address. What ipset save writes is read as well: lines
// that begin with create are no members, those with add are, but for exceptions
// (nomatch).
//
// # Examples
//
//	printf '# a list\n192.0.2.1\n198.51.100.0/24 ; somebody\n' | parse-netset
//	echo '192.0.2.0 - 192.0.2.130' | parse-netset --classification-type scanner
package netset

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"go4.org/netipx"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has the flags: every exported field is one.
type Command struct {
	ClassificationType string `help:"The type of all events." default:"blacklist" placeholder:"TYPE" vocabulary:"classification.type"`
}

// Process makes an event of each address and network.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	for line := range feed.Views(report, emit, "#", ";", "//", "create ") {
		member, err := member(line)
		if err == nil && member == "" {
			continue
		}
		var first netip.Addr
		var networks []netip.Prefix
		if err == nil {
			first, networks, err = parse(member)
		}
		if first.IsValid() || err != nil {
			networks = append(networks, netip.Prefix{})
		}
		var all feed.Group
		for _, p := range networks {
			e := all.Add(feed.Event(report, line))
			switch {
			case err != nil:
				e.Fail(err)
			case first.IsValid():
				e.Set("source.ip", member)
			default:
				e.SetNetwork("source.network", p)
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
	errOrder     = errors.New("the range ends before it begins")
)

// member is a line without comments, and without what ipset says of the member.
func member(line string) (string, error) {
	if rest, ok := strings.CutPrefix(line, "add "); ok {
		words := strings.Fields(rest)
		if len(words) < 2 {
			return "", errors.New("the name of a set and a member are expected behind add")
		}
		for i := 2; i < len(words); i++ {
			switch words[i] {
			case "nomatch":
				return "", errException
			case "comment":
				i = len(words)
			}
		}
		return words[1], nil
	}
	if i := strings.IndexAny(line, "#;"); i >= 0 {
		line = line[:i]
	}
	line, _, _ = strings.Cut(line, "//")
	return strings.TrimSpace(line), nil
}

// parse takes an address, or what becomes networks.
func parse(text string) (netip.Addr, []netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		return a, nil, nil
	}
	if strings.IndexByte(text, '/') > 0 {
		if p, err := netip.ParsePrefix(text); err == nil {
			return netip.Addr{}, []netip.Prefix{p.Masked()}, nil
		}
	}
	from, to, ok := strings.Cut(text, "-")
	a, err1 := netip.ParseAddr(strings.TrimSpace(from))
	b, err2 := netip.ParseAddr(strings.TrimSpace(to))
	switch {
	case !ok || err1 != nil || err2 != nil || a.Is4() != b.Is4():
		return netip.Addr{}, nil, fmt.Errorf("an address, a network or a range of addresses is expected, not %.60q", text)
	case b.Less(a):
		return netip.Addr{}, nil, errOrder
	}
	return netip.Addr{}, netipx.IPRangeFrom(a, b).Prefixes(), nil
}
