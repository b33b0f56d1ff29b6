// Package maxmindgeoip implements expert-maxmind-geoip.
//
// expert-maxmind-geoip: add country, city and coordinates of an address, by a MaxMind database
//
// The country of source.ip becomes source.geolocation.cc, the English name of its
// city source.geolocation.city, its coordinates source.geolocation.latitude and
// source.geolocation.longitude; the same goes for destination. What the database does
// not have, a coordinate of 0, and an address it does not know change nothing. Fields
// that are there already stay, unless --overwrite is given. With --use-registered the
// country is the one in which the network is registered, and not the one in which it is
// used.
//
// The database is a file in MaxMind's format that has cities or countries: GeoLite2-City,
// GeoIP2-City, GeoLite2-Country, DBIP-City-Lite and their like. All processes
// that use the same file share its memory. Replace it in one step, as mv does: a new file
// is taken within two seconds, or at once on SIGHUP; a broken one is refused, and the old
// one stays. Events fail while somebody writes into the file itself.
//
// --update fetches GeoLite2-City, checks every network in it and puts it in the place of
// the old one. It needs the licence key of a MaxMind account. Let cron do that, twice a
// week, with --database and --license-key-file in /etc/intelpipe/config.json:
//
//	41 5 * * 3,6  expert-maxmind-geoip --update
//
// # Examples
//
// This database has one network, 192.0.2.0/24, for a try:
//
//	base64 -d <<. | gunzip > city.mmdb
//	H4sIAAAAAAAC/1zQu87TMBQHcLeE+/0eJjqycBEDM4SWpi0ZQFwGJCzXPqQHJT6R7QDpzkOEic68
//	AIx9AB6ihQUx8Aqop99F3+fhp798JP9tCxEL0WG7QhzhELFH2WPscfYEe5I9xZ5mz7Bn2XPsefYC
//	e5G9xF5mr7BX2WtsLMR1IW5xOLh+9zWGZj3OgawqQaJZdgab5NeJgf5rBJuAffIKwVo11FTb4JpV
//	ip6kJgPJoxdpQVoFJPsrLVTAUBuYPUxvtG3bfhkVZPOdrXtvvz/7+/nmKGAJck4WskHtqIK727Of
//	O8jRB3Bg5G5N70HSH3z7+S9TnzK05o6m8s+bKVrlGvmOXKmCLNV7cvIDOI9kF93DU7T706+TaY2F
//	kVCRnkVdfPlDZEYFNVUeZGgqyIZATzHA/duPMTQTA147rDZPW23+QPUC+DDGaq8uGhXK5rXKwXei
//	3sexJQPbyy/jiQNNzkiPc1jE/wMAAP//wvF7HQcCAAA=
//	.
//	echo '{"source.ip":"192.0.2.7"}' | expert-maxmind-geoip --database city.mmdb
//	echo '{"source.ip":"192.0.2.7","source.geolocation.cc":"DE"}' |
//	  expert-maxmind-geoip --database city.mmdb --use-registered --overwrite
package maxmindgeoip

import (
	"context"
	"net/netip"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup/database"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says where the database is.
type Command struct {
	Database      string           `help:"The database, in MaxMind's format." placeholder:"FILE" required:""`
	UseRegistered bool             `help:"Add the country in which the network is registered, not the one of its location."`
	LicenseKey    stage.Secret     `name:"license-key-file" help:"With --update, the file that holds the licence key of MaxMind." placeholder:"FILE"`
	HTTP          httpclient.Flags `embed:""`
	event.Overwrite

	url string // of the database; tests have another one
	*database.File[*reader]
}

// Start reads the database.
func (c *Command) Start(_ context.Context, env *stage.Env) (err error) {
	c.File, err = database.Open(env, c.Database, load)
	return err
}

// Process looks both addresses up.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	r := *c.Get()
	for side := range addresses {
		if err := c.add(r, m, side); err != nil {
			return err
		}
	}
	return emit(m)
}

// add adds what the database has of one address.
func (c *Command) add(r *reader, m *event.Message, side int) error {
	a, err := netip.ParseAddr(m.Get(addresses[side]))
	if err != nil {
		return nil // there is no address
	}
	k, err := r.find(a.WithZone("").Unmap(), side)
	if err != nil || k == nil {
		return err
	}
	for i, field := range fields[side] {
		if !c.Wants(m, field) {
			continue
		}
		if len(k.texts[i]) > 0 {
			m.SetText(field, k.texts[i])
			continue
		}
		v := c.value(&k.place, i)
		if v.Empty() {
			continue
		}
		if m.SetValue(field, v); m.Err() == nil {
			k.texts[i] = append(k.texts[i], m.JSON(field)...)
		}
	}
	return nil
}

var addresses = [...]string{"source.ip", "destination.ip"}

// fields are those of each side.
var fields = [...][4]string{
	{"source.geolocation.cc", "source.geolocation.latitude", "source.geolocation.longitude", "source.geolocation.city"},
	{"destination.geolocation.cc", "destination.geolocation.latitude", "destination.geolocation.longitude", "destination.geolocation.city"},
}

// value is what the i-th field of a side becomes.
func (c *Command) value(p *place, i int) harmonization.Value {
	switch {
	case i == 0 && c.UseRegistered:
		return harmonization.Text(p.registered)
	case i == 0:
		return harmonization.Text(p.country)
	case i == 1 && p.latitude != 0:
		return harmonization.Float(p.latitude)
	case i == 2 && p.longitude != 0:
		return harmonization.Float(p.longitude)
	case i == 3:
		return harmonization.Text(p.city)
	}
	return harmonization.Value{}
}
