// Package recordedfutureiprisk implements expert-recordedfuture-iprisk.
//
// expert-recordedfuture-iprisk: add the risk of an address, by a list of Recorded Future
//
// The risk of source.ip becomes extra.rf_iprisk.source, that of destination.ip
// extra.rf_iprisk.destination: the number in the list, or 0 if the address is not in it. A
// value that is there already stays, unless --overwrite is given.
//
// The list is CSV with the columns Name, an address, and Risk. A list that is replaced is taken
// within two seconds, or at once on SIGHUP; a broken one is refused, and the old one stays.
//
// --update fetches the large list and puts it in the place of the old one. It needs a token of
// Recorded Future's API. Let cron do that, with --database and --api-token-file in
// /etc/intelpipe/config.json:
//
//	19 * * * *  expert-recordedfuture-iprisk --update
//
// # Examples
//
//	printf '"Name","Risk"\n"192.0.2.1","65"\n' > risk.csv
//	echo '{"source.ip":"192.0.2.1","destination.ip":"192.0.2.2"}' |
//	  expert-recordedfuture-iprisk --database risk.csv
//	echo '{"source.ip":"192.0.2.1","extra.rf_iprisk.source":10}' |
//	  expert-recordedfuture-iprisk --database risk.csv --overwrite
package recordedfutureiprisk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup/database"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says where the list is.
type Command struct {
	Database string           `help:"The list of addresses and their risks." placeholder:"FILE" required:""`
	APIToken stage.Secret     `name:"api-token-file" help:"With --update, the file that holds the token of the API." placeholder:"FILE"`
	HTTP     httpclient.Flags `embed:""`
	event.Overwrite

	url string // of the list; tests have another one
	*database.File[risks]
}

// Start reads the list.
func (c *Command) Start(_ context.Context, env *stage.Env) (err error) {
	c.File, err = database.Open(env, c.Database, load)
	return err
}

// Process adds the risks of both addresses.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	list := *c.Get()
	for _, side := range event.Sides {
		field := "extra.rf_iprisk." + strings.TrimSuffix(side, ".")
		text := m.Get(side + "ip")
		if text == "" || !c.Wants(m, field) {
			continue
		}
		a, err := netip.ParseAddr(text)
		if err != nil {
			continue
		}
		m.SetInt(field, list[a])
	}
	return emit(m)
}

const (
	member = "rfiprisk.dat"
	origin = "https://api.recordedfuture.com/v2/ip/risklist?format=csv/splunk&gzip=true&list=large"
)

var errToken = errors.New("--update needs a token of Recorded Future's API, see --api-token-file")

// Update fetches the list.
func (c *Command) Update(ctx context.Context, env *stage.Env) error {
	if c.APIToken == "" {
		return stage.Usage(errToken)
	}
	s := database.Source{URL: cmp.Or(c.url, origin), Header: http.Header{"X-RFToken": {string(c.APIToken)}}, Convert: database.FromTarGz(member), Check: database.Loads(load)}
	err := s.Update(ctx, env, &c.HTTP, c.Database)
	if status := (*httpclient.StatusError)(nil); errors.As(err, &status) && status.Code == http.StatusUnauthorized {
		err = stage.Fatal(fmt.Errorf("the token of --api-token-file is not accepted: %w", err))
	}
	return err
}
