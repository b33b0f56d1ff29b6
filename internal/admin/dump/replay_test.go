package dump

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	dumpfile "github.com/intelpipe/intelpipe/internal/durable/dump"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// errKilled ends a replay without a word to it.
var errKilled = errors.New("killed")

// origin is a runtime that keeps the state of a replay of the dump at path.
type origin struct {
	*testing.T
	path  string
	state string
	// What happens before a window is sent, when its state is kept and it is
	// not acknowledged, and when it is.
	before, kept, acked func() error

	r     *replay
	said  []string // by the replay
	emits []string // its messages
}

func (o *origin) Source() (string, bool) { return "S", false }

func (o *origin) Window(w stage.Window, send func() error) error {
	steps := []func() error{
		o.before, send,
		func() error { o.state = w.State; return nil }, o.kept,
		func() error { return w.Ack(1) }, o.acked,
	}
	for _, step := range steps {
		if step == nil {
			continue
		}
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (*origin) Lines([]byte) (bool, error) { return false, nil }
func (*origin) Settle() error              { return nil }
func (o *origin) State() string            { return o.state }

// replay runs a replay, and returns what it has sent.
func (o *origin) replay(spans ...span) string {
	o.Helper()
	o.emits, o.said = nil, nil
	o.r = &replay{File: file(o.path), Entries: spans}
	env := stage.Standalone()
	env.Pipeline = o
	env.Warn = func(format string, args ...any) { o.said = append(o.said, fmt.Errorf(format, args...).Error()) }
	env.Fail = env.Warn
	if err := o.r.Start(context.Background(), env); err != nil {
		o.Fatal(err)
	}
	err := o.r.Collect(context.Background(), func(m *event.Message) error {
		o.emits = append(o.emits, m.String())
		return nil
	})
	switch {
	case errors.Is(err, errKilled):
		o.r.claim.Close(true)
		o.r.trail.Close()
	case err != nil:
		o.Fatal(err)
	default:
		if err := o.r.Close(); err != nil {
			o.Fatal(err)
		}
	}
	return strings.Join(o.emits, " ")
}

// listed are the messages that other commands see.
func (o *origin) listed() string {
	o.Helper()
	var all []string
	if _, err := os.Stat(o.path); errors.Is(err, os.ErrNotExist) {
		return ""
	}
	if err := each(o.path, nil, func(e *entry) error {
		all = append(all, e.Message)
		return nil
	}); err != nil {
		o.Fatal(err)
	}
	return strings.Join(all, " ")
}

// fill makes a dump of these entries.
func (o *origin) fill(entries ...dumpfile.Entry) {
	o.Helper()
	text, err := dumpfile.AppendAll(nil, entries)
	if err == nil {
		err = os.WriteFile(o.path, text, 0o600)
	}
	if err != nil {
		o.Fatal(err)
	}
}

func numbered(n int) dumpfile.Entry {
	return dumpfile.Entry{ID: dumpfile.NewID(uint64(n)), Time: "T", Command: "c", Reason: "r", File: "f", Message: fmt.Sprintf(`{"n":%d}`, n)}
}

func newOrigin(t *testing.T) *origin {
	return &origin{T: t, path: filepath.Join(t.TempDir(), "c.dump")}
}

func kill() error { return errKilled }

// TestKilled kills a replay where its state and the dump do not agree.
func TestKilled(t *testing.T) {
	for name, c := range map[string]struct {
		plan         func(*origin)
		listed, next string // what there is then, and what the next replay sends
	}{
		"before it is sent":         {func(o *origin) { o.before = kill }, `{"n":1} {"n":2}`, `{"n":1} {"n":2}`},
		"before it is acknowledged": {func(o *origin) { o.kept = kill }, `{"n":1} {"n":2}`, ""},
		"when it is acknowledged":   {func(o *origin) { o.acked = kill }, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t)
			o.fill(numbered(1), numbered(2))
			c.plan(o)
			o.replay()
			if got := o.listed(); got != c.listed {
				t.Errorf("then there is %s", got)
			}
			// An editor changes nothing of it.
			claim, err := claim(o.path)
			if err != nil {
				t.Fatal(err)
			}
			claim.Close(claim.Found())
			o.before, o.kept, o.acked = nil, nil, nil
			if _, err := os.Stat(o.path); err == nil {
				if got := o.replay(); got != c.next {
					t.Errorf("the next one sends %s", got)
				}
			}
			if got := o.listed(); got != "" {
				t.Errorf("at the end there is %s", got)
			}
			// What this replay has acknowledged says nothing about another one.
			o.fill(numbered(1), numbered(2))
			if got := o.replay(); got != `{"n":1} {"n":2}` {
				t.Errorf("another one sends %s", got)
			}
		})
	}
}

