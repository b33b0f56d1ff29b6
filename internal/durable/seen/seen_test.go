package seen

import (
	"encoding/binary"
	"math/bits"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// spread makes a key without the cost of a cryptographic hash.
func spread(i uint64) (k [32]byte) {
	hi, lo := bits.Mul64(i+1, 0x9e3779b97f4a7c15)
	binary.LittleEndian.PutUint64(k[0:], lo^hi<<32)
	binary.LittleEndian.PutUint64(k[8:], lo*0xbf58476d1ce4e5b9)
	return k
}

const million = 1_000_000

func TestSeenMillionKeysFit(t *testing.T) {
	s := New()
	defer s.Close()
	for i := range uint64(million) {
		if s.Check(spread(i), 1000, 1+int64(i%2)*100000) {
			t.Fatalf("key %d is seen at once", i)
		}
	}
	for i := range uint64(million) {
		if !s.Check(spread(i), 1000, 0) {
			t.Fatalf("key %d is not seen", i)
		}
	}
	t.Logf("%d MiB, at most %d MiB", s.t.bytes>>20, s.t.peak>>20)
	if s.t.peak > 56<<20 {
		t.Errorf("the table took %d bytes", s.t.peak)
	}
	if s.t.peak > s.t.bytes+s.t.bytes/16 {
		t.Errorf("growing took %d bytes for a table of %d", s.t.peak, s.t.bytes)
	}
	// Half of the keys expire, so as many new ones need no more room.
	before := s.t.bytes
	for i := range uint64(million / 2) {
		s.Check(spread(million+i), 2000, 0)
	}
	if s.t.bytes > before*5/4 {
		t.Errorf("expired keys were not dropped: %d bytes after %d", s.t.bytes, before)
	}
	for i := range uint64(million) {
		if got, want := s.has(spread(i), 2000), i%2 == 1; got != want {
			t.Fatalf("key %d: seen %v, want %v", i, got, want)
		}
	}
}

func TestSeenExpiry(t *testing.T) {
	for _, c := range []struct {
		now, ttl, then int64
		want           bool
	}{
		{1000, 10, 1009, true},
		{1000, 10, 1010, false},
		{1000, 0, 1 << 40, true},
		{1000, 1 << 62, 1 << 40, true},
		{1 << 62, 1 << 62, 1 << 62, true},
		{1000, 1, 999, false}, // the clock was ahead
		{-5, 1000, 900, true},
	} {
		s := New()
		s.Check([32]byte{}, c.now, c.ttl)
		if got := s.Check([32]byte{}, c.then, c.ttl); got != c.want {
			t.Errorf("%+v: seen %v", c, got)
		}
		s.Close()
	}
	s := New()
	defer s.Close()
	s.Check(key(1), 1000, 10)
	s.Check(key(1), 1009, 10)
	if s.Check(key(1), 1010, 10) {
		t.Error("a hit renewed the key")
	}
}

// TestSeenSteered shows that keys of one beginning do not share one place.
func TestSeenSteered(t *testing.T) {
	s := New()
	defer s.Close()
	for i := range uint64(20000) {
		var k [32]byte
		binary.LittleEndian.PutUint64(k[8:], i)
		s.Check(k, 1000, 0)
	}
	longest := 0
	for i := range s.t.seg {
		run := 0
		for _, p := range s.t.seg[i].slots {
			if run++; p.exp == expEmpty {
				run = 0
			}
			longest = max(longest, run)
		}
	}
	if longest > 200 {
		t.Errorf("%d keys in a row", longest)
	}
}

func TestSeenMillionKeysOnDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seen")
	s := mustOpen(t, path)
	for i := range uint64(million) {
		s.Check(spread(i), 1000, 0)
	}
	if n := cap(s.f.keys); n > 2*maxBody {
		t.Errorf("%d bytes of keys wait in memory", n)
	}
	if err := s.Save(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	s = mustOpen(t, path)
	defer s.Close()
	t.Logf("opened in %v, %d MiB", time.Since(start), s.t.bytes>>20)
	if s.f.off > s.f.base+2*recordHeader {
		t.Errorf("a journal of %d bytes is left", s.f.off-s.f.base)
	}
	for i := range uint64(million) {
		if !s.has(spread(i), 1000) {
			t.Fatalf("key %d is lost", i)
		}
	}
}

// TestSeenShrinks sees the file become small again when its keys have expired.
func TestSeenShrinks(t *testing.T) {
	small(t)
	path := filepath.Join(t.TempDir(), "seen")
	s := mustOpen(t, path)
	for i := range 50000 {
		s.Check(key(i), 1000, 10)
	}
	if err := s.Save(); err != nil {
		t.Fatal(err)
	}
	before, _ := os.Stat(path)
	for i := range 100 {
		s.Check(key(-1-i), 5000, 10)
	}
	if err := s.Save(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.Stat(path); after.Size() > before.Size()/10 {
		t.Errorf("%d bytes after %d", after.Size(), before.Size())
	}
	s = mustOpen(t, path)
	defer s.Close()
	for i := range 100 {
		if !s.has(key(-1-i), 5009) {
			t.Fatalf("key %d is lost", i)
		}
	}
}

// An idle run leaves the file alone.
func TestSeenIdle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seen")
	s := mustOpen(t, path)
	s.Check(key(1), 1000, 0)
	if err := s.Save(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(path)
	s = mustOpen(t, path)
	s.Check(key(1), 1000, 0)
	for _, err := range []error{s.Commit("a:0:n"), s.Prepare("a:1:n"), s.Commit("a:1:n"), s.Close()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Errorf("%d bytes became %d", len(before), len(after))
	}
}

func BenchmarkCheckNew(b *testing.B) {
	for b.Loop() {
		s := New()
		for i := range uint64(million) {
			s.Check(spread(i), 1000, 86400)
		}
		s.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/million, "ns/key")
}

func BenchmarkCheckSeen(b *testing.B) {
	s := New()
	defer s.Close()
	for i := range uint64(million) {
		s.Check(spread(i), 1000, 86400)
	}
	b.ReportAllocs()
	var i uint64
	for b.Loop() {
		if i += 7919; i >= million {
			i -= million
		}
		s.Check(spread(i), 1000, 86400)
	}
}

func BenchmarkOpenMillion(b *testing.B) {
	path := filepath.Join(b.TempDir(), "seen")
	s := mustOpen(b, path)
	for i := range uint64(million) {
		s.Check(spread(i), 1000, 0)
	}
	if err := s.Save(); err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s := mustOpen(b, path)
		s.Close()
	}
}

func BenchmarkWindow(b *testing.B) {
	s := mustOpen(b, filepath.Join(b.TempDir(), "seen"))
	defer s.Close()
	var i uint64
	for b.Loop() {
		for range 10000 {
			s.Check(spread(i), 1000, 86400)
			i++
		}
		if err := s.Prepare("a:1:n"); err != nil {
			b.Fatal(err)
		}
		if err := s.Commit("a:1:n"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10000, "ns/key")
}

// TestClockAhead lets the clock be wrong and right again. What was remembered
// meanwhile is remembered for no longer than the time to live from then on, and
// what is remembered with the right clock stays, in the file as well.
func TestClockAhead(t *testing.T) {
	const right, ahead, behind, ttl = 1_800_000_000, 1_800_000_000 + 20*365*86400, 1000, 86400
	path := filepath.Join(t.TempDir(), "seen")
	at := func(now, ttl int64) *Set {
		t.Helper()
		s, err := OpenContext(t.Context(), path, 0, now, ttl)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	steps := []struct {
		what     string
		now, ttl int64
		key      int
		want     bool
	}{
		{"ahead", ahead, ttl, 1, false},
		{"ahead, again", ahead + 5, ttl, 1, true},
		{"right again", right, ttl, 1, false},
		{"and remembered", right + 1, ttl, 1, true},
		{"to the end of its time", right + ttl - 1, ttl, 1, true},
		{"but no longer", right + ttl, ttl, 1, false},
		{"for ever", right, 0, 2, false},
		{"which no clock has made", right + 1, ttl, 2, true},
		{"beyond the last time there is", 1 << 40, ttl, 3, false},
		{"is not for ever", right, ttl, 3, false},
		{"a longer time to live", right, 10 * ttl, 4, false},
		{"which is a shorter one now", right + 1, ttl, 4, false},
		{"remembered", right, ttl, 5, false},
		{"behind", behind, ttl, 5, false},
		{"and right again", right + 10, ttl, 5, true},
	}
	for _, reopen := range []bool{true, false} {
		path = filepath.Join(t.TempDir(), "seen")
		s := at(ahead, ttl)
		for _, c := range steps {
			if reopen {
				if err := s.Save(); err != nil {
					t.Fatal(err)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				s = at(c.now, c.ttl)
			} else if c.what == "and right again" {
				continue // only the file has both expiries
			}
			if got := s.Check(key(c.key), c.now, c.ttl); got != c.want {
				t.Errorf("reopened %v, %s: seen %v, want %v", reopen, c.what, got, c.want)
			}
		}
		s.Close()
	}
}
