package ring

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func open(t *testing.T, path string, size int64) *Ring {
	t.Helper()
	r, note, err := Open(path, size)
	if err != nil || note != "" {
		t.Fatalf("%q, %v", note, err)
	}
	t.Cleanup(func() { r.f.Close() })
	return r
}

func put(t *testing.T, r *Ring, key string, value []byte) {
	t.Helper()
	if err := r.Put([]byte(key), Record{value, time.Unix(1e9, 0), time.Hour}); err != nil {
		t.Fatal(err)
	}
}

// TestRing keeps what is put, of any size, under the right key, and another
// process sees it at once.
func TestRing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache")
	a, b := open(t, path, 1<<20), open(t, path, 1<<10)
	want := map[string][]byte{}
	for i := range 500 {
		key := fmt.Sprint("key ", i%400)
		want[key] = bytes.Repeat([]byte{byte(i)}, i)
		put(t, []*Ring{a, b}[i%2], key, want[key])
	}
	put(t, a, "", nil)
	want[""] = nil
	for key, value := range want {
		for _, r := range []*Ring{a, b, open(t, path, 1)} {
			rec, ok := r.Get([]byte(key))
			if !ok || !bytes.Equal(rec.Value, value) || rec.TTL != time.Hour || rec.Since.Unix() != 1e9 {
				t.Errorf("%q: %d bytes, %v, %v, %v", key, len(rec.Value), ok, rec.TTL, rec.Since)
			}
		}
	}
	if _, ok := a.Get([]byte("key 1000")); ok {
		t.Error("a key is there that was never put")
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Error(info.Mode())
	}
}

// TestRingIsBounded puts much more than there is room for: the file stays within
// its size, and the latest records are there.
func TestRingIsBounded(t *testing.T) {
	for _, size := range []int64{1, 10_000, 1 << 20} {
		path := filepath.Join(t.TempDir(), "cache")
		r := open(t, path, size)
		value := make([]byte, 100)
		n := int(size/100)*3 + 10
		for i := range n {
			binary.LittleEndian.PutUint64(value, uint64(i))
			put(t, r, fmt.Sprint(i), value)
		}
		info, err := os.Stat(path)
		if err != nil || info.Size() > max(size, slotsAt+8*bucket) {
			t.Errorf("%d bytes: the file has %d, %v", size, info.Size(), err)
		}
		last, there := int(size)/400, 0
		for i := n - last; i < n; i++ {
			if rec, ok := r.Get([]byte(fmt.Sprint(i))); ok {
				there++
				if binary.LittleEndian.Uint64(rec.Value) != uint64(i) {
					t.Errorf("%d: the value of %d", i, binary.LittleEndian.Uint64(rec.Value))
				}
			}
		}
		if there < last*95/100 {
			t.Errorf("%d bytes: of the latest %d records %d are there", size, last, there)
		}
	}
}

// TestRingBelievesNothing damages a file in all places: what is read is what was
// written or nothing, and what is written then can be read.
func TestRingBelievesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cache")
	r := open(t, path, 20_000)
	want := map[string]string{}
	for i := range 60 {
		key := fmt.Sprint("key ", i)
		want[key] = strings.Repeat(key, i%5)
		put(t, r, key, []byte(want[key]))
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 400 {
		text := bytes.Clone(whole)
		switch n % 3 {
		case 0:
			text = text[:random.IntN(len(text))]
		case 1:
			for range 20 {
				text[headerSize+random.IntN(len(text)-headerSize)] ^= byte(1 << random.IntN(8))
			}
		case 2:
			at := headerSize + random.IntN(len(text)-headerSize)
			for i := range text[at:min(len(text), at+2000)] {
				text[at+i] = byte(random.Uint32())
			}
		}
		path := filepath.Join(dir, fmt.Sprint("damaged", n))
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		r, _, err := Open(path, 20_000)
		if err != nil {
			t.Fatal(err)
		}
		for key, value := range want {
			if rec, ok := r.Get([]byte(key)); ok && string(rec.Value) != value {
				t.Errorf("%d: %s is %q", n, key, rec.Value)
			}
		}
		put(t, r, "new", []byte("value"))
		if rec, ok := r.Get([]byte("new")); !ok || string(rec.Value) != "value" {
			t.Errorf("%d: what was put is not there", n)
		}
		r.f.Close()
	}
}

// TestRingOfAnotherKind: a file of another format or with a damaged header is
// begun anew, with a word, and one that is something else is left alone.
func TestRingOfAnotherKind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache")
	r := open(t, path, 1<<20)
	put(t, r, "key", []byte("value"))
	head := make([]byte, headerSize)
	r.f.ReadAt(head, 0)
	for _, at := range []int{16, 20, 24, 32} {
		r.f.WriteAt([]byte{head[at] ^ 1}, int64(at))
		anew, note, err := Open(path, 1<<20)
		if err != nil || !strings.Contains(note, "begun anew") {
			t.Fatalf("byte %d: %q, %v", at, note, err)
		}
		put(t, anew, "key", []byte("value"))
		anew.f.Close()
	}
	for _, text := range []string{"{\"source.ip\":\"192.0.2.1\"}\n", "i", "x", "intelpipe cachE\n" + string(make([]byte, 100))} {
		os.WriteFile(path, []byte(text), 0o600)
		_, note, err := Open(path, 1<<20)
		now, _ := os.ReadFile(path)
		if begun := strings.HasPrefix(magic, text); begun != (err == nil) || begun != (note != "") || !begun && string(now) != text {
			t.Errorf("%.20q: %q, %v, %.20q", text, note, err, now)
		}
	}
}

// TestClaim: a process waits for another one that asks for the same key, until that
// lets go or has taken too long, and for none that asks for another key.
func TestClaim(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache")
	synctest.Test(t, func(t *testing.T) {
		a, b := open(t, path, 1<<20), open(t, path, 1<<20)
		waits := func(key string) time.Duration {
			began := time.Now()
			b.Claim(t.Context(), []byte(key))()
			return time.Since(began)
		}
		release := a.Claim(t.Context(), []byte("key"))
		if took := waits("other"); took != 0 {
			t.Errorf("another key waits for %v", took)
		}
		if took := waits("key"); took < claimPatience-time.Second || took > claimPatience {
			t.Errorf("a process that was stopped holds the other up for %v", took)
		}
		time.AfterFunc(time.Second, release)
		if took := waits("key"); took < time.Second || took > 1100*time.Millisecond {
			t.Errorf("waits for %v", took)
		}
		synctest.Wait()
	})
}
