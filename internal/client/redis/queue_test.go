package redis

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

func flags(t *testing.T, s *miniredis.Miniredis) *Flags {
	t.Helper()
	f := &Flags{RedisServerIP: "127.0.0.1", RedisServerPort: s.Server().Addr().Port, RedisDb: 2, RedisQueue: "q", RedisTimeout: 5000}
	if err := f.Check(); err != nil {
		t.Fatal(err)
	}
	return f
}

func openQueue(t *testing.T, s *miniredis.Miniredis) (*Queue, error) {
	t.Helper()
	q, err := flags(t, s).Open(context.Background())
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

func TestServerWithoutRoom(t *testing.T) {
	s := miniredis.RunT(t)
	q, err := openQueue(t, s)
	if err != nil {
		t.Fatal(err)
	}
	s.SetError("MISCONF Redis is configured to save RDB snapshots")
	if err := q.Push(context.Background(), [][]byte{nil}); err == nil || !strings.Contains(err.Error(), "its disk") {
		t.Errorf("got %v", err)
	}
}
