// Package lookup is what experts are made of that ask somebody else: a name
// server, a service on the web, a database.
//
// An answer is looked for in memory, then where it is shared with other
// processes, and at last asked for: once for all who want it at the same time,
// not faster than --requests-per-second, and again if it fails for now.
//
// A cache is no state. It is written at once, checkpoints know nothing of it,
// and whoever loses it asks again.
package lookup

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/intelpipe/intelpipe/internal/lookup/cache"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// ErrNotThere is what fetch returns, wrapped, when it was told that there is no
// answer. That is remembered for --cache-ttl-missing.
var ErrNotThere = errors.New("there is no answer")

// Lookup finds answers of type A by key. It is safe for concurrent use.
//
// An error of fetch is a failure. A *stage.RetryAfter is one for now: it is
// retried, and for as long as the service asks to be left alone nothing else is
// asked either. Any other failure is final.
type Lookup[A any] struct {
	ctx    context.Context
	flags  *Flags
	shared *shared
	fetch  func(ctx context.Context, key string) (A, error)
	codec  Codec[A]
	memory cache.Memory[result[A]]
	counts counts
}

// result is what is known of a key: an answer, that there is none, or why that
// could not be found out.
type result[A any] struct {
	answer  A
	found   bool
	unknown bool // since nobody was asked
	err     error
}

// New makes a Lookup for the command that env is of, out of its flags. What
// names it on the last line that the command says, and in files: "names". fetch
// asks for one key. Its context is ctx, since an answer is also for whoever asks
// next, and not that of the message that asked first. An error is one of
// configuration.
func New[A any](ctx context.Context, env *stage.Env, flags *Flags, what string, fetch func(ctx context.Context, key string) (A, error)) (*Lookup[A], error) {
	if err := flags.check(); err != nil {
		return nil, err
	}
	if flags.shared == nil {
		var err error
		if flags.shared, err = flags.open(env); err != nil {
			return nil, err
		}
	}
	l := &Lookup[A]{ctx: ctx, flags: flags, shared: flags.shared, fetch: fetch, codec: Codec[A]{Key: func(key string) string { return env.Name + ":" + what + ":" + key }}.asJSON()}
	if flags.Cache != "" {
		l.codec = inFiles[A](env.Name, what)
	}
	env.Sum(func() (string, bool) { return what + ": " + l.counts.text(), l.counts.failed.Load() > 0 })
	return l, nil
}

// InRedis says how keys and answers stand in Redis, where a file has its own way.
// It is called before the first Get.
func (l *Lookup[A]) InRedis(codec Codec[A]) {
	if l.flags.RedisCacheHost != "" {
		l.codec = codec.asJSON()
	}
}

// Get returns the answer for a key, and whether there is one. An error is what
// --on-error makes of a failure, or that of ctx.
func (l *Lookup[A]) Get(ctx context.Context, key string) (answer A, found bool, err error) {
	answer, found, _, err = l.Find(ctx, key)
	return answer, found, err
}

// Find is Get, and tells also whether anything is known of the key: with --offline,
// and where --on-error pass makes nothing of a failure, there may be an answer all
// the same.
func (l *Lookup[A]) Find(ctx context.Context, key string) (answer A, found, known bool, err error) {
	r, c, first := l.memory.Join(key)
	switch {
	case c == nil:
		return l.outcome(r, true)
	case first:
		go l.fly(key, c)
	}
	select {
	case <-c.Done:
		return l.outcome(c.Value, !first)
	case <-ctx.Done():
		return answer, false, false, ctx.Err()
	}
}

// outcome counts a result, for which somebody else has asked or not, and makes
// of it what the command sees.
func (l *Lookup[A]) outcome(r result[A], cached bool) (answer A, found, known bool, err error) {
	if cached && !r.unknown {
		l.counts.cached.Add(1)
	}
	switch {
	case r.unknown:
		l.counts.unknown.Add(1)
	case r.err == nil && !r.found:
		l.counts.missing.Add(1)
	case r.err != nil:
		l.counts.failed.Add(1)
		switch {
		case stage.IsFatal(r.err):
		case l.flags.OnError == "pass":
			return answer, false, false, nil
		case l.flags.OnError == "stop":
			return answer, false, false, stage.Fatal(r.err)
		}
	}
	return r.answer, r.found, r.err == nil && !r.unknown, r.err
}

