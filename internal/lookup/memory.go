package lookup

import (
	"container/list"
	"sync"
	"time"
)

// memory has the latest values, each for its own time, and the calls that are
// to bring further ones. The zero value is ready: it takes no room before the
// first key.
type memory[V any] struct {
	mu     sync.Mutex
	items  map[string]*list.Element // of item[V]
	recent list.List                // the latest in front
	calls  map[string]*call[V]
}

// memorySize is how many values are kept, of some hundred bytes each.
const memorySize = 1 << 16

// forever is a time to live that does not end.
const forever = 100 * 365 * 24 * time.Hour

type item[V any] struct {
	key   string
	value V
	until time.Time
}

// call is a value on its way. It is there when done is closed.
type call[V any] struct {
	done  chan struct{}
	value V
}

// join returns the value of a key, or else the call to wait for. The first who
// gets a call has to bring the value, with land.
func (m *memory[V]) join(key string) (value V, c *call[V], first bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.items[key]; e != nil {
		it := e.Value.(*item[V])
		if time.Now().Before(it.until) {
			m.recent.MoveToFront(e)
			return it.value, nil, false
		}
		m.drop(e)
	}
	if c := m.calls[key]; c != nil {
		return value, c, false
	}
	if m.calls == nil {
		m.calls, m.items = map[string]*call[V]{}, map[string]*list.Element{}
	}
	c = &call[V]{done: make(chan struct{})}
	m.calls[key] = c
	return value, c, true
}

// land hands a value to all who wait for it, and keeps it for ttl.
func (m *memory[V]) land(key string, c *call[V], value V, ttl time.Duration) {
	m.mu.Lock()
	delete(m.calls, key)
	if ttl > 0 {
		if len(m.items) >= memorySize {
			m.drop(m.recent.Back())
		}
		m.items[key] = m.recent.PushFront(&item[V]{key, value, time.Now().Add(ttl)})
	}
	m.mu.Unlock()
	c.value = value
	close(c.done)
}

func (m *memory[V]) drop(e *list.Element) {
	delete(m.items, e.Value.(*item[V]).key)
	m.recent.Remove(e)
}
