package seen

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/intelpipe/intelpipe/internal/durable/format"
)

// face is what a run can see of a file: what is state, and what more becomes
// state when the sources say that all was acknowledged.
type face [2][universe]bool

func faceOf(t *testing.T, path string) (f face, err error) {
	s, err := OpenContext(t.Context(), path, 0, 0, 0)
	if err != nil {
		return f, err
	}
	defer s.Close()
	for i := range f {
		for k := range universe {
			f[i][k] = s.has(key(k), 2000)
		}
		for _, id := range []string{"a:9999:n", "b:c:9999:n"} {
			if err := s.Commit(id); err != nil {
				return f, err
			}
		}
	}
	return f, nil
}

// sample writes a file with an image, a journal, and batches left over. It
// returns the file, and where the records of its journal end.
func sample(t testing.TB) (file []byte, ends []int64) {
	path := filepath.Join(t.TempDir(), "seen")
	s := mustOpen(t, path)
	k := 0
	window := func(id string) {
		for range 3 {
			s.Check(key(k), 1000, 0)
			k++
		}
		if err := s.Prepare(id); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		window("a:1:n")
		if err := s.Commit("a:1:n"); err != nil {
			t.Fatal(err)
		}
	}
	s.compact(func(int64) int64 { return 0 })
	base := s.f.base
	for i := range 4 {
		window(fmt.Sprintf("a:%d:n", i+2))
		window(fmt.Sprintf("b:c:%d:n", i+1))
		if err := s.Commit(fmt.Sprintf("a:%d:n", i+2)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := newRecordReader(bytes.NewReader(file), base, int64(len(file)))
	for err == nil {
		ends = append(ends, r.off)
		_, _, _, err = r.next()
	}
	if err != io.EOF || base == headerSize {
		t.Fatalf("the sample is bad at byte %d: %v", r.off, err)
	}
	return file, ends
}

// FuzzDamage damages a file that was closed well. What was written and vouched
// for is either there or an error; a file whose end is missing may lose no more
// than its end.
func FuzzDamage(f *testing.F) {
	good, ends := sample(f)
	f.Add(uint32(0), []byte{1}, uint32(0), []byte(nil))
	f.Add(uint32(headerSize), []byte("xyz"), uint32(0), []byte(nil))
	f.Add(uint32(0), []byte(nil), uint32(30), []byte(nil))
	f.Add(uint32(0), []byte(nil), uint32(0), make([]byte, 600))
	f.Add(uint32(len(good)-5), []byte{255, 255}, uint32(0), []byte(nil))
	for at := 7; at < len(good); at += len(good) / 97 {
		f.Add(uint32(at), []byte{0x10}, uint32(0), []byte(nil))
	}
	for at := len(good) - 120; at < len(good); at += 3 {
		f.Add(uint32(at), []byte{0x10}, uint32(0), []byte(nil))
	}
	var want face
	var prefixes map[face]bool
	f.Fuzz(func(t *testing.T, pos uint32, xor []byte, cut uint32, more []byte) {
		path := filepath.Join(t.TempDir(), "seen")
		if prefixes == nil {
			prefixes = map[face]bool{}
			for _, n := range ends {
				put(t, path, good[:n])
				fc, err := faceOf(t, path)
				if err != nil {
					t.Fatal(err)
				}
				prefixes[fc] = true
				want = fc
			}
			if len(prefixes) < 5 {
				t.Fatalf("%d different states", len(prefixes))
			}
		}
		bad := append([]byte(nil), good...)
		at := int(pos) % len(bad)
		changed := false
		last := at
		for i, x := range xor {
			if at+i < len(bad) && x != 0 {
				bad[at+i] ^= x
				changed, last = true, at+i
			}
		}
		bad = append(bad[:len(bad)-int(cut)%len(bad)], more...)
		put(t, path, bad)
		got, err := faceOf(t, path)
		if err != nil {
			var d *format.DamagedError
			if !errors.As(err, &d) || d.Path != path || d.Offset < 0 || d.Offset > int64(len(bad)) {
				t.Fatalf("got %v, want a DamagedError", err)
			}
			if b, _ := os.ReadFile(path); string(b) != string(bad) {
				t.Fatal("a damaged file was changed")
			}
			if !changed && int(cut)%len(good) == 0 {
				t.Fatalf("nothing was damaged: %v", err)
			}
			return
		}
		if int(cut)%len(good) != 0 || last >= len(good)-recordHeader && changed {
			// The record that vouches for all others may be gone.
			if !prefixes[got] {
				t.Fatal("the state is none that ever was")
			}
		} else if got != want {
			t.Fatal("state was lost in silence")
		}
	})
}

func put(t testing.TB, path string, b []byte) {
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// FuzzReplay reads journals of valid records in any order and of any content.
func FuzzReplay(f *testing.F) {
	f.Add([]byte("A\x28" + "0123456789abcdefzzzz0123456789abcdexzzzz" + "P\x05a:1:nO\x00T\x05a:1:nM\x00"))
	f.Add([]byte("P\x03a:1C\x00S\x00Z\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		path := filepath.Join(t.TempDir(), "seen")
		if err := mustOpen(t, path).Close(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		w := recordWriter{off: int64(len(b))}
		for len(in) >= 2 {
			n := min(int(in[1]), len(in)-2)
			w.add(in[0], in[2:2+n])
			in = in[2+n:]
		}
		put(t, path, append(b, w.out...))
		a, err1 := faceOf(t, path)
		again, err2 := faceOf(t, path)
		var d *format.DamagedError
		if err1 != nil && !errors.As(err1, &d) {
			t.Fatal(err1)
		}
		if (err1 == nil) != (err2 == nil) || err1 == nil && a[1] != again[0] {
			t.Fatalf("opened twice: %v, %v", err1, err2)
		}
	})
}
