package redis

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

func openQueue(t *testing.T, s *miniredis.Miniredis) (*Queue, error) {
	t.Helper()
	f := Flags{RedisServerIP: "127.0.0.1", RedisServerPort: s.Server().Addr().Port, RedisDb: 2, RedisQueue: "q", RedisTimeout: 5000}
	if err := f.Check(); err != nil {
		t.Fatal(err)
	}
	q, err := f.Open(context.Background())
	if err == nil {
		t.Cleanup(q.Close)
	}
	return q, err
}

// TestIdleConnection is cut while nobody looks.
func TestIdleConnection(t *testing.T) {
	s := miniredis.RunT(t)
	q, err := openQueue(t, s)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	q.used = time.Now().Add(-time.Hour)
	if err := q.Push(context.Background(), [][]byte{[]byte("a"), []byte("b")}); err != nil {
		t.Fatal(err)
	}
	if got, _ := s.DB(2).List("q"); strings.Join(got, " ") != "b a" {
		t.Errorf("the queue holds %q", got)
	}
	// One that is cut while it is in use is an error: it may have been done.
	s.Close()
	if err := q.Push(context.Background(), [][]byte{[]byte("c")}); err == nil {
		t.Error("no error")
	}
}

func TestServerThatIsLoading(t *testing.T) {
	s := miniredis.RunT(t)
	s.SetError("LOADING Redis is loading the dataset in memory")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	f := Flags{RedisServerIP: "127.0.0.1", RedisServerPort: s.Server().Addr().Port, RedisQueue: "q", RedisTimeout: 5000}
	if _, err := f.Open(ctx); err == nil {
		t.Error("no error")
	}
	time.AfterFunc(loadingPause/2, func() { s.SetError("") })
	if _, err := openQueue(t, s); err != nil {
		t.Error(err)
	}
}

func TestTake(t *testing.T) {
	s := miniredis.RunT(t)
	q, err := openQueue(t, s)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	long := strings.Repeat("x", 1000)
	for range step + 10 {
		if _, err := s.DB(2).Lpush("q", long); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ count, size, want int }{
		{3, 1 << 20, 3}, // the rest stays in the queue
		{1000, 2000, step},
		{1000, 1 << 20, 7},
		{1000, 1 << 20, 0},
	} {
		b, err := q.Take(ctx, c.count, c.size)
		if err != nil || len(b.Messages) != c.want {
			t.Fatalf("%+v: %d messages, %v", c, len(b.Messages), err)
		}
		if c.want == 0 {
			break
		}
		if err := q.Remove(ctx, b); err != nil {
			t.Fatal(err)
		}
		if s.DB(2).Exists("q-internal") {
			t.Error("something is left")
		}
	}
	s.SetError("MISCONF Redis is configured to save RDB snapshots")
	if err := q.Push(ctx, [][]byte{nil}); err == nil || !strings.Contains(err.Error(), "its disk") {
		t.Errorf("got %v", err)
	}
}