// fly finds out what is known of a key, and tells all who wait for it.
func (l *Lookup[A]) fly(key string, c *cache.Call[result[A]]) {
	r, ttl := l.find(key)
	l.memory.Land(key, c, r, ttl)
}

// find looks into the cache, or else asks, and says for how long the result is
// good.
func (l *Lookup[A]) find(key string) (r result[A], ttl time.Duration) {
	if r, ttl := l.cached(key); ttl > 0 {
		return r, ttl
	}
	if l.flags.Offline {
		return result[A]{unknown: true}, 0
	}
	if l.shared.cache != nil {
		release := l.shared.cache.Claim(l.ctx, l.codec.Key(key))
		defer release()
		if r, ttl := l.cached(key); ttl > 0 { // another process was faster
			return r, ttl
		}
	}
	r, ttl = l.ask(key)
	if l.shared.cache != nil && r.err == nil && ttl > 0 {
		if text, keep := l.codec.Encode(r.answer, r.found); keep {
			l.shared.cache.Put(l.ctx, l.codec.Key(key), text, ttl)
		}
	}
	return r, ttl
}

// cached looks into the cache. What is not there, or too old, is good for 0.
func (l *Lookup[A]) cached(key string) (r result[A], ttl time.Duration) {
	if l.shared.cache == nil {
		return r, 0
	}
	text, ttl, age, ok := l.shared.cache.Get(l.ctx, l.codec.Key(key))
	if !ok || age < 0 {
		return r, 0 // kept while a clock was ahead: how old it is cannot be known
	}
	var err error
	if r.answer, r.found, err = l.codec.Decode(text); err != nil {
		return r, 0
	}
	if ttl = min(ttl, l.good(r.found)) - age; ttl > 0 {
		l.counts.cached.Add(1)
	}
	return r, ttl
}

// ask asks, and says for how long the result is good.
func (l *Lookup[A]) ask(key string) (r result[A], ttl time.Duration) {
	l.counts.asked.Add(1)
	told := &goodFor{ttl: cache.Forever}
	answer, err := l.try(context.WithValue(l.ctx, goodForKey{}, told), key)
	switch {
	case err == nil:
		return result[A]{answer: answer, found: true}, min(told.ttl, l.good(true))
	case errors.Is(err, ErrNotThere):
		return r, min(told.ttl, l.good(false))
	}
	return result[A]{err: err}, seconds(l.flags.CacheTTLFailure)
}

// good is how long an answer is kept at most, or that there is none.
func (l *Lookup[A]) good(found bool) time.Duration {
	switch {
	case !found:
		return seconds(l.flags.CacheTTLMissing)
	case l.flags.RedisCacheTTL == 0:
		return cache.Forever
	}
	return seconds(l.flags.RedisCacheTTL)
}

// try asks until there is an answer or no use in going on.
func (l *Lookup[A]) try(ctx context.Context, key string) (answer A, err error) {
	for n := 0; ; n++ {
		if err := l.shared.wait(ctx); err != nil {
			return answer, err
		}
		answer, err = l.once(ctx, key)
		var again *stage.RetryAfter
		if !errors.As(err, &again) {
			l.shared.answered()
			return answer, err
		}
		if !l.shared.failure(n, again.After) {
			return answer, err
		}
		if err := pause(ctx, n); err != nil {
			return answer, err
		}
	}
}

// once asks once. A panic of a client is the failure of one key: it runs in a
// goroutine of which the runtime knows nothing.
func (l *Lookup[A]) once(ctx context.Context, key string) (answer A, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: panic: %v, %s", plain.Quote(key), p, plain.Line(string(debug.Stack())))
		}
	}()
	return l.fetch(ctx, key)
}

// GoodFor is called by a fetch that was told how long what it has found is good,
// an answer or that there is none, as records of DNS say. Of several calls the
// shortest counts. The flags only shorten that.
func GoodFor(ctx context.Context, ttl time.Duration) {
	if good, ok := ctx.Value(goodForKey{}).(*goodFor); ok {
		good.mu.Lock()
		good.ttl = min(good.ttl, ttl)
		good.mu.Unlock()
	}
}

type goodForKey struct{}

// goodFor is in the context of a fetch.
type goodFor struct {
	mu  sync.Mutex
	ttl time.Duration
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }
