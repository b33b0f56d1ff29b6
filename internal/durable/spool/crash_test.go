package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/disk/disktest"
	"github.com/intelpipe/intelpipe/internal/durable/spool/layout"
)

// A chain is a source, a spool that one or more writers of its pipeline share,
// and a consumer with an output that commits as output-file does. What is in it survives a crash, but for the two ends of the
// spool.
type chain struct {
	dir     string
	windows int
	writers int

	acked    int // by the source
	runs     int
	w        []*Writer
	r        *Reader
	number   uint64              // of the consumer's last window
	prepared map[uint64][]string // by the output
	done     []string            // committed by the output
	opt      Options
}

const perWindow = 3

// shortLived is a directory in memory, if there is one: these tests sync ten
// thousands of times, and look at the order of operations only.
func shortLived(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "spool-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func newChain(dir string, windows, writers int) *chain {
	return &chain{dir: dir, windows: windows, writers: writers, prepared: map[uint64][]string{}, opt: Options{SegmentBytes: 100}}
}

// run goes on until everything has arrived or something fails.
func (c *chain) run(t *testing.T, rnd *rand.Rand) (err error) {
	for range c.writers {
		w, err := OpenWriter(t.Context(), c.dir, c.opt)
		if err != nil {
			return err
		}
		c.w = append(c.w, w)
	}
	c.runs++
	control := func(do func(*Writer, context.Context, string) error, number int) error {
		for _, w := range c.w {
			if err := do(w, t.Context(), fmt.Sprintf("S:%d:%d", number, c.runs)); err != nil {
				return err
			}
		}
		return nil
	}
	if err = control((*Writer).Commit, c.acked); err != nil {
		return err
	}
	if err = c.consume(t, rnd); err != nil {
		return err
	}
	for sent := c.acked; c.acked < c.windows; {
		// One or two windows are open at once.
		for range 1 + rnd.IntN(2) {
			if sent++; sent > c.windows {
				break
			}
			for n := range perWindow {
				if err = c.w[n%c.writers].Append(t.Context(), message(t, line((sent-1)*perWindow+n))); err != nil {
					return err
				}
			}
			if err = control((*Writer).Checkpoint, sent); err != nil {
				return err
			}
		}
		c.acked = min(sent, c.windows)
		if err = control((*Writer).Commit, c.acked); err != nil {
			return err
		}
		if rnd.IntN(2) == 0 {
			if err = c.consume(t, rnd); err != nil {
				return err
			}
		}
	}
	for _, w := range c.w {
		if err = w.Close(); err != nil {
			return err
		}
	}
	return c.consume(t, rnd)
}

// consume takes what there is, as windows of a source of its own.
func (c *chain) consume(t *testing.T, rnd *rand.Rand) (err error) {
	if c.r != nil && rnd.IntN(2) == 0 {
		if err = c.r.Close(); err != nil {
			return err
		}
		c.r = nil
	}
	if c.r == nil {
		if c.r, err = OpenReader(c.dir, c.opt); err != nil {
			return err
		}
		last, err := c.r.Acknowledged("C")
		if err != nil {
			return err
		}
		// The opening Commit of the output.
		for n := c.number; ; n++ {
			if n <= last {
				c.promote(n)
			} else if _, ok := c.prepared[n]; ok {
				delete(c.prepared, n)
			} else {
				break
			}
		}
		c.number = last
	}
	for {
		s, err := c.r.Next(t.Context(), false)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if rnd.IntN(5) == 0 {
			if err := c.r.Release(s); err != nil {
				return err
			}
			continue
		}
		n := c.number + 1
		for l := range s.Lines() {
			c.prepared[n] = append(c.prepared[n], string(l))
		}
		if err := c.r.AckAs(s, "C", n); err != nil {
			return err
		}
		c.number = n
		c.promote(n)
	}
}

func (c *chain) promote(n uint64) {
	c.done = append(c.done, c.prepared[n]...)
	delete(c.prepared, n)
}

