// Package tornodes implements expert-tor-nodes.
//
// expert-tor-nodes: mark addresses of Tor exit nodes
//
// If source.ip is in the list, source.tor_node becomes true; the same goes for
// destination. It never becomes false, and a value that is there already stays,
// unless --overwrite is given. The list has an address a line; what begins with #
// is no address. A new list is taken within two seconds, or at once on SIGHUP; one
// with a line that is no address is refused, and the old one stays.
//
// --update fetches the list of the Tor Project and puts it in the place of the old
// one. Let cron do that, a few times a day:
//
//	17 */6 * * *  expert-tor-nodes --database /var/lib/tor-nodes.txt --update
//
// # Examples
//
//	echo 192.0.2.1 > tor-nodes.txt
//	echo '{"source.ip":"192.0.2.1"}' | expert-tor-nodes --database tor-nodes.txt
package tornodes

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup/database"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says where the list is.
type Command struct {
	Database string           `help:"The list of addresses." placeholder:"FILE" required:""`
	HTTP     httpclient.Flags `embed:""`
	event.Overwrite

	url string // of the list; tests have another one
	*database.File[nodes]
}

type nodes map[string]bool

// Start loads the list.
func (c *Command) Start(_ context.Context, env *stage.Env) (err error) {
	c.File, err = database.Open(env, c.Database, load)
	return err
}

// Process marks both addresses.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	list := *c.Get()
	for _, side := range event.Sides {
		if list[m.Get(side+"ip")] && c.Wants(m, side+"tor_node") {
			m.SetBool(side+"tor_node", true)
		}
	}
	return emit(m)
}

var errEmpty = errors.New("there is no address in it")

// load reads a list.
func load(path string) (nodes, error) {
	list := nodes{}
	return list, database.Lines(path, func(text string) error {
		if _, err := netip.ParseAddr(text); err != nil {
			return fmt.Errorf("%.60q is no address", text)
		}
		list[text] = true
		return nil
	})
}

// Update fetches the list of the Tor Project.
func (c *Command) Update(ctx context.Context, env *stage.Env) error {
	s := database.Source{URL: c.url, Convert: addresses, Check: func(path string) error {
		list, err := load(path)
		if err == nil && len(list) == 0 {
			err = errEmpty
		}
		return err
	}}
	if s.URL == "" {
		s.URL = "https://check.torproject.org/exit-addresses"
	}
	return s.Update(ctx, env, &c.HTTP, c.Database)
}

// addresses takes the addresses out of lines as "ExitAddress 192.0.2.1 2026-01-31 10:20:30".
func addresses(to io.Writer, from io.Reader) error {
	in := bufio.NewScanner(from)
	for in.Scan() {
		if words := strings.Fields(in.Text()); len(words) > 1 && words[0] == "ExitAddress" {
			if _, err := fmt.Fprintln(to, words[1]); err != nil {
				return err
			}
		}
	}
	return in.Err()
}
