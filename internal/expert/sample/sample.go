// Package sample implements expert-sample.
//
// expert-sample: pass a part of the events, always the same ones
//
// With --one-of N one of N events passes on the average, with --share a part of all:
// 0.25 is a quarter. Chance does not decide, but a hash of the event: the same event
// passes, or does not, in each run and on each machine. What passes with a small share
// passes with each larger one, too.
//
// By default all fields count but raw and time.observation. With --fields only these do:
// all events of an address pass, or none. An event that has none of them is taken by all
// its fields. --seed makes another choice.
//
// # Examples
//
//	printf '{"source.ip":"192.0.2.1"}\n{"source.ip":"192.0.2.2"}\n' |
//	  expert-sample --one-of 2
//	echo '{"source.ip":"192.0.2.1","source.port":80}' |
//	  expert-sample --share 0.01 --fields source.ip
package sample

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says how large a part is.
type Command struct {
	OneOf  int64    `help:"Pass one of N events." placeholder:"N"`
	Share  float64  `help:"Pass this part of all events, a number from 0 to 1." placeholder:"PART" default:"-1"`
	Fields []string `help:"Decide by these fields alone." placeholder:"FIELD,…" field:"event"`
	Seed   string   `help:"Make another choice for each TEXT." placeholder:"TEXT"`

	share float64
}

// Start looks at the flags.
func (c *Command) Start(context.Context, *stage.Env) error {
	switch given := c.Share != -1; {
	case given == (c.OneOf != 0):
		return errors.New("either --one-of or --share is expected")
	case given && !(c.Share >= 0 && c.Share <= 1):
		return errors.New("--share: a number from 0 to 1 is expected")
	case given:
		c.share = c.Share
	case c.OneOf < 1:
		return errors.New("--one-of: a number from 1 is expected")
	default:
		c.share = 1 / float64(c.OneOf)
	}
	return nil
}

// Process drops an event that is not in the sample.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	hash := m.Hash([]string{"raw"}, false)
	if slices.ContainsFunc(c.Fields, m.Has) {
		hash = m.Hash(c.Fields, true)
	}
	if c.Seed != "" {
		hash = sha256.Sum256(append(hash[:], c.Seed...))
	}
	// A float64 has 53 bits, and none of these is 1.
	if float64(binary.BigEndian.Uint64(hash[:])>>11)/(1<<53) >= c.share {
		return nil
	}
	return emit(m)
}
