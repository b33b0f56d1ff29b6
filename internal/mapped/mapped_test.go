package mapped

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

var errOwn = errors.New("its own")

// TestUse reads a file, replaces it in one step, and writes over it: then it is an error,
// whether its pages are there or not.
func TestUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	whole := bytes.Repeat([]byte("0123456789abcdef"), 10_000)
	write(t, path, whole)
	m, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	look := func() (same bool, err error) {
		err = m.Use(func(data []byte) error { same = bytes.Equal(data, whole); return nil })
		return same, err
	}
	if same, err := look(); !same || err != nil {
		t.Errorf("%v, %v", same, err)
	}
	if err := m.Use(func([]byte) error { return errOwn }); err != errOwn {
		t.Errorf("got %v", err)
	}
	write(t, path+".new", whole[:100])
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	if same, err := look(); !same || err != nil {
		t.Errorf("after another one took its place: %v, %v", same, err)
	}

	write(t, path, whole)
	if m, err = Open(path); err != nil {
		t.Fatal(err)
	}
	for _, data := range [][]byte{nil, whole, whole[:5000]} {
		write(t, path, data)
		for !m.written.Load() { // the kernel tells of a write when it is done
			runtime.Gosched()
		}
		if _, err := look(); err == nil || err.Error() != path+": "+errChanged.Error() {
			t.Errorf("%d bytes: %v", len(data), err)
		}
	}
	write(t, path, whole)
	if m, err = Open(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := look(); err == nil || err.Error() != path+": "+errChanged.Error() { // whether the kernel has told or not
		t.Errorf("cut: %v", err)
	}
}

// TestPanic lets a panic through that the file has nothing to do with.
func TestPanic(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, []byte("text"))
	m, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() != errOwn {
			t.Error("another panic, or none")
		}
	}()
	m.Use(func([]byte) error { panic(errOwn) })
}

// TestRead has what cannot be mapped: an empty file and a pipe.
func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, nil)
	m, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Use(func(data []byte) error { return errors.New(string(data) + "!") }); err.Error() != "!" {
		t.Error(err)
	}
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	go os.WriteFile(pipe, []byte("text"), 0o600)
	if m, err = Open(pipe); err != nil {
		t.Fatal(err)
	}
	if err := m.Use(func(data []byte) error { return errors.New(string(data)) }); err.Error() != "text" {
		t.Error(err)
	}
	if _, err := Open(path + ".none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// TestGivenUp opens a file again and again: nothing of it stays mapped.
func TestGivenUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, []byte("text"))
	for range 100 {
		if _, err := Open(path); err != nil {
			t.Fatal(err)
		}
	}
	for range 1000 { // cleanups run by themselves, after the collection
		runtime.GC()
		runtime.Gosched()
		text, err := os.ReadFile("/proc/self/maps")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), path) {
			return
		}
	}
	t.Error("it is still mapped")
}

func BenchmarkUse(b *testing.B) {
	path := filepath.Join(b.TempDir(), "file")
	if err := os.WriteFile(path, []byte("text"), 0o644); err != nil {
		b.Fatal(err)
	}
	m, err := Open(path)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := m.Use(func([]byte) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
