package maxmindgeoip

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/lookup/database"
	"github.com/intelpipe/intelpipe/internal/stage"
)

const (
	member = "GeoLite2-City.mmdb"
	origin = "https://download.maxmind.com/app/geoip_download?license_key=" + httpclient.Placeholder + "&edition_id=GeoLite2-City&suffix=tar.gz"
)

var errKey = errors.New("--update needs the licence key of a MaxMind account, see --license-key-file")

// Update fetches GeoLite2-City.
func (c *Command) Update(ctx context.Context, env *stage.Env) error {
	if c.LicenseKey == "" {
		return stage.Usage(errKey)
	}
	flags := c.HTTP
	flags.HTTPSecret = c.LicenseKey // so that it is in no error, and not in what is noted beside the database
	s := database.Source{URL: cmp.Or(c.url, origin), Convert: database.FromTarGz(member), Check: check}
	err := s.Update(ctx, env, &flags, c.Database)
	if status := (*httpclient.StatusError)(nil); errors.As(err, &status) && status.Code == http.StatusUnauthorized {
		err = stage.Fatal(fmt.Errorf("MaxMind does not accept the key of --license-key-file: %w", err))
	}
	return err
}

// check reads all records of a database.
func check(path string) error {
	r, err := load(path)
	if err != nil {
		return err
	}
	return r.verify()
}
