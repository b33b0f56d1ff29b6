package tally

import (
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// step is how long the time that is told stands still in a stream with checkpoints, in
// microseconds. Each step is stored with the checkpoint.
const step = int64(time.Second / time.Microsecond)

// clock tells the time. In a stream with checkpoints it remembers what it has told since
// the last one, and tells the same when the window comes again.
type clock struct {
	env    *stage.Env
	events int64                      // since the last checkpoint
	told   []moment                   // since then
	again  map[checkpoint.ID][]moment // of windows that come again, without their nonce
	last   checkpoint.ID              // the window before the one that is open
}

// Now is the time for an event that has come, in microseconds of Unix time. It is to be
// asked once for each event.
func (c *clock) Now() int64 {
	c.events++
	now, _ := c.tell(c.events)
	return now
}

// Idle is the time between two events. There is none while a window comes again: what
// was due then is due before its next event, or its checkpoint.
func (c *clock) Idle() (now int64, ok bool) {
	if c.repeated() != nil {
		return 0, false
	}
	return c.tell(c.events + 1)
}

// End is the time of the checkpoint, and of the end of the stream.
func (c *clock) End() int64 {
	if told := c.repeated(); told != nil {
		return told[len(told)-1][1]
	}
	now, _ := c.tell(c.events + 1)
	return now
}

// tell tells the time from an event on.
func (c *clock) tell(event int64) (now int64, ok bool) {
	now = c.env.Now().UnixMicro()
	if !c.env.Controlled {
		return now, true
	}
	if told := c.repeated(); told != nil {
		now = told[0][1]
		for _, m := range told {
			if m[0] <= event {
				now = m[1]
			}
		}
		return now, true
	}
	n := len(c.told)
	switch {
	case n > 0 && c.told[n-1][0] == event:
		c.told[n-1][1] = now // nothing has come in between
	case n == 0 || now >= c.told[n-1][1]+step || now < c.told[n-1][1]:
		c.told = append(c.told, moment{event, now})
	default:
		now = c.told[n-1][1]
	}
	return now, true
}

// repeated is what was told when the open window came first, or nil.
func (c *clock) repeated() []moment {
	next := c.last
	next.Number++
	return c.again[next]
}

// repeat notes a window of a run before, which its source is about to send again.
func (c *clock) repeat(id checkpoint.ID, told []moment) {
	if len(told) == 0 {
		return
	}
	if c.again == nil {
		c.again = map[checkpoint.ID][]moment{}
	}
	c.again[checkpoint.ID{Source: id.Source, Number: id.Number}] = told
}

// begin begins the window behind the one with this id, and returns what was told in
// that.
func (c *clock) begin(id checkpoint.ID) (told []moment) {
	if told = c.repeated(); told == nil {
		told = c.told
	}
	next := c.last
	next.Number++
	delete(c.again, next)
	c.events, c.told = 0, nil
	c.last = checkpoint.ID{Source: id.Source, Number: id.Number}
	return told
}
