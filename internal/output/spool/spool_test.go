package spool

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/intelpipe/intelpipe/internal/durable/disk/disktest"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

func start(t *testing.T, dir string) (*Command, context.Context) {
	t.Helper()
	c := &Command{Dir: dir, SegmentBytes: 100, SegmentAge: 3600}
	ctx := t.Context()
	if err := c.Start(ctx, stage.Standalone()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, ctx
}

func process(t *testing.T, c *Command, ctx context.Context, lines ...string) error {
	t.Helper()
	for _, l := range lines {
		m := event.New(event.Event, nil)
		if err := m.Decode([]byte(l)); err != nil {
			t.Fatal(err)
		}
		if err := c.Process(ctx, m, nil); err != nil {
			return err
		}
	}
	return nil
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// content is what cat DIR/new/* shows.
func content(t *testing.T, dir string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "new", "*"))
	check(t, err)
	var all strings.Builder
	for _, name := range names {
		b, err := os.ReadFile(name)
		check(t, err)
		all.Write(b)
	}
	return all.String()
}

const a, b = `{"source.ip":"192.0.2.1"}`, `{ "source.ip" : "192.0.2.2", "extra.x":1.0}`

func TestPlain(t *testing.T) {
	dir := t.TempDir()
	c, ctx := start(t, dir)
	check(t, process(t, c, ctx, a, b))
	check(t, c.Checkpoint(ctx, "", nil))
	check(t, c.Commit(ctx, ""))
	check(t, c.Close())
	if got := content(t, dir); got != a+"\n"+b+"\n" {
		t.Errorf("got %q", got)
	}
}

func TestAppearsAtCommit(t *testing.T) {
	dir := t.TempDir()
	c, ctx := start(t, dir)
	check(t, c.Commit(ctx, "S:0:n"))
	check(t, process(t, c, ctx, a))
	check(t, c.Checkpoint(ctx, "S:1:n", nil))
	if got := content(t, dir); got != "" {
		t.Errorf("%q appears before its Commit", got)
	}
	check(t, c.Commit(ctx, "S:1:n"))
	check(t, process(t, c, ctx, b))
	check(t, c.Close())
	if got := content(t, dir); got != a+"\n" {
		t.Errorf("got %q", got)
	}
}

func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	c, ctx := start(t, dir)
	plan := &disktest.Plan{N: 3, Op: "write", Half: true, Err: syscall.ENOSPC}
	restore := plan.Install(t)
	var err error
	n := 0
	for ; err == nil; n++ {
		err = process(t, c, ctx, a)
	}
	if !stage.IsFatal(err) || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v", err)
	}
	c.Close()
	restore()
	c, _ = start(t, dir)
	check(t, c.Close())
	got := content(t, dir)
	if whole := strings.Count(got, a+"\n"); whole < n-6 || got != strings.Repeat(a+"\n", whole) {
		t.Errorf("of %d events there are %q", n, got)
	}
}