// die is kill -9 for both ends; without dead they close as after an error.
func (c *chain) die(dead bool) {
	for _, w := range c.w {
		if !dead {
			w.Close()
		}
		w.abandon()
	}
	if c.r != nil {
		if !dead {
			c.r.Close()
		}
		c.r.abandon()
	}
	c.w, c.r = nil, nil
}

func (c *chain) verify(t *testing.T, what string) {
	t.Helper()
	slices.Sort(c.done)
	want := lines(0, c.windows*perWindow-1)
	slices.Sort(want)
	if !slices.Equal(c.done, want) {
		t.Errorf("%s: %d events arrived, %d different ones, want %d once each", what, len(c.done), len(slices.Compact(c.done)), len(want))
	}
	for _, sub := range []string{layout.Tmp, layout.New, layout.Cur, layout.Bad} {
		if names := must(layout.List(c.dir, sub)); len(names) > 0 {
			t.Errorf("%s: left in %s: %q", what, sub, names)
		}
	}
}

// TestFaultEverywhere fails every single operation of a stream with checkpoints
// through both ends of a spool: all events arrive, and once.
func TestFaultEverywhere(t *testing.T) {
	tried, reported := 0, 0
	for n := 1; ; n++ {
		reached := false
		for mode := range 8 {
			half, dead, writers := mode&1 > 0, mode&2 > 0, 1+mode>>2
			c := newChain(shortLived(t), 4, writers)
			rnd := rand.New(rand.NewPCG(uint64(n), uint64(mode)))
			plan := &disktest.Plan{N: n, Err: disktest.Errors[n%len(disktest.Errors)], Half: half, Dead: dead}
			restore := plan.Install(t)
			err := c.run(t, rnd)
			if err != nil {
				c.die(dead)
			}
			restore()
			what := fmt.Sprintf("%d writers, operation %d, half %v, dead %v", writers, n, half, dead)
			if plan.Count() >= n {
				reached = true
				tried++
			}
			if err != nil {
				reported++
				if !errors.Is(err, plan.Err) || !strings.Contains(err.Error(), c.dir) || strings.Contains(err.Error(), "\n") {
					t.Errorf("%s: error %q, want one line with %v and the path", what, err, plan.Err)
				}
				if err := c.run(t, rnd); err != nil {
					t.Fatalf("%s, going on: %v", what, err)
				}
			}
			c.die(true)
			c.verify(t, what)
		}
		if t.Failed() {
			return
		}
		if !reached {
			break
		}
	}
	t.Logf("%d failures, %d of them reported", tried, reported)
	if reported < 100 {
		t.Errorf("only %d failures: too little is exercised", reported)
	}
}

// TestKilledAgainAndAgain kills both ends at random operations.
func TestKilledAgainAndAgain(t *testing.T) {
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		c := newChain(shortLived(t), 8, 1+int(seed%2))
		for kills := range 30 {
			plan := &disktest.Plan{N: 1 + rnd.IntN(60), Half: rnd.IntN(2) == 0, Dead: rnd.IntN(3) > 0, Err: syscall.EIO}
			if kills == 29 {
				plan.N = 0
			}
			restore := plan.Install(t)
			err := c.run(t, rnd)
			c.die(plan.Dead)
			restore()
			if err == nil {
				break
			}
			if plan.N == 0 {
				t.Fatal(err)
			}
		}
		c.verify(t, fmt.Sprint("seed ", seed))
		if t.Failed() {
			return
		}
	}
}

// A machine knows what of a spool survives the loss of power: what was synced,
// and nothing else. With a journal, a file that was renamed from one directory
// to another never is in both or in none, whichever of the two was synced.
type machine struct {
	journal  bool
	mu       sync.Mutex
	t        *testing.T
	n, count int    // the operation before which the power goes
	after    string // where what is left goes
	restore  func()
	content  map[uint64][]byte
	names    map[string]map[string]uint64 // by directory
}

