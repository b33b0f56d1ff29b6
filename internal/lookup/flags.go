package lookup

import (
	"errors"
	"fmt"

	"golang.org/x/time/rate"

	"github.com/intelpipe/intelpipe/internal/client/redis"
	"github.com/intelpipe/intelpipe/internal/lookup/cache"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Flags are the flags of a command that looks something up. A command embeds
// them, and names defaults of its own in the tag of that field:
//
//	lookup.Flags `set:"redis_cache_db=7" set:"redis_cache_ttl=86400"`
//
// The variables are the names below that stand in ${…}. A client that retries
// by itself, as that of HTTP does, hides --retries with a field
// Retries int `kong:"-"` of the command.
type Flags struct {
	Cache              string       `help:"Keep answers in FILE, for later runs and for other processes at the same time." placeholder:"FILE"`
	CacheBytes         stage.Size   `help:"How large a new cache file may become; then the oldest answers go." default:"64MiB" placeholder:"SIZE" group:"lookup"`
	RedisCacheHost     string       `help:"Share answers through the Redis server HOST, a name or the path of a socket, as IntelMQ does." placeholder:"HOST" group:"lookup"`
	RedisCachePort     int          `help:"The server's port." default:"6379" placeholder:"PORT" group:"lookup"`
	RedisCacheDB       int          `name:"redis-cache-db" help:"The server's database." default:"${redis_cache_db=9}" placeholder:"N" group:"lookup"`
	RedisCacheTTL      int64        `name:"redis-cache-ttl" help:"Keep an answer for SECONDS at most, wherever it is kept; 0 is for ever." default:"${redis_cache_ttl=86400}" placeholder:"SECONDS" group:"lookup"`
	RedisCachePassword stage.Secret `name:"redis-cache-password-file" help:"The file that holds the server's password." placeholder:"FILE" group:"lookup"`
	CacheTTLMissing    int64        `name:"cache-ttl-missing" help:"Remember for SECONDS at most that there is no answer; 0 asks again each time." default:"${cache_ttl_missing=3600}" placeholder:"SECONDS" group:"lookup"`
	CacheTTLFailure    int64        `name:"cache-ttl-failure" help:"Do not ask again within SECONDS, in this run, what has failed." default:"${cache_ttl_failure=60}" placeholder:"SECONDS" group:"lookup"`
	RequestsPerSecond  float64      `help:"Send N requests a second at most; 0 for no limit." default:"${requests_per_second=0}" placeholder:"N" group:"lookup"`
	Retries            int          `help:"Retry N times what has failed for now, with growing pauses." default:"${retries=2}" placeholder:"N" group:"lookup"`
	OnError            string       `help:"What becomes of an event whose lookup has failed: put it into the dump, pass it on as it is, or stop the stream with exit code 3." enum:"dump,pass,stop" default:"${on_error=dump}"`
	Offline            bool         `help:"Ask nobody: answer out of the cache alone." group:"lookup"`

	shared *shared
}

// Concurrent: lookups wait, so that several events are worked on at once.
func (*Flags) Concurrent() {}

// DefaultJobs is the default of --jobs.
func (*Flags) DefaultJobs() int { return 16 }

// check looks for values that mean nothing.
func (f *Flags) check() error {
	for _, number := range []struct {
		flag  string
		value float64
	}{
		{"redis-cache-ttl", float64(f.RedisCacheTTL)}, {"cache-ttl-missing", float64(f.CacheTTLMissing)},
		{"cache-ttl-failure", float64(f.CacheTTLFailure)}, {"requests-per-second", f.RequestsPerSecond}, {"retries", float64(f.Retries)},
	} {
		if !(number.value >= 0 && number.value <= maxNumber) {
			return fmt.Errorf("--%s: a number from 0 to %d is expected", number.flag, int64(maxNumber))
		}
	}
	switch {
	case f.CacheBytes > maxFile:
		return errors.New("--cache-bytes: at most 1024GiB are expected")
	case f.Cache != "" && f.RedisCacheHost != "":
		return errors.New("--cache and --redis-cache-host exclude each other")
	case f.Offline && f.Cache == "" && f.RedisCacheHost == "":
		return errors.New("--offline without --cache or --redis-cache-host has no answers")
	case f.RedisCacheHost == "" && f.RedisCachePassword != "":
		return errors.New("--redis-cache-password-file without --redis-cache-host")
	}
	return nil
}

// open makes what all lookups of the command share.
func (f *Flags) open(env *stage.Env) (s *shared, err error) {
	s = &shared{tries: f.Retries}
	if f.RequestsPerSecond > 0 {
		s.limit = rate.NewLimiter(rate.Limit(f.RequestsPerSecond), 1)
	}
	s.cache, err = cache.Open(cache.Options{
		File: f.Cache, Bytes: int64(f.CacheBytes),
		Redis: redis.Config{Host: f.RedisCacheHost, Port: f.RedisCachePort, DB: f.RedisCacheDB, Password: string(f.RedisCachePassword)},
	}, env)
	return s, err
}

// maxNumber is 68 years in seconds, which no time.Duration overflows at.
const maxNumber = 1 << 31

const maxFile = 1 << 40
