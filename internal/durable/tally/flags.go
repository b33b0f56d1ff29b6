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

// Place is how a command keeps its entries, beside what its user says.
type Place struct {
	Form     Form
	Prefix   string           // of the names of entries in Redis
	Prepared string           // the hash in Redis with what is prepared
	Alive    func(Entry) bool // whether an entry still counts
}

// OpenTally opens the tally. A file without a slash in its name lives in the state directory.
func (f *Flags) OpenTally(ctx context.Context, env *stage.Env, p Place) (*Tally, error) {
	switch {
	case f.State != "" && f.RedisCacheHost != "":
		return nil, errors.New("--state and --redis-cache-host exclude each other")
	case f.RedisCacheHost != "":
		t, err := Shared(redis.Config{
			Host: f.RedisCacheHost, Port: f.RedisCachePort, DB: f.RedisCacheDb, Password: string(f.RedisCachePassword),
		}, p.Form, p.Prefix, p.Prepared, env)
		return t, stage.Fatal(err)
	case f.State == "":
		return Memory(env), nil
	}
	path := f.State
	if !strings.Contains(path, "/") {
		if err := disk.MkdirAll(env.StateDir, 0o700); err != nil {
			return nil, stage.Fatal(err)
		}
		path = filepath.Join(env.StateDir, path)
	}
	t, err := Open(ctx, path, env, p.Alive)
	if err != nil {
		return nil, stage.Fatal(fmt.Errorf("--state: %w", err))
	}
	return t, nil
}
