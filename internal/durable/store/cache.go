package store

import (
	"container/list"
	"errors"
	"sync"
	"time"
)

// A Cache holds up to a number of strings by name, each for its own time, and
// drops the least recently used one for a new one. It is safe for concurrent
// use.
type Cache struct {
	mu     sync.Mutex
	max    int
	items  map[string]*list.Element
	recent list.List // of *item, the latest in front
	calls  map[string]*call
}

type item struct {
	key, value string
	until      time.Time
}

type call struct {
	done  chan struct{}
	value string
	err   error
}

// NewCache makes a cache of at most max entries.
func NewCache(max int) *Cache {
	return &Cache{max: max, items: map[string]*list.Element{}, calls: map[string]*call{}}
}

// Get returns the value of key, if there is one whose time has not passed.
func (c *Cache) Get(key string) (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.get(key)
}

func (c *Cache) get(key string) (string, bool) {
	e, ok := c.items[key]
	if !ok {
		return "", false
	}
	it := e.Value.(*item)
	if !time.Now().Before(it.until) {
		c.drop(e)
		return "", false
	}
	c.recent.MoveToFront(e)
	return it.value, true
}

func (c *Cache) drop(e *list.Element) {
	delete(c.items, e.Value.(*item).key)
	c.recent.Remove(e)
}

// Set keeps value for ttl. A ttl of 0 or less keeps nothing.
func (c *Cache) Set(key, value string, ttl time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set(key, value, ttl)
}

func (c *Cache) set(key, value string, ttl time.Duration) {
	if e, ok := c.items[key]; ok {
		c.drop(e)
	}
	if ttl <= 0 || c.max <= 0 {
		return
	}
	if len(c.items) >= c.max {
		c.drop(c.recent.Back())
	}
	c.items[key] = c.recent.PushFront(&item{key, value, time.Now().Add(ttl)})
}

// Do returns the value of key, and calls fn for it if there is none. Calls for
// one key at the same time are one call of fn, whose answer all of them get. An
// error is not kept.
func (c *Cache) Do(key string, fn func() (value string, ttl time.Duration, err error)) (string, error) {
	c.mu.Lock()
	if v, ok := c.get(key); ok {
		c.mu.Unlock()
		return v, nil
	}
	if w, ok := c.calls[key]; ok {
		c.mu.Unlock()
		<-w.done
		return w.value, w.err
	}
	w := &call{done: make(chan struct{}), err: errPanicked}
	c.calls[key] = w
	c.mu.Unlock()

	var ttl time.Duration
	// Deferred, so that a panic in fn does not leave the others waiting.
	defer func() {
		c.mu.Lock()
		delete(c.calls, key)
		if w.err == nil {
			c.set(key, w.value, ttl)
		}
		c.mu.Unlock()
		close(w.done)
	}()
	w.value, ttl, w.err = fn()
	return w.value, w.err
}

var errPanicked = errors.New("the call for this value panicked")
