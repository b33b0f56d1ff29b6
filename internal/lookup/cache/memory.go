package cache

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Memory has the values that were wanted last, each for its own time, and the
// calls that are to bring further ones. The zero value is ready, and takes no
// room before the first key.
type Memory[V any] struct {
	mu     sync.Mutex
	values *simplelru.LRU[string, kept[V]]
	calls  map[string]*Call[V]
}

// memorySize is how many values are kept, of some hundred bytes each.
const memorySize = 1 << 16

// Forever is a time to live that does not end.
const Forever = 100 * 365 * 24 * time.Hour

type kept[V any] struct {
	value V
	until time.Time
}

// Call is a value on its way. It is there when Done is closed.
type Call[V any] struct {
	Done  chan struct{}
	Value V
}

// Join returns the value of a key, or else the call to wait for. The first who
// gets a call has to bring the value, with Land.
func (m *Memory[V]) Join(key string) (value V, c *Call[V], first bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.values == nil {
		m.calls = map[string]*Call[V]{}
		m.values, _ = simplelru.NewLRU[string, kept[V]](memorySize, nil) // its only error is a size below 1
	}
	if k, ok := m.values.Get(key); ok && time.Now().Before(k.until) {
		return k.value, nil, false
	}
	if c := m.calls[key]; c != nil {
		return value, c, false
	}
	c = &Call[V]{Done: make(chan struct{})}
	m.calls[key] = c
	return value, c, true
}

// Land hands a value to all who wait for it, and keeps it for ttl.
func (m *Memory[V]) Land(key string, c *Call[V], value V, ttl time.Duration) {
	m.mu.Lock()
	delete(m.calls, key)
	if ttl > 0 {
		m.values.Add(key, kept[V]{value, time.Now().Add(ttl)})
	}
	m.mu.Unlock()
	c.Value = value
	close(c.Done)
}
