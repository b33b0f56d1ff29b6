package lookup

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/intelpipe/intelpipe/internal/lookup/ring"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// cached are flags with a file.
func cached(path string) *Flags {
	f := flags()
	f.Cache, f.CacheBytes = path, 1<<20
	return f
}

// TestSecondRun: of what the file has nothing is asked again, but for what has
// failed, and what has grown old.
func TestSecondRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache")
	synctest.Test(t, func(t *testing.T) {
		run := func(want int64) {
			t.Helper()
			s := &service{}
			l := start(t, cached(path), s)
			l.fetch = s.mixed
			parallel(16, 300, func(i int) {
				key := strconv.Itoa(i % 100)
				switch answer, found, err := l.Get(t.Context(), key); i % 10 {
				case 0:
					if found || err == nil {
						t.Errorf("%s: %v, %v", key, found, err)
					}
				case 1:
					if found || err != nil {
						t.Errorf("%s: %v, %v", key, found, err)
					}
				default:
					if answer != "answer to "+key || !found || err != nil {
						t.Errorf("%s: %q, %v, %v", key, answer, found, err)
					}
				}
			})
			if n := s.asked.Load(); n != want {
				t.Errorf("%d requests, want %d", n, want)
			}
		}
		run(100)
		run(10)
		time.Sleep(time.Hour + time.Second)
		run(20)
		time.Sleep(24 * time.Hour)
		run(100)
	})
}

// TestTwoAtOnce: of two runs at the same time on one file only one asks for a key.
func TestTwoAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache")
	// In real time: who waits for the lock of the file holds a mutex, at which a false
	// clock stands still.
	s := &service{}
	runs := []*Lookup[string]{start(t, cached(path), s), start(t, cached(path), s)}
	parallel(32, 2000, func(i int) { get(t, runs[i%2], strconv.Itoa(i/2%100)) })
	if n := s.asked.Load(); n != 100 {
		t.Errorf("%d requests", n)
	}
}

// TestFileOfManyLookups: lookups of other commands, or of other names, may have
// the same keys in one file.
func TestFileOfManyLookups(t *testing.T) {
	f := cached(filepath.Join(t.TempDir(), "cache"))
	for _, name := range []string{"names", "networks"} {
		s := &service{fail: func(int64) error { return fmt.Errorf("%s: %w", name, ErrNotThere) }}
		l, err := New(t.Context(), stage.Standalone(), f, name, s.fetch)
		if err != nil {
			t.Fatal(err)
		}
		if _, found, err := l.Get(t.Context(), "a"); found || err != nil || s.asked.Load() != 1 {
			t.Errorf("%s: %v, %v, %d requests", name, found, err, s.asked.Load())
		}
	}
}

// TestShorterTTL: the flags of this run count, and a clock that was ahead does
// not keep an answer for longer.
func TestShorterTTL(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache")
	synctest.Test(t, func(t *testing.T) {
		ask := func(ttl int64) int64 {
			s := &service{}
			f := cached(path)
			f.RedisCacheTTL = ttl
			get(t, start(t, f, s), "a")
			return s.asked.Load()
		}
		ask(86400)
		time.Sleep(time.Minute)
		if ask(86400) != 0 || ask(0) != 0 || ask(61) != 0 || ask(30) != 1 {
			t.Error("the time to live of another run counts")
		}
	})
	synctest.Test(t, func(t *testing.T) { // a minute before what is in the file
		s := &service{}
		if get(t, start(t, cached(path), s), "a"); s.asked.Load() != 1 {
			t.Error("an answer of tomorrow is taken")
		}
	})
}

// TestOffline answers out of the file and asks nobody.
func TestOffline(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache")
	get(t, start(t, cached(path), &service{}), "a")
	f := cached(path)
	f.Offline = true
	s := &service{}
	l := start(t, f, s)
	for range 3 {
		get(t, l, "a")
		if _, found, err := l.Get(t.Context(), "b"); found || err != nil {
			t.Errorf("got %v, %v", found, err)
		}
	}
	if got := l.counts.text(); s.asked.Load() != 0 || got != "asked 0, from cache 3, not in the cache 3" {
		t.Errorf("%d requests: %s", s.asked.Load(), got)
	}
}

