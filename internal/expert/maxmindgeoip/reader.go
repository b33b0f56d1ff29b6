package maxmindgeoip

import (
	"fmt"
	"net/netip"
	"os"
	"strings"

	"github.com/oschwald/maxminddb-golang/v2"
)

// reader finds the place of an address.
type reader struct {
	*maxminddb.Reader
	path string
}

// place is what a record says that becomes fields.
type place struct {
	country, registered, city string
	latitude, longitude       float64
}

// record is the part of a record that is read.
type record struct {
	Country    country `maxminddb:"country"`
	Registered country `maxminddb:"registered_country"`
	City       struct {
		Names struct {
			English string `maxminddb:"en"`
		} `maxminddb:"names"`
	} `maxminddb:"city"`
	Location struct {
		Latitude  float64 `maxminddb:"latitude"`
		Longitude float64 `maxminddb:"longitude"`
	} `maxminddb:"location"`
}

type country struct {
	ISOCode string `maxminddb:"iso_code"`
}

// load reads a database. It is read and not mapped into memory: a file that somebody
// writes over would otherwise give wrong answers, or end the process.
func load(path string) (reader, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return reader{}, err
	}
	r, err := maxminddb.OpenBytes(data)
	if err != nil {
		return reader{}, fmt.Errorf("%s: this is no MaxMind database: %w", path, err)
	}
	if kind := r.Metadata.DatabaseType; !hasPlaces(kind) {
		return reader{}, fmt.Errorf("%s: a database of the type %.60q has no places; use GeoLite2-City or one like it", path, kind)
	}
	return reader{r, path}, nil
}

// hasPlaces says by the type of a database whether its records are those of places.
func hasPlaces(kind string) bool {
	for _, word := range []string{"City", "Country", "Enterprise", "Insights"} {
		if strings.Contains(kind, word) {
			return true
		}
	}
	return false
}

// find returns the place of an address, or nil if the database has none.
func (r *reader) find(a netip.Addr) (*place, error) {
	result := r.Lookup(a)
	if !result.Found() {
		if a.Is6() && r.Metadata.IPVersion == 4 {
			return nil, nil // a database of IPv4 alone calls this an error
		}
		return nil, r.named(result.Err())
	}
	var found record
	if err := result.Decode(&found); err != nil {
		return nil, r.named(err)
	}
	return &place{found.Country.ISOCode, found.Registered.ISOCode, found.City.Names.English, found.Location.Latitude, found.Location.Longitude}, nil
}

// named says which file an error is about.
func (r *reader) named(err error) error {
	if err != nil {
		err = fmt.Errorf("%s: %w", r.path, err)
	}
	return err
}
