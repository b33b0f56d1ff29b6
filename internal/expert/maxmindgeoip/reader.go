package maxmindgeoip

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/intelpipe/intelpipe/internal/mapped"
)

// reader finds the place of an address.
type reader struct {
	*maxminddb.Reader
	file  *mapped.File
	path  string
	known [2][]known // for each side, by the last bits of the record's offset
}

// knownSize is how many records a side remembers.
const knownSize = 1 << 13

// known is what became of a record. Its memory is used again for the next one.
type known struct {
	used   bool
	offset uintptr
	place  place
	texts  [4][]byte // of each field, empty as long as it was not set
}

// load opens a database.
func load(path string) (*reader, error) {
	file, err := mapped.Open(path)
	if err != nil {
		return nil, err
	}
	var r *maxminddb.Reader
	err = file.Use(func(data []byte) error {
		if r, err = maxminddb.OpenBytes(data); err != nil {
			err = fmt.Errorf("%s: this is no MaxMind database: %w", path, err)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if kind := r.Metadata.DatabaseType; !hasPlaces(kind) {
		return nil, fmt.Errorf("%s: a database of the type %.60q has no places; use GeoLite2-City or one like it", path, kind)
	}
	return &reader{Reader: r, file: file, path: path}, nil
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

// find returns what is known of the place of an address, or nil if the database has none.
func (r *reader) find(a netip.Addr, side int) (k *known, err error) {
	err = r.file.Use(func([]byte) error {
		result := r.Lookup(a)
		if !result.Found() {
			if a.Is6() && r.Metadata.IPVersion == 4 {
				return nil // a database of IPv4 alone calls this an error
			}
			return r.named(result.Err())
		}
		if r.known[side] == nil {
			r.known[side] = make([]known, knownSize)
		}
		offset := result.Offset()
		if k = &r.known[side][offset%knownSize]; k.used && k.offset == offset {
			return nil
		}
		k.used, k.offset, k.place = false, offset, place{}
		for i := range k.texts {
			k.texts[i] = k.texts[i][:0]
		}
		err := result.Decode(&k.place)
		k.used = err == nil
		return r.named(err)
	})
	return k, err
}

// verify reads all records.
func (r *reader) verify() error {
	return r.file.Use(func([]byte) error { return r.named(r.Verify()) })
}

// named says which file an error is about.
func (r *reader) named(err error) error {
	if err != nil {
		err = fmt.Errorf("%s: %w", r.path, err)
	}
	return err
}
