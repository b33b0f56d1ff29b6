package lookup

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/intelpipe/intelpipe/internal/client/redis"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/lookup/ring"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// cache is where answers are shared with other processes. One that does not work
// has nothing and keeps nothing, and says so once.
type cache interface {
	// get returns what is kept of a key, for how long it was to be kept, and for
	// how long it has been.
	get(ctx context.Context, key string) (text string, ttl, age time.Duration, ok bool)
	put(ctx context.Context, key, text string, ttl time.Duration)
	// claim keeps others from asking for a key until it is released.
	claim(ctx context.Context, key string) (release func())
}

// openCache opens what the flags name, or returns nil.
func openCache(f *Flags, env *stage.Env) (cache, error) {
	switch {
	case f.Cache != "" && f.RedisCacheHost != "":
		return nil, errors.New("--cache and --redis-cache-host exclude each other")
	case f.Offline && f.Cache == "" && f.RedisCacheHost == "":
		return nil, errors.New("--offline without --cache or --redis-cache-host has no answers")
	case f.RedisCacheHost != "":
		return &inRedis{flags: f, warn: env.Warn}, nil
	case f.Cache == "":
		return nil, nil
	}
	path := f.Cache
	if !strings.Contains(path, "/") {
		if err := disk.MkdirAll(env.StateDir, 0o700); err != nil {
			return nil, stage.Fatal(err)
		}
		path = filepath.Join(env.StateDir, path)
	}
	r, note, err := ring.Open(path, int64(f.CacheBytes))
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

func (c *inFile) get(_ context.Context, key string) (text string, ttl, age time.Duration, ok bool) {
	rec, ok := c.Ring.Get([]byte(key))
	return string(rec.Value), rec.TTL, time.Since(rec.Since), ok
}

func (c *inFile) put(_ context.Context, key, text string, ttl time.Duration) {
	if err := c.Ring.Put([]byte(key), ring.Record{Value: []byte(text), Since: time.Now(), TTL: ttl}); err != nil {
		c.warned.Do(func() { c.warn("%s: %v; what is not kept will be asked for again", c.path, err) })
	}
}

func (c *inFile) claim(ctx context.Context, key string) (release func()) {
	return c.Ring.Claim(ctx, []byte(key))
}

// inRedis is a server, to which nothing is connected before the first key. Two
// processes may ask for one key at once: IntelMQ has no way to prevent that.
type inRedis struct {
	flags *Flags
	warn  func(string, ...any)

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
		f := c.flags
		client, err := redis.Open(redis.Config{Host: f.RedisCacheHost, Port: f.RedisCachePort, DB: f.RedisCacheDB, Password: string(f.RedisCachePassword)})
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

func (c *inRedis) get(ctx context.Context, key string) (text string, ttl, age time.Duration, ok bool) {
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

func (c *inRedis) put(ctx context.Context, key, text string, ttl time.Duration) {
	client := c.server()
	if client == nil {
		return
	}
	n := int64((ttl + time.Second - 1) / time.Second)
	if ttl >= forever {
		n = 0
	}
	if err := client.Set(ctx, key, text, n); err != nil {
		c.failed(err)
	}
}

func (*inRedis) claim(context.Context, string) func() { return func() {} }

// Codec is how keys and answers stand in a cache. A command that has a
// counterpart in IntelMQ says what that keeps in Redis, see Lookup.InRedis.
type Codec[A any] struct {
	Key    func(key string) string                             // nil is the key itself
	Encode func(answer A, found bool) (text string, keep bool) // nil is JSON, and null for none
	Decode func(text string) (answer A, found bool, err error) // an error is an answer that is not there
}

// asJSON adds what a codec leaves out.
func (c Codec[A]) asJSON() Codec[A] {
	if c.Key == nil {
		c.Key = func(key string) string { return key }
	}
	if c.Encode == nil {
		c.Encode = func(answer A, found bool) (string, bool) {
			if !found {
				return "null", true
			}
			text, err := json.Marshal(answer)
			return string(text), err == nil
		}
	}
	if c.Decode == nil {
		c.Decode = func(text string) (answer A, found bool, err error) {
			if text == "null" {
				return answer, false, nil
			}
			return answer, true, json.Unmarshal([]byte(text), &answer)
		}
	}
	return c
}

// inFiles is the codec of the file, which many lookups may have: of each command,
// and of each by its name.
func inFiles[A any](command, what string) Codec[A] {
	plain := Codec[A]{}.asJSON()
	return Codec[A]{
		Key: func(key string) string { return command + "\n" + what + "\n" + key },
		Encode: func(answer A, found bool) (string, bool) {
			if !found {
				return "-", true
			}
			text, keep := plain.Encode(answer, true)
			return "+" + text, keep
		},
		Decode: func(text string) (answer A, found bool, err error) {
			switch value, ok := strings.CutPrefix(text, "+"); {
			case ok:
				return answer, true, json.Unmarshal([]byte(value), &answer)
			case text == "-":
				return answer, false, nil
			}
			return answer, false, errors.New("not an answer")
		},
	}
}
