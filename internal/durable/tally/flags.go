package tally

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/intelpipe/intelpipe/internal/client/redis"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Flags say where counts are kept. A command embeds them, and names its database in the
// tag of that field:
//
//	tally.Flags `set:"redis_cache_db=11"`
type Flags struct {
	State              string       `help:"Keep the counts in FILE." placeholder:"FILE"`
	RedisCacheHost     string       `help:"Keep the counts in the Redis server HOST, a name or the path of a socket." placeholder:"HOST"`
	RedisCachePort     int          `help:"The server's port." default:"6379" placeholder:"PORT"`
	RedisCacheDb       int          `help:"The server's database." default:"${redis_cache_db=9}" placeholder:"N"`
	RedisCachePassword stage.Secret `help:"The file that holds the server's password." name:"redis-cache-password-file" placeholder:"FILE"`
}

// OpenTally opens the tally where the flags say.
func (f *Flags) OpenTally(ctx context.Context, env *stage.Env, p Place) (*Tally, error) {
	switch {
	case f.State != "" && f.RedisCacheHost != "":
		return nil, errors.New("--state and --redis-cache-host exclude each other")
	case f.RedisCacheHost != "":
		t, err := Shared(redis.Config{
			Host: f.RedisCacheHost, Port: f.RedisCachePort, DB: f.RedisCacheDb, Password: string(f.RedisCachePassword),
		}, p, env)
		return t, stage.Fatal(err)
	}
	return OpenState(ctx, f.State, env, p.Alive)
}

// OpenState opens the tally in a file, as the flag --state names it: without a slash it
// lives in the state directory, and without a name in memory.
func OpenState(ctx context.Context, path string, env *stage.Env, alive func(Entry) bool) (*Tally, error) {
	if path == "" {
		return Memory(env, alive), nil
	}
	if !strings.Contains(path, "/") {
		if err := disk.MkdirAll(env.StateDir, 0o700); err != nil {
			return nil, stage.Fatal(err)
		}
		path = filepath.Join(env.StateDir, path)
	}
	t, err := Open(ctx, path, env, alive)
	if err != nil {
		return nil, stage.Fatal(fmt.Errorf("--state: %w", err))
	}
	return t, nil
}
