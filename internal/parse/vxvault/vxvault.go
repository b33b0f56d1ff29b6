// Package vxvault implements parse-vxvault.
//
// parse-vxvault: parse the list of URLs of malware, by VX Vault
//
// The last line above the first URL says when the list was made, which is the time
// of all events. Lines that do not begin with http are left out.
//
// # Examples
//
//	printf '%s\n' '<pre>' 'VX Vault last 100 Links' \
//	  'Sat, 31 Jan 2026 10:20:30 +0000' '' http://192.0.2.1:8080/a.exe |
//	  parse-vxvault
package vxvault

import (
	"context"
	"errors"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/python/urlsplit"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has no flags of its own.
type Command struct{}

// maxHead is how many lines above the first URL are kept for the dump.
const maxHead = 8

// Process makes an event of each URL.
func (*Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	var head []string
	begun := false
	for line := range feed.Lines(report, emit) {
		if !strings.HasPrefix(line, "http") {
			if !begun {
				head = append(head, line)
				head = head[max(0, len(head)-maxHead):]
			}
			continue
		}
		begun = true
		e := feed.Event(report, line)
		if err := fill(e, line, head); err != nil {
			e.Fail(err)
		}
		if e.Err() != nil {
			feed.Dump(e, strings.Join(append(head, "", line), "\n"))
		}
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

var (
	errNoTime = errors.New("the line above the first URL is expected to say when the list was made")
	errHost   = errors.New("source.url: its host is neither an address nor a name")
	errPort   = errors.New("source.url: its port is not a number from 0 to 65535")
)

func fill(e *event.Message, line string, head []string) error {
	if len(head) == 0 {
		return errNoTime
	}
	u, _ := urlsplit.Split(line)
	if address, ok := u.Addr(); ok {
		e.Set("source.ip", address.String())
	} else if name, ok := u.Name(); ok {
		e.Set("source.fqdn", name)
	} else {
		return errHost
	}
	switch {
	case u.BadPort:
		return errPort
	case u.Port >= 0:
		e.SetInt("source.port", int64(u.Port))
	}
	e.Set("time.source", head[len(head)-1])
	e.Set("source.url", line)
	e.Set("classification.type", "malware-distribution")
	return nil
}