// TestUnusableFile: one that cannot be made is an error of configuration, and one
// that is damaged, or can no longer be written, costs requests.
func TestUnusableFile(t *testing.T) {
	dir := t.TempDir()
	env, said := stage.Standalone(), ""
	env.Warn = func(format string, args ...any) { said += fmt.Sprintf(format, args...) + "\n" }
	env.StateDir = filepath.Join(dir, "state")
	s := &service{}
	open := func(f *Flags) (*Lookup[string], error) { return New(t.Context(), env, f, "names", s.fetch) }

	if _, err := open(cached(dir + "/none/cache")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := open(cached(dir)); err == nil {
		t.Error("a directory is taken for a cache")
	}
	os.WriteFile(dir+"/data", []byte("a file of the user"), 0o600)
	if _, err := open(cached(dir + "/data")); !errors.Is(err, ring.ErrForeign) {
		t.Errorf("got %v", err)
	}

	l, err := open(cached("cache"))
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(env.StateDir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the state directory: %v, %v", info, err)
	}
	l.shared.cache.(io.Closer).Close()
	get(t, l, "a")
	get(t, l, "b")
	if strings.Count(said, "\n") != 1 || !strings.Contains(said, "asked for again") {
		t.Errorf("said %q", said)
	}
	said = ""
	os.WriteFile(env.StateDir+"/cache", []byte("intelpipe cache\nand then nothing"), 0o600)
	if l, err = open(cached("cache")); err != nil || !strings.Contains(said, "begun anew") {
		t.Fatalf("said %q, %v", said, err)
	}
	get(t, l, "a")
}

// TestRedisOfIntelMQ reads what IntelMQ has stored, and stores as it does.
func TestRedisOfIntelMQ(t *testing.T) {
	server := miniredis.RunT(t)
	db := server.DB(7)
	f := flags()
	f.RedisCacheHost, f.RedisCachePort, f.RedisCacheDB = "127.0.0.1", server.Server().Addr().Port, 7
	const none = "__none"
	s := &service{}
	open := func() *Lookup[string] {
		l := start(t, f, s)
		l.InRedis(Codec[string]{
			Key: func(key string) string { return "key_" + key },
			Encode: func(answer string, found bool) (string, bool) {
				if !found {
					return none, true
				}
				return answer, answer != "answer to secret"
			},
			Decode: func(text string) (string, bool, error) {
				if text == "broken" {
					return "", false, errors.New("broken")
				}
				return text, text != none, nil
			},
		})
		return l
	}
	for key, text := range map[string]string{"key_known": "answer to known", "key_none": none, "key_broken": "broken"} {
		db.Set(key, text)
	}
	l := open()
	for _, key := range []string{"known", "broken", "new", "secret"} {
		get(t, l, key)
	}
	if _, found, err := l.Get(t.Context(), "none"); found || err != nil {
		t.Errorf("none: %v, %v", found, err)
	}
	s.fail = func(int64) error { return ErrNotThere }
	l.Get(t.Context(), "missing")
	s.fail = func(int64) error { return errors.New("broken") }
	l.Get(t.Context(), "failed")
	if n := s.asked.Load(); n != 5 {
		t.Errorf("%d requests", n)
	}
	for key, want := range map[string]string{
		"key_known": "answer to known", "key_none": none, "key_broken": "answer to broken", "key_new": "answer to new",
		"key_secret": "", "key_missing": none, "key_failed": "",
	} {
		if got, _ := db.Get(key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if a, b := db.TTL("key_new"), db.TTL("key_missing"); a != 24*time.Hour || b != time.Hour {
		t.Errorf("times to live: %v, %v", a, b)
	}
	if keys := server.DB(0).Keys(); len(keys) != 0 {
		t.Errorf("in another database: %v", keys)
	}
}

// TestRedisAway: without the server it is asked for, and the server is left alone
// for a while.
func TestRedisAway(t *testing.T) {
	server := miniredis.RunT(t)
	f := flags()
	f.RedisCacheHost, f.RedisCachePort = "127.0.0.1", server.Server().Addr().Port
	env, said := stage.Standalone(), 0
	env.Warn = func(string, ...any) { said++ }
	s := &service{}
	l, err := New(t.Context(), env, f, "names", s.fetch)
	if err != nil {
		t.Fatal(err)
	}
	get(t, l, "a")
	server.Close()
	for i := range 20 {
		get(t, l, strconv.Itoa(i))
	}
	if said != 1 || s.asked.Load() != 21 {
		t.Errorf("%d lines, %d requests", said, s.asked.Load())
	}
}

func TestFlags(t *testing.T) {
	for text, change := range map[string]func(f *Flags){
		"--retries":                   func(f *Flags) { f.Retries = -1 },
		"--redis-cache-ttl":           func(f *Flags) { f.RedisCacheTTL = 1 << 40 },
		"--cache-ttl-missing":         func(f *Flags) { f.CacheTTLMissing = -1 },
		"--requests-per-second":       func(f *Flags) { f.RequestsPerSecond = -1 },
		"--offline":                   func(f *Flags) { f.Offline = true },
		"--cache-bytes":               func(f *Flags) { f.CacheBytes = 1 << 50 },
		"--redis-cache-password-file": func(f *Flags) { f.RedisCachePassword = "x" },
		"exclude each other":          func(f *Flags) { f.Cache, f.RedisCacheHost = "a", "b" },
	} {
		f := flags()
		change(f)
		if _, err := New(t.Context(), stage.Standalone(), f, "names", (&service{}).fetch); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