// TestGone is a replay that was killed before what had arrived had left the dump,
// or that is still at work.
func TestGone(t *testing.T) {
	o := newOrigin(t)
	o.fill(numbered(1), numbered(2), numbered(3))
	claim, err := claim(o.path)
	if err == nil {
		err = claim.Add([]dumpfile.ID{dumpfile.NewID(1)})
	}
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr, code := run(t, filepath.Dir(o.path), "", "dump", "list", o.path)
	if code != 0 || strings.Count(stdout, "\n") != 2 || !strings.HasPrefix(stdout, "1  "+numbered(2).ID.String()) {
		t.Error(code, stdout, stderr)
	}
	if stdout, stderr, code := run(t, filepath.Dir(o.path), "", "dump", "replay", o.path); code != 0 || stdout != `{"n":2}`+"\n"+`{"n":3}`+"\n" {
		t.Error(code, stdout, stderr)
	}
	if _, stderr, code := run(t, filepath.Dir(o.path), "", "dump", "delete", o.path, "1"); code != 0 {
		t.Error(code, stderr)
	}
	if text, _ := os.ReadFile(o.path); strings.Count(string(text), "\n") != 1 || o.listed() != `{"n":3}` {
		t.Errorf("%s", text)
	}
	claim.Close(true)
	if got := o.replay(); got != `{"n":3}` {
		t.Errorf("the next one sends %s", got)
	}
	if left, _ := os.ReadDir(filepath.Dir(o.path)); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// TestSuccessor leaves alone what a replay that was killed has put into the dump,
// as long as the entry is there from which it comes.
func TestSuccessor(t *testing.T) {
	o := newOrigin(t)
	again, other := numbered(3), numbered(4)
	again.Again, other.Again = numbered(1).ID, numbered(9).ID
	o.fill(numbered(1), numbered(2), again, other)
	if got := o.replay(); got != `{"n":1} {"n":2} {"n":4}` || o.listed() != `{"n":3}` || !strings.HasSuffix(o.said[0], "replayed 3, passed 3, failed again 0, 1 stay") {
		t.Errorf("sent %s, left %s, %q", got, o.listed(), o.said)
	}
	if got := o.replay(); got != `{"n":3}` || o.listed() != "" {
		t.Errorf("sent %s, left %s", got, o.listed())
	}
}

// TestDumpShrinks writes a large dump anew while it is replayed, and keeps what
// comes meanwhile. If the disk has no room for that it is done at the end.
func TestDumpShrinks(t *testing.T) {
	for _, full := range []bool{false, true} {
		o := newOrigin(t)
		var entries []dumpfile.Entry
		for n := range 100 {
			e := numbered(n)
			e.Message = fmt.Sprintf(`{"n":%d,"x":"%s"}`, n, strings.Repeat("x", 100_000))
			entries = append(entries, e)
		}
		o.fill(entries...)
		smallest := int64(100 * 100_000)
		windows := 0
		o.acked = func() error {
			if info, err := os.Stat(o.path); err == nil && windows > 0 {
				smallest = min(smallest, info.Size())
			}
			windows++
			e := numbered(1000 + windows)
			text, err := e.Append(nil)
			if err != nil {
				return err
			}
			f, err := os.OpenFile(o.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
			if err == nil {
				_, err = f.Write(text)
				f.Close()
			}
			return err
		}
		restore := func() {}
		if full {
			restore = disk.SetFault(func(op disk.Op, name string, n int, do func(int) (int, error)) (int, error) {
				if op == disk.OpRename && len(o.emits) < 100 {
					return 0, unix.ENOSPC
				}
				return do(n)
			})
		}
		o.replay()
		restore()
		if len(o.emits) != 100 || !full && smallest > 5_000_000 {
			t.Errorf("full %v: %d windows, %d messages, at least %d bytes", full, windows, len(o.emits), smallest)
		}
		if warned := strings.Contains(strings.Join(o.said, "\n"), "no space left"); warned != full {
			t.Errorf("full %v: %q", full, o.said)
		}
		if got := len(strings.Fields(o.listed())); got != windows {
			t.Errorf("full %v: %d of %d are left that came meanwhile", full, got, windows)
		}
	}
}
