package threshold

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/intelpipe/intelpipe/internal/client/redis"
	"github.com/intelpipe/intelpipe/internal/durable/tally"
)

// form is how IntelMQ keeps a count: as a text, which expires.
type form struct {
	ttl int64 // seconds
	now func() time.Time
}

// Get reads a count. When its last event came is not known, since the server decides when
// it expires.
func (f *form) Get(ctx context.Context, client *redis.Client, name string) (tally.Entry, error) {
	text, ok, err := client.Get(ctx, name)
	if !ok || err != nil {
		return tally.Entry{}, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return tally.Entry{}, fmt.Errorf("redis: %s: %.40q is no count: is the database that of another command?", name, text)
	}
	return tally.Entry{Count: n, Since: f.now().UnixMicro()}, nil
}

// Put stores a count for what is left of its time.
func (f *form) Put(commands [][]any, name string, e tally.Entry) ([][]any, error) {
	left := f.ttl - (f.now().UnixMicro()-e.Seen)/int64(time.Second/time.Microsecond)
	if left < 1 {
		return append(commands, []any{"DEL", name}), nil
	}
	return append(commands, []any{"SET", name, e.Count, "EX", min(left, f.ttl)}), nil
}
