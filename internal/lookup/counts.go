package lookup

import (
	"fmt"
	"strings"
	"sync/atomic"
)

// counts are what became of the keys that the command wanted.
type counts struct {
	asked   atomic.Int64 // the service was asked, retries aside
	cached  atomic.Int64 // somebody had asked before, or just then
	unknown atomic.Int64 // nobody had, and --offline
	missing atomic.Int64 // of those asked or cached: there is no answer
	failed  atomic.Int64 // of those asked or cached
}

// text is how they stand on the last line of the command.
func (c *counts) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "asked %d", c.asked.Load())
	for _, part := range []struct {
		name string
		n    int64
	}{
		{"from cache", c.cached.Load()}, {"not in the cache", c.unknown.Load()}, {"not there", c.missing.Load()}, {"failed", c.failed.Load()},
	} {
		if part.n > 0 {
			fmt.Fprintf(&b, ", %s %d", part.name, part.n)
		}
	}
	return b.String()
}
