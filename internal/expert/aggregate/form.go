package aggregate

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/client/redis"
	"github.com/intelpipe/intelpipe/internal/durable/tally"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// form is how IntelMQ keeps what it collects: as a hash with the first event (d), when
// collecting began (s), the times of the first and the last event (f, l), and their
// number (c).
type form struct{ env *stage.Env }

// local is how the time is read at which collecting began. IntelMQ means the zone of its
// machine, and this is UTC.
const local = "2006-01-02T15:04:05.999999"

// isoformat writes it as Python does.
func isoformat(t time.Time) string {
	if t.Nanosecond() == 0 {
		return t.Format("2006-01-02T15:04:05")
	}
	return t.Format("2006-01-02T15:04:05.000000")
}

// Get reads an entry.
func (*form) Get(ctx context.Context, client *redis.Client, name string) (tally.Entry, error) {
	h, err := client.Hash(ctx, name)
	if len(h) == 0 || err != nil {
		return tally.Entry{}, err
	}
	since, err1 := time.Parse(local, h["s"])
	n, err2 := strconv.ParseInt(h["c"], 10, 64)
	if err := cmp.Or(err1, err2); err != nil {
		return tally.Entry{}, fmt.Errorf("redis: %s is not what expert-aggregate keeps: %w", name, err)
	}
	return tally.Entry{Count: n, Since: since.UnixMicro(), First: typed(h["d"]), Last: h["l"]}, nil
}

// typed adds the __type that IntelMQ leaves out of what it keeps.
func typed(text string) string {
	head, ok := strings.CutSuffix(text, "}")
	switch {
	case !ok || strings.Contains(text, `"__type"`):
		return text
	case head == "{":
		return `{"__type":"Event"}`
	}
	return head + `,"__type":"Event"}`
}

// Put stores an entry.
func (f *form) Put(commands [][]any, name string, e tally.Entry) ([][]any, error) {
	m := event.New(event.Event, f.env.Dictionary)
	if err := m.Decode([]byte(e.First)); err != nil {
		return nil, err
	}
	first := timeOf(m, e.Since)
	m.Remove("__type")
	since := isoformat(time.UnixMicro(e.Since).UTC())
	return append(commands, []any{"HSET", name, "d", m.String(), "s", since, "f", first, "l", e.Last, "c", e.Count}), nil
}
