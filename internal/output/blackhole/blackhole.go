// Package blackhole implements output-blackhole.
//
// output-blackhole: accept events and forget them
//
// # Examples
//
//	echo '{"source.ip":"192.0.2.1"}' | output-blackhole
//	echo '{"source.ip":"192.0.2.1"}' | output-blackhole --pass
package blackhole

import (
	"context"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has no flags of its own.
type Command struct{}

// Process does nothing.
func (*Command) Process(context.Context, *event.Message, stage.Emit) error { return nil }
