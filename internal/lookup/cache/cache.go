// Package cache keeps the answers of lookups: in memory, and where other processes
// find them, in a file or on a Redis server.
package cache

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/intelpipe/intelpipe/internal/client/redis"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/lookup/ring"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Cache is where answers are shared with other processes. One that does not work
// has nothing and keeps nothing, and says so once.
type Cache interface {
	// Get returns what is kept of a key, for how long it was to be kept, and for
	// how long it has been.
	Get(ctx context.Context, key string) (text string, ttl, age time.Duration, ok bool)
	Put(ctx context.Context, key, text string, ttl time.Duration)
	// Claim keeps others from asking for a key until it is released.
	Claim(ctx context.Context, key string) (release func())
}

// Options name a cache: a file, or a server.
type Options struct {
	File  string // a name without a slash is one in the state directory
	Bytes int64  // how large a new file may become
	Redis redis.Config
}

// Open opens what the options name, or returns nil if that is nothing.
func Open(o Options, env *stage.Env) (Cache, error) {
	switch {
	case o.Redis.Host != "":
		return &inRedis{config: o.Redis, warn: env.Warn}, nil
	case o.File == "":
		return nil, nil
	}
	path := o.File
	if !strings.Contains(path, "/") {
		if err := disk.MkdirAll(env.StateDir, 0o700); err != nil {
			return nil, stage.Fatal(err)
		}
		path = filepath.Join(env.StateDir, path)
	}
	r, note, err := ring.Open(path, o.Bytes)
	if err != nil {
		return nil, err
	}
	if note != "" {
		env.Warn("%s", note)
	}
	return &inFile{Ring: r, warn: env.Warn, path: path}, nil
}

// inFile is the file of --cache.
type inFile struct {
	*ring.Ring
	path   string
	warn   func(string, ...any)
	warned sync.Once
}

func (c *inFile) Get(_ context.Context, key string) (text string, ttl, age time.Duration, ok bool) {
	rec, ok := c.Ring.Get([]byte(key))
	return string(rec.Value), rec.TTL, time.Since(rec.Since), ok
}

func (c *inFile) Put(_ context.Context, key, text string, ttl time.Duration) {
	if err := c.Ring.Put([]byte(key), ring.Record{Value: []byte(text), Since: time.Now(), TTL: ttl}); err != nil {
		c.warned.Do(func() { c.warn("%s: %v; what is not kept will be asked for again", c.path, err) })
	}
}

func (c *inFile) Claim(ctx context.Context, key string) (release func()) {
	return c.Ring.Claim(ctx, []byte(key))
}

// inRedis is a server, to which nothing is connected before the first key. Two
// processes may ask for one key at once: IntelMQ has no way to prevent that.
type inRedis struct {
	config redis.Config
	warn   func(string, ...any)

	mu     sync.Mutex
	client *redis.Client
	until  time.Time // the server is left alone
}

// redisPause is how long a server is left alone that does not answer: each try
// may take seconds.
const redisPause = 30 * time.Second

// server is the client, or nil where it is of no use to ask.
func (c *inRedis) server() *redis.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Now().Before(c.until) {
		return nil
	}
	if c.client == nil {
		client, err := redis.Open(c.config)
		if err != nil {
			c.away(err)
			return nil
		}
		c.client = client
	}
	return c.client
}

// failed notes that the server does not answer.
func (c *inRedis) failed(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.away(err)
}

func (c *inRedis) away(err error) {
	c.until = time.Now().Add(redisPause)
	c.warn("%v; going on for %v without the answers that are there", err, redisPause)
}

func (c *inRedis) Get(ctx context.Context, key string) (text string, ttl, age time.Duration, ok bool) {
	client := c.server()
	if client == nil {
		return "", 0, 0, false
	}
	text, ok, err := client.Get(ctx, key)
	if err == nil && ok {
		ttl, err = client.TTL(ctx, key)
	}
	if err != nil {
		c.failed(err)
		return "", 0, 0, false
	}
	return text, ttl, 0, ok
}

func (c *inRedis) Put(ctx context.Context, key, text string, ttl time.Duration) {
	client := c.server()
	if client == nil {
		return
	}
	n := int64((ttl + time.Second - 1) / time.Second)
	if ttl >= Forever {
		n = 0
	}
	if err := client.Set(ctx, key, text, n); err != nil {
		c.failed(err)
	}
}

func (*inRedis) Claim(context.Context, string) func() { return func() {} }