func newMachine(t *testing.T, n int, after string) *machine {
	m := &machine{t: t, n: n, after: after, content: map[uint64][]byte{}, names: map[string]map[string]uint64{}}
	m.restore = sync.OnceFunc(disk.SetFault(m.fault))
	t.Cleanup(m.restore)
	return m
}

func (m *machine) fault(op disk.Op, path string, n int, do func(int) (int, error)) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.count++; m.count == m.n {
		m.powerLost(m.t, m.after)
	}
	if m.count >= m.n {
		return 0, &fs.PathError{Op: string(op), Path: path, Err: syscall.EIO}
	}
	n, err := do(n)
	info, err2 := os.Stat(path)
	if err != nil || err2 != nil {
		return n, err
	}
	ino := info.Sys().(*syscall.Stat_t).Ino
	switch {
	case op == disk.OpSync && info.IsDir():
		names := map[string]uint64{}
		entries, _ := os.ReadDir(path)
		for _, e := range entries {
			if i, err := e.Info(); err == nil && e.Type().IsRegular() {
				names[e.Name()] = i.Sys().(*syscall.Stat_t).Ino
			}
		}
		before := m.names[filepath.Base(path)]
		m.names[filepath.Base(path)] = names
		if m.journal {
			m.follow(path, before, names)
		}
	case op == disk.OpSync:
		m.content[ino], _ = os.ReadFile(path)
	case op == disk.OpOpen && info.Size() == 0:
		delete(m.content, ino)
	}
	return n, err
}

// follow makes durable where the files of a synced directory have come from, or
// gone to.
func (m *machine) follow(dir string, lists ...map[string]uint64) {
	moved := map[uint64]bool{}
	for _, names := range lists {
		for _, ino := range names {
			moved[ino] = true
		}
	}
	for _, sub := range layout.Folders {
		maps.DeleteFunc(m.names[sub], func(_ string, ino uint64) bool { return moved[ino] })
		entries, _ := os.ReadDir(filepath.Join(filepath.Dir(dir), sub))
		for _, e := range entries {
			i, err := e.Info()
			if err != nil || !moved[i.Sys().(*syscall.Stat_t).Ino] {
				continue
			}
			if m.names[sub] == nil {
				m.names[sub] = map[string]uint64{}
			}
			m.names[sub][e.Name()] = i.Sys().(*syscall.Stat_t).Ino
		}
	}
}

func (m *machine) powerLost(t *testing.T, to string) {
	for _, sub := range layout.Folders {
		check1(t, os.MkdirAll(filepath.Join(to, sub), 0o700))
	}
	for sub, names := range m.names {
		if !slices.Contains(layout.Folders[:], sub) {
			sub = "" // the spool itself
		}
		for name, ino := range names {
			if !strings.HasSuffix(name, ".lock") {
				check1(t, os.WriteFile(filepath.Join(to, sub, name), m.content[ino], 0o600))
			}
		}
	}
}

// TestPowerLost takes the power away at every operation. Without a journal,
// renaming between two directories may leave both names then, so that events
// may be there twice.
func TestPowerLost(t *testing.T) {
	t.Run("no journal", func(t *testing.T) { losePower(t, false) })
	t.Run("journal", func(t *testing.T) { losePower(t, true) })
}

func losePower(t *testing.T, journal bool) {
	for n := 1; ; n++ {
		c := newChain(shortLived(t), 4, 1)
		after := shortLived(t)
		m := newMachine(t, n, after)
		m.journal = journal
		rnd := rand.New(rand.NewPCG(uint64(n), 9))
		err := c.run(t, rnd)
		c.die(true)
		m.restore()
		if m.count < n {
			check1(t, err)
			c.verify(t, "no fault")
			if n < 100 {
				t.Errorf("only %d operations", n)
			}
			return
		}
		c.dir = after
		if err := c.run(t, rnd); err != nil {
			t.Fatalf("operation %d: %v", n, err)
		}
		c.die(true)
		if journal {
			c.verify(t, fmt.Sprintf("operation %d", n))
		}
		for _, l := range lines(0, c.windows*perWindow-1) {
			if !slices.Contains(c.done, l) {
				t.Errorf("operation %d: %s is lost", n, l)
			}
		}
		if t.Failed() {
			return
		}
	}
}

