package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestCacheTimeAndBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCache(2)
		c.Set("a", "1", time.Minute)
		c.Set("b", "2", time.Hour)
		c.Set("none", "3", 0)
		want := func(key, value string) {
			t.Helper()
			if v, ok := c.Get(key); v != value || ok != (value != "") {
				t.Errorf("%s: %q, %v, want %q", key, v, ok, value)
			}
		}
		want("none", "")
		want("b", "2")
		want("a", "1")
		c.Set("c", "3", time.Hour)
		want("b", "") // the least recently used
		want("a", "1")
		time.Sleep(time.Minute - 1)
		want("a", "1")
		time.Sleep(time.Nanosecond)
		want("a", "")
		want("c", "3")
		c.Set("c", "4", time.Hour)
		want("c", "4")
		if len(c.items) != 1 || c.recent.Len() != 1 {
			t.Errorf("%d and %d entries, want 1", len(c.items), c.recent.Len())
		}
	})
}

func TestCacheCallsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCache(10)
		calls := 0
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				v, err := c.Do("k", func() (string, time.Duration, error) {
					calls++
					time.Sleep(time.Second)
					return "v", time.Minute, nil
				})
				if v != "v" || err != nil {
					t.Errorf("%q, %v", v, err)
				}
			})
		}
		wg.Wait()
		if calls != 1 {
			t.Errorf("%d calls", calls)
		}
		time.Sleep(time.Hour)
		bad := errors.New("bad")
		for want := 2; want <= 3; want++ {
			_, err := c.Do("k", func() (string, time.Duration, error) { calls++; return "", time.Hour, bad })
			if err != bad || calls != want {
				t.Errorf("%d calls, %v: an error was kept", calls, err)
			}
		}
	})
}

func TestCachePanicLeavesNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCache(10)
		go func() {
			defer func() { recover() }()
			c.Do("k", func() (string, time.Duration, error) { time.Sleep(time.Second); panic("x") })
		}()
		synctest.Wait()
		if _, err := c.Do("k", nil); err != errPanicked {
			t.Errorf("got %v", err)
		}
		if v, err := c.Do("k", func() (string, time.Duration, error) { return "v", 1, nil }); v != "v" || err != nil {
			t.Errorf("%q, %v", v, err)
		}
	})
}

func BenchmarkCacheGet(b *testing.B) {
	c := NewCache(10000)
	keys := make([]string, 10000)
	for i := range keys {
		keys[i] = fmt.Sprint(i, ".example.org")
		c.Set(keys[i], "192.0.2.1", time.Hour)
	}
	i := 0
	for b.Loop() {
		if i++; i == len(keys) {
			i = 0
		}
		c.Get(keys[i])
	}
}
