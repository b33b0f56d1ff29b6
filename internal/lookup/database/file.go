// Package database has the files that lookups answer from: one that somebody may replace
// while it is used, and how a new one is fetched, checked and put in its place.
package database

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// File is a database that somebody may replace while it is used. A new one is
// loaded beside the old one and takes its place in one step; one that cannot be
// loaded is refused, and the old one stays. Loaded values are given up to the
// collector of garbage when nobody uses them any longer.
type File[T any] struct {
	path    string
	load    func(path string) (T, error)
	warn    func(format string, args ...any)
	present atomic.Pointer[T]
	next    atomic.Int64 // when to look again, in nanoseconds since began
	began   time.Time

	mu      sync.Mutex // held by who looks
	loaded  identity
	changed identity // seen the last time, and not loaded yet
}

// identity tells whether a file is still the same.
type identity struct {
	info    os.FileInfo
	size    int64
	changed time.Time
}

func (i identity) same(other identity) bool {
	return i.info != nil && other.info != nil && os.SameFile(i.info, other.info) && i.size == other.size && i.changed.Equal(other.changed)
}

// lookEvery is how often is looked whether a file was replaced.
const lookEvery = time.Second

// Open loads the file at path.
func Open[T any](env *stage.Env, path string, load func(path string) (T, error)) (*File[T], error) {
	f := &File[T]{path: path, load: load, warn: env.Warn, began: time.Now()}
	f.next.Store(int64(lookEvery))
	return f, f.Reload(context.Background())
}

// Get returns what is in the file, for the one message at hand: it looks once a
// second whether there is a new one. Of several callers one looks, and the others
// take what there is.
func (f *File[T]) Get() *T {
	if now := int64(time.Since(f.began)); now >= f.next.Load() && f.mu.TryLock() {
		f.look()
		f.next.Store(int64(time.Since(f.began) + lookEvery))
		f.mu.Unlock()
	}
	return f.present.Load()
}

// look loads the file if it has changed and has been as it is for a second, so that
// one that is being written is not taken.
func (f *File[T]) look() {
	now, err := identify(f.path)
	if err != nil || now.same(f.loaded) {
		return // one that is gone for a moment is about to be replaced
	}
	if !now.same(f.changed) {
		f.changed = now
		return
	}
	f.loaded = now // once: a broken one is told of, and not loaded again
	if err := f.take(); err != nil {
		f.warn("%v; what was loaded before stays", err)
	}
}

// take loads the file, and puts it in the place of the old one.
func (f *File[T]) take() error {
	v, err := f.load(f.path)
	if err != nil {
		return err
	}
	if after, err := identify(f.path); err != nil || !after.same(f.loaded) {
		return fmt.Errorf("%s: changed while it was read", f.path)
	}
	f.present.Store(&v)
	return nil
}

// Reload loads the file at once. If that fails the old one stays.
func (f *File[T]) Reload(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	now, err := identify(f.path)
	if err != nil {
		return err
	}
	f.loaded = now
	return f.take()
}

func identify(path string) (identity, error) {
	info, err := os.Stat(path)
	if err != nil {
		return identity{}, err
	}
	return identity{info, info.Size(), info.ModTime()}, nil
}
