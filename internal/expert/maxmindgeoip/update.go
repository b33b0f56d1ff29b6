package maxmindgeoip

import (
	"archive/tar"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/lookup/database"
	"github.com/intelpipe/intelpipe/internal/stage"
)

const (
	member = "GeoLite2-City.mmdb"
	// maxSize bounds a database, in bytes, and so what a hostile archive can take.
	maxSize = 1 << 30
	origin  = "https://download.maxmind.com/app/geoip_download?license_key=" + httpclient.Placeholder + "&edition_id=GeoLite2-City&suffix=tar.gz"
)

var (
	errKey    = errors.New("--update needs the licence key of a MaxMind account, see --license-key-file")
	errMember = errors.New("there is no " + member + " in it")
	errLarge  = errors.New("a database of more than 1 GiB")
)

// Update fetches GeoLite2-City.
func (c *Command) Update(ctx context.Context, env *stage.Env) error {
	if c.LicenseKey == "" {
		return stage.Usage(errKey)
	}
	flags := c.HTTP
	flags.HTTPSecret = c.LicenseKey // so that it is in no error, and not in what is noted beside the database
	s := database.Source{URL: cmp.Or(c.url, origin), Convert: unpack, Check: check}
	err := s.Update(ctx, env, &flags, c.Database)
	if status := (*httpclient.StatusError)(nil); errors.As(err, &status) && status.Code == http.StatusUnauthorized {
		err = stage.Fatal(fmt.Errorf("MaxMind does not accept the key of --license-key-file: %w", err))
	}
	return err
}

// unpack takes the database out of a tar.gz, and reads that to its end: its sum is there.
func unpack(to io.Writer, from io.Reader) error {
	packed, err := gzip.NewReader(from)
	if err != nil {
		return err
	}
	members, found := tar.NewReader(packed), false
	for {
		h, err := members.Next()
		if err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		if found || h.Typeflag != tar.TypeReg || !strings.Contains(h.Name, member) {
			continue
		}
		if h.Size > maxSize {
			return errLarge
		}
		if _, err := io.Copy(to, members); err != nil {
			return err
		}
		found = true
	}
	if !found {
		return errMember
	}
	_, err = io.Copy(io.Discard, packed)
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
