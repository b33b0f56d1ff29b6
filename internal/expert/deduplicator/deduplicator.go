// Package deduplicator implements expert-deduplicator.
//
// expert-deduplicator: drop events that have been seen before
//
// An event is dropped if one with the same content has been seen within the
// time that --redis-cache-ttl says. By default all fields count but raw and
// time.observation. With --filter-type whitelist only those of --filter-keys
// count: events that have none of these are all alike. time.observation never
// counts. An event that is seen again is not remembered any longer for that.
//
// What has been seen is remembered in the file that --state names, which lives
// in the state directory if its name has no slash; without it, until the
// command ends. With --redis-cache-host it is kept in Redis, the way IntelMQ
// does, so that both can share the database.
//
// No event is remembered for longer than that time from now. One that was
// remembered while the clock was ahead, or for a longer time, passes once more:
// how far the clock was wrong is not known, and an event that comes twice does
// less harm than one that never comes. Redis has its own clock.
//
// State advances with the stream. In a pipeline that a source owns an event
// counts as seen once the source knows that it has arrived; in a plain pipe
// state is saved at the end of the input, and with Redis at once.
//
// # Examples
//
//	printf '{"source.ip":"192.0.2.1"}\n{"source.ip":"192.0.2.1"}\n' |
//	  expert-deduplicator
//	echo '{"source.ip":"192.0.2.1"}' |
//	  expert-deduplicator --filter-type whitelist --filter-keys source.ip \
//	  --state ./seen
package deduplicator

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/client/redis"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/seen"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says which events are the same, and how long.
type Command struct {
	FilterKeys         []string     `help:"The fields that do not count, raw and time.observation if none are named, or with whitelist the only ones that do." placeholder:"FIELD,…" field:"event"`
	FilterType         string       `help:"Whether the fields are left out (blacklist) or looked at (whitelist)." enum:"blacklist,whitelist" default:"blacklist"`
	Bypass             bool         `help:"Pass everything."`
	State              string       `help:"Remember what has been seen in FILE." placeholder:"FILE"`
	RedisCacheHost     string       `help:"Remember what has been seen in the Redis server HOST, a name or the path of a socket." placeholder:"HOST"`
	RedisCachePort     int          `help:"The server's port." default:"6379" placeholder:"PORT"`
	RedisCacheDb       int          `help:"The server's database." default:"6" placeholder:"N"`
	RedisCacheTtl      int64        `help:"Remember for so many seconds, also without Redis; 0 is for ever." default:"86400" placeholder:"SECONDS"`
	RedisCachePassword stage.Secret `help:"The file that holds the server's password." name:"redis-cache-password-file" placeholder:"FILE"`

	only bool
	seen memory
}

// memory is where it is remembered what has been seen.
type memory interface {
	check(ctx context.Context, key [32]byte) (known bool, err error)
	checkpoint(id string) error
	commit(ctx context.Context, id string) error
	close() error
}

// Start opens the state.
func (c *Command) Start(_ context.Context, env *stage.Env) error {
	c.only = c.FilterType == "whitelist"
	if len(c.FilterKeys) == 0 && !c.only {
		c.FilterKeys = []string{"raw", "time.observation"}
	}
	switch {
	case c.only && len(c.FilterKeys) == 0:
		return errors.New("--filter-type whitelist without --filter-keys would make all events alike")
	case c.RedisCacheTtl < 0:
		return errors.New("--redis-cache-ttl: a number of seconds is expected, or 0")
	case c.State != "" && c.RedisCacheHost != "":
		return errors.New("--state and --redis-cache-host exclude each other")
	case c.Bypass:
		return nil
	case c.RedisCacheHost != "":
		client, err := redis.Open(redis.Config{
			Host: c.RedisCacheHost, Port: c.RedisCachePort, DB: c.RedisCacheDb, Password: string(c.RedisCachePassword),
		})
		if err != nil {
			return stage.Fatal(err)
		}
		c.seen = newShared(client, c.RedisCacheTtl, env)
		return nil
	}
	return c.open(env)
}

func (c *Command) open(env *stage.Env) error {
	set := seen.New()
	if path := c.State; path != "" {
		if !strings.Contains(path, "/") {
			dir := env.StateDir
			if err := disk.MkdirAll(dir, 0o700); err != nil {
				return stage.Fatal(err)
			}
			path = filepath.Join(dir, path)
		}
		var err error
		if set, err = seen.Open(path, env.Now().Unix(), c.RedisCacheTtl); err != nil {
			return stage.Fatal(fmt.Errorf("--state: %w", err))
		}
	}
	c.seen = &local{set, c.RedisCacheTtl, env.Now}
	return nil
}

// Process drops an event that is known.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	if c.Bypass {
		return emit(m)
	}
	known, err := c.seen.check(ctx, m.Hash(c.FilterKeys, c.only))
	if err != nil {
		return stage.Fatal(err)
	}
	if known {
		return nil
	}
	return emit(m)
}

// Checkpoint makes durable what was seen, as not yet acknowledged.
func (c *Command) Checkpoint(_ context.Context, id string, _ stage.Emit) error {
	if c.seen == nil {
		return nil
	}
	return c.seen.checkpoint(id)
}

// Commit makes state of it.
func (c *Command) Commit(ctx context.Context, id string) error {
	if c.seen == nil {
		return nil
	}
	return c.seen.commit(ctx, id)
}

// Close gives up what was not committed.
func (c *Command) Close() error {
	if c.seen == nil {
		return nil
	}
	return c.seen.close()
}

// local is state in a file or in memory.
type local struct {
	set *seen.Set
	ttl int64
	now func() time.Time
}

func (l *local) check(_ context.Context, key [32]byte) (bool, error) {
	return l.set.Check(key, l.now().Unix(), l.ttl), nil
}

func (l *local) checkpoint(id string) error {
	if id == "" {
		return nil
	}
	return l.set.Prepare(id)
}

func (l *local) commit(_ context.Context, id string) error {
	if id == "" {
		return l.set.Save()
	}
	return l.set.Commit(id)
}

func (l *local) close() error { return l.set.Close() }
