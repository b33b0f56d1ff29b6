package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/durable/disk/disktest"
)

func openCursor(t testing.TB, path string) *Cursor {
	t.Helper()
	c, err := OpenCursorContext(t.Context(), path, 0)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func put(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func get(t testing.TB, c *Cursor, name string) string {
	t.Helper()
	var v string
	if ok, err := c.Get(name, &v); err != nil {
		t.Fatal(err)
	} else if !ok {
		return "-"
	}
	return v
}

func TestCursor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cursor")
	c := openCursor(t, path)
	for _, step := range []struct {
		do        string // set=VALUE, delete, or a method and its id
		want      string
		committed string // after a crash and the Commit of a:1
	}{
		{"commit a:0:n", "-", "-"},
		{"set=one", "one", "-"},
		{"prepare a:1:n", "one", "one"},
		{"set=two", "two", "one"},
		{"prepare a:2:n", "two", "one"},
		{"set=three", "three", "one"},
		{"discard", "-", "one"},
		{"commit a:1:m", "one", "one"},
		{"commit a:2:m", "one", "one"},
		{"set=four", "four", "one"},
		{"save", "four", "four"},
		{"delete", "-", "four"},
		{"prepare b:1:n", "-", "four"},
		{"commit a:7:n", "-", "four"},
		{"reopen", "four", "four"},
		{"commit b:1:n", "-", "-"},
	} {
		verb, id, _ := strings.Cut(step.do, " ")
		var err error
		switch {
		case strings.HasPrefix(verb, "set="):
			err = c.Set("k", verb[4:])
		case verb == "delete":
			err = c.Set("k", nil)
		case verb == "prepare":
			err = c.Prepare(id)
		case verb == "commit":
			err = c.Commit(id)
		case verb == "save":
			err = c.Save()
		case verb == "discard":
			c.Discard()
		case verb == "reopen":
			c.Close()
			c = openCursor(t, path)
		}
		if err != nil {
			t.Fatalf("%s: %v", step.do, err)
		}
		if got := get(t, c, "k"); got != step.want {
			t.Errorf("after %s: %s, want %s", step.do, got, step.want)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		crashed := filepath.Join(t.TempDir(), "cursor")
		put(t, crashed, b)
		d := openCursor(t, crashed)
		if err := d.Commit("a:1:n"); err != nil {
			t.Fatal(err)
		}
		if got := get(t, d, "k"); got != step.committed {
			t.Errorf("crashed after %s: %s, want %s", step.do, got, step.committed)
		}
		d.Close()
	}
	c.Close()
	if c.Set("k", make(chan int)) == nil || c.Set("k", 1) != nil || c.Save() == nil {
		t.Error("a closed cursor goes on")
	}
}

func TestCursorValues(t *testing.T) {
	c := NewCursor()
	type etag struct{ ETag, Modified string }
	in := etag{`"<&>"`, "now"}
	if err := c.Set("http://example.org/", in); err != nil {
		t.Fatal(err)
	}
	var out etag
	if ok, err := c.Get("http://example.org/", &out); !ok || err != nil || !reflect.DeepEqual(in, out) {
		t.Errorf("%v, %v, %v", out, ok, err)
	}
	var n int
	if ok, err := c.Get("http://example.org/", &n); ok || err == nil || !strings.Contains(err.Error(), "http://example.org/") {
		t.Errorf("an object as a number: %v, %v", ok, err)
	}
}

// TestCursorDisk fails every operation, and loses the power at it.
func TestCursorDisk(t *testing.T) {
	for n := 1; ; n++ {
		dir, after := t.TempDir(), t.TempDir()
		path := filepath.Join(dir, "cursor")
		rec := disktest.Record(t, dir)
		r := rand.New(rand.NewPCG(uint64(n), 1))
		plan := &disktest.Plan{N: n, Half: n%2 == 0, Dead: true, Err: disktest.Errors[n%4], At: func() { rec.PowerLost(t, after, r) }}
		restore := rec.Wrap(t, plan)
		acked, sent := 0, 0
		c, err := OpenCursorContext(t.Context(), path, 0)
		if err == nil {
			err = c.Commit("a:0:n")
		}
		for i := 1; i <= 5 && err == nil; i++ {
			if err = c.Set("k", fmt.Sprint(i)); err != nil {
				break
			}
			if err = c.Prepare(fmt.Sprintf("a:%d:n", i)); err == nil {
				acked = i
				if i%2 == 0 {
					sent = i
					err = c.Commit(fmt.Sprintf("a:%d:n", i))
				}
			}
		}
		if c != nil {
			c.Close()
		}
		restore()
		if plan.Count() < n {
			if err != nil || n < 30 {
				t.Errorf("%d operations, error %v", n, err)
			}
			return
		}
		if !errors.Is(err, plan.Err) || !strings.Contains(err.Error(), dir) {
			t.Errorf("operation %d: error %v, want %v with a path", n, err, plan.Err)
		}
		for _, d := range []string{dir, after} {
			c := openCursor(t, filepath.Join(d, "cursor"))
			at := sent + r.IntN(acked-sent+1)
			if err := c.Commit(fmt.Sprintf("a:%d:n", at)); err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprint(at)
			if at == 0 {
				want = "-"
			}
			if got := get(t, c, "k"); got != want {
				t.Errorf("operation %d, acknowledged %d of %d: %s", n, at, acked, got)
			}
			c.Close()
		}
	}
}

func TestCursorDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cursor")
	c := openCursor(t, path)
	if err := c.Set("k", "value"); err != nil {
		t.Fatal(err)
	}
	if err := c.Save(); err != nil {
		t.Fatal(err)
	}
	c.Close()
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 4
		put(t, path, bad)
		c, err := OpenCursorContext(t.Context(), path, 0)
		if err == nil {
			if got := get(t, c, "k"); got != "value" {
				t.Errorf("byte %d: got %s in silence", i, got)
			}
			c.Close()
		} else if !strings.Contains(err.Error(), path) {
			t.Errorf("byte %d: %v", i, err)
		}
	}
	// People may edit the file if they take the checksum away.
	doc, _, _ := bytes.Cut(good, []byte(sumPrefix))
	put(t, path, bytes.Replace(doc, []byte("value"), []byte("edited"), 1))
	c = openCursor(t, path)
	defer c.Close()
	if got := get(t, c, "k"); got != "edited" || !json.Valid(doc) {
		t.Errorf("got %s", got)
	}
}

func FuzzCursor(f *testing.F) {
	f.Add([]byte(`{"format":1,"state":{"a":1},"prepared":[{"id":"a:1:n","set":{"a":null}}]}`))
	f.Add([]byte("{\"format\":1,\"state\":{}}\ncrc32c 00000000\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		path := filepath.Join(t.TempDir(), "cursor")
		put(t, path, in)
		c, err := OpenCursorContext(t.Context(), path, 0)
		if err != nil {
			return
		}
		defer c.Close()
		var v any
		c.Get("a", &v)
		if err := c.Commit("a:1:n"); err != nil {
			t.Fatal(err)
		}
		if err := c.Set("a", 2); err != nil {
			t.Fatal(err)
		}
		if err := c.Save(); err != nil {
			t.Fatal(err)
		}
	})
}
