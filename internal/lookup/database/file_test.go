package database

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/stage"
)

var errBroken = errors.New("broken")

// table reads lines, which are broken where one of them says so.
func table(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if strings.Contains(string(text), "broken") {
		return nil, fmt.Errorf("%s: %w", path, errBroken)
	}
	return strings.Fields(string(text)), err
}

// TestFile replaces a file, by one that is broken, by a good one and by none.
func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "table")
	put := func(text string) {
		t.Helper()
		if err := disk.WriteFileAtomic(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		var warned []string
		env := stage.Standalone()
		env.Warn = func(format string, args ...any) { warned = append(warned, fmt.Sprintf(format, args...)) }
		if _, err := Open(env, path, table); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("none: %v", err)
		}
		put("broken")
		if _, err := Open(env, path, table); !errors.Is(err, errBroken) {
			t.Errorf("broken: %v", err)
		}
		put("one")
		f, err := Open(env, path, table)
		if err != nil {
			t.Fatal(err)
		}
		expect := func(want string) {
			t.Helper()
			if got := (*f.Get())[0]; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		put("two")
		expect("one")
		time.Sleep(lookEvery)
		expect("one") // it has to stay as it is for a second
		time.Sleep(lookEvery)
		expect("two")
		put("broken")
		for range 5 {
			time.Sleep(lookEvery)
			expect("two")
		}
		if len(warned) != 1 || !strings.Contains(warned[0], "broken; what was loaded before stays") {
			t.Errorf("warned %q", warned)
		}
		os.Remove(path)
		for range 3 {
			time.Sleep(lookEvery)
			expect("two")
		}
		put("three")
		if err := f.Reload(t.Context()); err != nil {
			t.Error(err)
		}
		expect("three")
		put("broken")
		if err := f.Reload(t.Context()); !errors.Is(err, errBroken) {
			t.Errorf("got %v", err)
		}
		expect("three")
	})
}

// TestFileIsWhole has many who look something up while the file is replaced again
// and again: nobody sees half a table.
func TestFileIsWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "table")
	put := func(n int) error {
		return disk.WriteFileAtomic(path, []byte(strings.Repeat(fmt.Sprintln(n), 1000)), 0o644)
	}
	if err := put(0); err != nil {
		t.Fatal(err)
	}
	f, err := Open(stage.Standalone(), path, table)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100000 {
				list := *f.Get()
				if len(list) != 1000 || list[0] != list[999] {
					t.Errorf("%d lines, from %s to %s", len(list), list[0], list[len(list)-1])
					return
				}
			}
		})
	}
	for n := range 50 {
		if err := put(n); err != nil {
			t.Fatal(err)
		}
		if err := f.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
}
