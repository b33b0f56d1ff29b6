// Package geohash implements expert-geohash.
//
// expert-geohash: add the geohash of a place
//
// Of source.geolocation.latitude and longitude extra.source.geolocation.geohash is
// made, a short text that names the cell in which the place lies: places near to
// each other begin with the same characters. The same goes for destination. With
// seven characters, the default, a cell is about 150 metres wide.
//
// # Examples
//
//	echo '{"source.geolocation.latitude":48,"source.geolocation.longitude":16}' |
//	  expert-geohash
//	echo '{"source.geolocation.latitude":48,"source.geolocation.longitude":16}' |
//	  expert-geohash --precision 4
package geohash

import (
	"context"
	"fmt"
	"strconv"

	"github.com/mmcloughlin/geohash"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says how exact a geohash is.
type Command struct {
	Precision int `help:"The number of characters, 1 to 12." default:"7" placeholder:"N"`
	event.Overwrite
}

// Start refuses a precision that 64 bits cannot hold.
func (c *Command) Start(context.Context, *stage.Env) error {
	if c.Precision < 1 || c.Precision > 12 {
		return fmt.Errorf("--precision %d: a geohash has 1 to 12 characters", c.Precision)
	}
	return nil
}

// Process adds the geohash of both sides.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	for _, side := range event.Sides {
		latitude, err1 := strconv.ParseFloat(m.Get(side+"geolocation.latitude"), 64)
		longitude, err2 := strconv.ParseFloat(m.Get(side+"geolocation.longitude"), 64)
		key := "extra." + side + "geolocation.geohash"
		if err1 == nil && err2 == nil && c.Wants(m, key) {
			m.Set(key, geohash.EncodeWithPrecision(below(latitude, 90), below(longitude, 180), uint(c.Precision)))
		}
	}
	return emit(m)
}

// below is the degrees, or what is in the last cell below the largest that there can
// be: the library would begin with the first cell again.
func below(degrees, largest float64) float64 { return min(degrees, largest-1e-8) }