// TestPowerLostWhileClaimed takes the power away while a consumer has several
// claims, among which a writer, who is another process, publishes and so syncs
// the directory that the claimed segments have left.
func TestPowerLostWhileClaimed(t *testing.T) {
	for _, journal := range []bool{false, true} {
		for n := 1; ; n++ {
			dir, after := shortLived(t), shortLived(t)
			m := newMachine(t, n, after)
			m.journal = journal
			published, acked, err := claimAndPublish(t, dir)
			m.restore()
			what := fmt.Sprintf("journal %v, operation %d", journal, n)
			if m.count < n {
				check1(t, err)
				break
			}
			r := openReader(t, after)
			last := int(must(r.Acknowledged("C")))
			got := drain(t, r)
			check1(t, r.Close())
			if last < acked {
				t.Errorf("%s: %d is acknowledged, was %d", what, last, acked)
			}
			for k := 1; k <= published; k++ {
				switch there := slices.Contains(got, line(k)); {
				case !there && k > last:
					t.Errorf("%s: event %d is lost", what, k)
				case there && k <= last && journal:
					t.Errorf("%s: event %d is there, though it is acknowledged", what, k)
				}
			}
			if slices.Sort(got); journal && len(slices.Compact(got)) != len(got) {
				t.Errorf("%s: there twice: %q", what, got)
			}
			if t.Failed() {
				return
			}
		}
	}
}

// claimAndPublish says how many events, each in a segment of its own, were
// published and acknowledged before an operation failed.
func claimAndPublish(t *testing.T, dir string) (published, acked int, err error) {
	w, err := OpenWriter(t.Context(), dir, Options{})
	if err != nil {
		return 0, 0, err
	}
	defer w.abandon()
	r, err := OpenReader(dir, Options{})
	if err != nil {
		return 0, 0, err
	}
	defer r.abandon()
	var held []*Segment
	for published < 6 {
		if err = w.Append(t.Context(), message(t, line(published+1))); err == nil {
			err = w.Checkpoint(t.Context(), "")
		}
		if err != nil {
			return published, acked, err
		}
		published++
		s, err := r.Next(t.Context(), false)
		if err != nil {
			return published, acked, err
		}
		if held = append(held, s); len(held) == 3 {
			if err = r.AckAs(held[0], "C", uint64(acked+1)); err != nil {
				return published, acked, err
			}
			held, acked = held[1:], acked+1
		}
	}
	return published, acked, nil
}

// TestPlainFaultEverywhere fails every operation of a stream without control
// lines: what was written is delivered, and what was promised is there.
func TestPlainFaultEverywhere(t *testing.T) {
	for n := 1; ; n++ {
		reached := false
		for mode := range 4 {
			half, dead := mode&1 > 0, mode&2 > 0
			what := fmt.Sprintf("operation %d, half %v, dead %v", n, half, dead)
			dir := shortLived(t)
			plan := &disktest.Plan{N: n, Err: syscall.ENOSPC, Half: half, Dead: dead}
			restore := plan.Install(t)
			w, err := OpenWriter(t.Context(), dir, Options{SegmentBytes: 100})
			for k := 0; err == nil && k < 6; k++ {
				if err = w.Append(t.Context(), message(t, line(k))); err == nil {
					err = w.seg.flush()
					w.err = err
				}
			}
			if err == nil {
				err = w.Checkpoint(t.Context(), "")
			}
			promised := err == nil
			if w != nil {
				err = errors.Join(err, w.wait()) // what is under way moves files
			}
			written := readLines(t, dir)
			if w != nil {
				if !dead {
					err = errors.Join(err, w.Close())
				}
				w.abandon()
			}
			restore()
			reached = reached || plan.Count() >= n
			if err != nil && (!errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), dir)) {
				t.Errorf("%s: %v", what, err)
			}
			check1(t, layout.Create(dir))
			r := openReader(t, dir)
			got := drain(t, r)
			check1(t, r.Close())
			if promised && !slices.Equal(got, lines(0, 5)) {
				t.Errorf("%s: got %q", what, got)
			}
			for _, l := range written {
				if !slices.Contains(got, l) {
					t.Errorf("%s: %s was written and is lost", what, l)
				}
			}
			for i, l := range got {
				if l != line(i) {
					t.Errorf("%s: %s is there at %d", what, l, i)
				}
			}
			if f := files(t, dir); f != "0 0 0 0" {
				t.Errorf("%s: left %s", what, f)
			}
		}
		if t.Failed() || !reached {
			return
		}
	}
}

