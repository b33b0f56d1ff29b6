// Package fieldreducer implements expert-field-reducer.
//
// expert-field-reducer: keep only some fields of an event, or remove some
//
// With --type whitelist only the named keys stay, with --type blacklist they
// go. The key extra stands for everything below extra. An event of which
// nothing is left is not passed on.
//
// # Examples
//
//	echo '{"source.ip":"192.0.2.1","raw":"eA=="}' |
//	  expert-field-reducer --type blacklist --keys raw
//	echo '{"source.ip":"192.0.2.1","extra.tag":"x","comment":"y"}' |
//	  expert-field-reducer --type whitelist --keys source.ip,extra
package fieldreducer

import (
	"context"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says which fields stay.
type Command struct {
	Type string   `help:"Keep the keys (whitelist) or remove them (blacklist)." enum:"whitelist,blacklist" required:""`
	Keys []string `help:"The fields; extra stands for all below it." placeholder:"FIELD,…" required:"" field:"event,group"`

	env *stage.Env
}

// Start keeps what the runtime offers.
func (c *Command) Start(_ context.Context, env *stage.Env) error {
	c.env = env
	return nil
}

// Process removes fields.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	keep := c.Type == "whitelist"
	m.DeleteFunc(func(key string) bool { return c.names(key) != keep })
	if keep && len(m.Keys()) == 0 {
		c.env.Warn("%s: nothing is left of the event, it is not passed on", m.Place())
		return nil
	}
	return emit(m)
}

func (c *Command) names(key string) bool {
	return slices.Contains(c.Keys, key) || strings.HasPrefix(key, "extra.") && slices.Contains(c.Keys, "extra")
}
