package redis

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

func open(t *testing.T, c Config) *Client {
	t.Helper()
	client, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func TestKeysExpire(t *testing.T) {
	s := miniredis.RunT(t)
	s.RequireAuth("secret")
	port := s.Server().Addr().Port
	c := open(t, Config{Host: "127.0.0.1", Port: port, DB: 4, Password: "secret"})
	ctx := context.Background()
	for i, want := range []bool{true, false} {
		if stored, err := c.SetNew(ctx, "k", "hash", 10); err != nil || stored != want {
			t.Errorf("SetNew %d: %v, %v", i, stored, err)
		}
	}
	if v, ok, err := c.Get(ctx, "k"); v != "hash" || !ok || err != nil {
		t.Errorf("Get: %q, %v, %v", v, ok, err)
	}
	s.FastForward(11 * time.Second)
	if _, ok, err := c.Get(ctx, "k"); ok || err != nil {
		t.Errorf("after its time: %v, %v", ok, err)
	}
	if err := c.Set(ctx, "forever", "x", 0); err != nil {
		t.Error(err)
	}
	if err := c.SetAllNew(ctx, []string{"forever", "other"}, "y", 5); err != nil {
		t.Error(err)
	}
	s.Select(4)
	s.CheckGet(t, "forever", "x")
	s.CheckGet(t, "other", "y")
	if d := s.DB(4).TTL("forever"); d != 0 {
		t.Errorf("forever has %v to live", d)
	}
	if d := s.DB(4).TTL("other"); d != 5*time.Second {
		t.Errorf("other has %v to live", d)
	}
}

func TestErrors(t *testing.T) {
	s := miniredis.RunT(t)
	port := s.Server().Addr().Port
	c := open(t, Config{Host: "127.0.0.1", Port: port})
	s.SetError("OOM command not allowed")
	if _, err := c.SetNew(context.Background(), "k", "v", 0); err == nil || !strings.Contains(err.Error(), "OOM") {
		t.Errorf("got %v", err)
	}
	s.Close()
	if _, err := Open(Config{Host: "127.0.0.1", Port: port}); err == nil || !strings.HasPrefix(err.Error(), "redis 127.0.0.1:") {
		t.Errorf("got %v", err)
	}
}

func TestSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "redis.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	backend := miniredis.RunT(t)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go backend.Server().ServeConn(conn)
		}
	}()
	t.Cleanup(func() { l.Close() })
	for _, host := range []string{path, "unix://" + path} {
		c := open(t, Config{Host: host})
		if err := c.Set(context.Background(), "k", "v", 0); err != nil {
			t.Error(err)
		}
	}
	backend.CheckGet(t, "k", "v")
}

// TestTransaction does all or nothing, and says so if one of its commands fails.
func TestTransaction(t *testing.T) {
	s := miniredis.RunT(t)
	c, err := Open(Config{Host: s.Host(), Port: s.Server().Addr().Port})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx := context.Background()
	if err := c.Transaction(ctx, [][]any{{"SET", "a", "1"}, {"HSET", "b", "x", 1, "y", "2"}}); err != nil {
		t.Fatal(err)
	}
	fields, err := c.Hash(ctx, "b")
	if a, _ := s.Get("a"); a != "1" || err != nil || len(fields) != 2 || fields["y"] != "2" {
		t.Errorf("a is %q, b is %v, %v", a, fields, err)
	}
	if err := c.Transaction(ctx, [][]any{{"SET", "c", "1"}, {"HSET", "a", "x", 1}}); err == nil || !strings.Contains(err.Error(), "WRONGTYPE") {
		t.Errorf("a key of another type: %v", err)
	}
	if err := c.Transaction(ctx, [][]any{{"SET", "d", "1"}, {"NOSUCH"}}); err == nil { // the stand-in does the first of them all the same
		t.Errorf("an unknown command: %v", err)
	}
	var keys []string
	if err := c.Keys(ctx, "[ab]", func(key string) { keys = append(keys, key) }); err != nil || len(keys) != 2 {
		t.Errorf("keys %q, %v", keys, err)
	}
}