// readLines returns the whole lines in tmp/ and new/.
func readLines(t *testing.T, dir string) []string {
	var all []string
	for _, sub := range []string{layout.Tmp, layout.New} {
		names, _ := layout.List(dir, sub)
		for _, name := range names {
			b := string(must(os.ReadFile(filepath.Join(dir, sub, name))))
			for {
				l, rest, ok := strings.Cut(b, "\n")
				if !ok {
					break
				}
				all, b = append(all, l), rest
			}
		}
	}
	return all
}

// TestRecoveryFaultEverywhere fails every operation of a recovery.
func TestRecoveryFaultEverywhere(t *testing.T) {
	content := line(1) + "\n\x00\x00\n" + line(2) + "\n" + line(3)[:5]
	for n := 1; ; n++ {
		reached := false
		for mode := range 4 {
			dir := shortLived(t)
			check1(t, layout.Create(dir))
			check1(t, os.WriteFile(filepath.Join(dir, layout.Tmp, "abc.part"), []byte(content), 0o600))
			check1(t, os.WriteFile(filepath.Join(dir, layout.Tmp, "abc.window@S"), []byte(content), 0o600))
			plan := planFor(n, mode)
			restore := plan.Install(t)
			r := openReader(t, dir)
			_, err := r.Next(t.Context(), false)
			r.abandon()
			restore()
			reached = reached || plan.Count() >= n
			if err != nil && err != io.EOF && !strings.Contains(err.Error(), dir) {
				t.Errorf("operation %d: %v", n, err)
			}
			wantDrained(t, dir, lines(1, 2))
			if b, err := os.ReadFile(filepath.Join(dir, layout.Bad, "abc.part.lost")); string(b) != "\x00\x00\n" {
				t.Errorf("operation %d: lost %q, %v", n, b, err)
			}
			wantFiles(t, dir, "0 0 0 1")
		}
		if t.Failed() || !reached {
			return
		}
	}
}

func planFor(n, mode int) *disktest.Plan {
	return &disktest.Plan{N: n, Err: disktest.Errors[n%len(disktest.Errors)], Half: mode&1 > 0, Dead: mode&2 > 0}
}

// TestFullDiskCanBeConsumed has a disk with room for nothing, and something to
// recover, which needs room.
func TestFullDiskCanBeConsumed(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir, Options{SegmentBytes: 100})
	add(t, w, 1, 10)
	check1(t, w.Close())
	check1(t, os.WriteFile(filepath.Join(dir, layout.Tmp, "abc.part"), []byte(line(11)+"\n"), 0o600))
	plan := &disktest.Plan{N: 1, Op: disk.OpWrite, Dead: true, Err: syscall.ENOSPC}
	restore := plan.Install(t)
	r := openReader(t, dir)
	var got []string
	var err error
	for n := uint64(1); err == nil; n++ {
		var s *Segment
		if s, err = r.Next(t.Context(), false); err == nil {
			for l := range s.Lines() {
				got = append(got, string(l))
			}
			check1(t, r.AckAs(s, "S", n))
		}
	}
	if !slices.Equal(got, lines(1, 10)) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%d events, then %v", len(got), err)
	}
	restore()
	if got := drain(t, r); !slices.Equal(got, lines(11, 11)) {
		t.Errorf("then got %q", got)
	}
}
