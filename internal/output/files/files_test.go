package files

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

func start(t *testing.T, c *Command) (context.Context, *stage.Env) {
	t.Helper()
	env := &stage.Env{Dictionary: harmonization.Default(), Now: time.Now, Warn: t.Errorf}
	ctx := context.Background()
	if err := c.Start(ctx, env); err != nil {
		t.Fatal(err)
	}
	return ctx, env
}

func process(t *testing.T, ctx context.Context, c *Command, lines ...string) {
	t.Helper()
	for _, line := range lines {
		m := event.New(event.Event, nil)
		if err := m.Decode([]byte(line)); err != nil {
			t.Fatal(err)
		}
		if err := c.Process(ctx, m, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// list returns the names of the files in a directory and their contents.
func list(t *testing.T, dir string) (names []string, contents string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		names, contents = append(names, e.Name()), contents+string(text)
	}
	return names, contents
}

func TestFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "in")
	for _, c := range []*Command{{Dir: dir, Suffix: ".json"}, {Dir: dir, Tmp: dir, Suffix: ".json"}, {Dir: dir, Tmp: dir + "2", Suffix: ".json"}} {
		ctx, _ := start(t, c)
		process(t, ctx, c, `{"source.ip":"192.0.2.1","raw":"Zg=="}`, `{"source.ip":"192.0.2.1"}`)
		if err := c.Checkpoint(ctx, "", nil); err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	names, contents := list(t, dir)
	if contents != strings.Repeat(`{"source.ip": "192.0.2.1"}`, 6) {
		t.Errorf("%q", contents)
	}
	like := regexp.MustCompile(`^[^/]+\.\d+\.\d{10,}\.\d{6}\.\d+\.\d+\.json$`)
	for _, name := range names {
		if !like.MatchString(name) {
			t.Errorf("the name %s", name)
		}
	}
	for _, tmp := range []string{dir + "/.tmp", dir + "2"} {
		if names, _ := list(t, tmp); len(names) > 0 {
			t.Errorf("%s has %v", tmp, names)
		}
	}
}

func TestWindowAppearsWithItsCheckpoint(t *testing.T) {
	c := &Command{Dir: t.TempDir()}
	ctx, env := start(t, c)
	env.Controlled = true
	process(t, ctx, c, `{"a":1}`, `{"b":1}`)
	if names, _ := list(t, c.Dir); len(names) != 0 {
		t.Errorf("%v before the checkpoint", names)
	}
	if err := c.Checkpoint(ctx, "S:1:x", nil); err != nil {
		t.Fatal(err)
	}
	process(t, ctx, c, `{"c":1}`)
	if names, _ := list(t, c.Dir); len(names) != 2 {
		t.Errorf("%v after the checkpoint", names)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if names, _ := list(t, c.Tmp); len(names) != 0 {
		t.Errorf("%v is left in --tmp", names)
	}
}

func TestSomebodyTakesTheFiles(t *testing.T) {
	c := &Command{Dir: t.TempDir()}
	ctx, _ := start(t, c)
	process(t, ctx, c, `{"a":1}`)
	names, _ := list(t, c.Dir)
	os.Remove(filepath.Join(c.Dir, names[0]))
	if err := c.Checkpoint(ctx, "", nil); err != nil {
		t.Error(err)
	}
}

func TestDirectoryVanishes(t *testing.T) {
	c := &Command{Dir: t.TempDir()}
	ctx, _ := start(t, c)
	os.RemoveAll(c.Dir)
	m := event.New(event.Event, nil)
	if err := c.Process(ctx, m, nil); !stage.IsFatal(err) {
		t.Errorf("got %v", err)
	}
}

func TestOtherFileSystem(t *testing.T) {
	c := &Command{Dir: t.TempDir(), Tmp: "/dev/shm"}
	err := c.Start(context.Background(), stage.Standalone())
	a, err1 := device("", c.Dir)
	b, err2 := device("", "/dev/shm")
	if err1 != nil || err2 != nil || a == b {
		t.Skip("there is no second file system")
	}
	if err == nil || !strings.Contains(err.Error(), "same file system") {
		t.Errorf("got %v", err)
	}
}
