// Package disktest makes disks fail and machines crash, for tests of what is
// durable.
package disktest

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
)

// Errors are those that a full, broken or read-only disk gives.
var Errors = []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EDQUOT, syscall.EROFS}

// A Plan fails one operation, or everything from one on.
type Plan struct {
	N    int           // which operation fails, from 1; 0 is none
	Op   disk.Op       // counts only these, if not empty
	Err  syscall.Errno // what it fails with
	Half bool          // a write that fails writes its first half; others are done and fail nevertheless
	Dead bool          // everything after it fails too and does nothing
	At   func()        // called when it fails, after what Half does

	mu    sync.Mutex
	count int
	seen  []Operation
}

// An Operation is one that a plan has seen. For a rename, Path is the new name.
type Operation struct {
	Op     disk.Op
	Path   string
	Failed bool
}

// Install puts the plan before all operations until the test ends.
func (p *Plan) Install(t testing.TB) (restore func()) {
	restore = sync.OnceFunc(disk.SetFault(p.fault))
	t.Cleanup(restore)
	return restore
}

// Count returns how many operations the plan has seen.
func (p *Plan) Count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// Operations returns what the plan has seen, in order.
func (p *Plan) Operations() []Operation {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.seen)
}

func (p *Plan) fault(op disk.Op, path string, n int, do func(int) (int, error)) (int, error) {
	p.mu.Lock()
	if p.Op == "" || p.Op == op {
		p.count++
	}
	hit := p.N > 0 && p.count == p.N && (p.Op == "" || p.Op == op)
	dead := p.Dead && p.N > 0 && p.count > p.N
	p.seen = append(p.seen, Operation{op, path, hit || dead})
	p.mu.Unlock()
	if !hit && !dead {
		return do(n)
	}
	written := 0
	if hit && p.Half {
		// An open that is done would leave a file open that nobody closes.
		if op == disk.OpWrite {
			written, _ = do(n / 2)
		} else if op != disk.OpOpen {
			do(n)
		}
	}
	if hit && p.At != nil {
		p.At()
	}
	return written, &fs.PathError{Op: string(op), Path: path, Err: p.Err}
}

// A Recorder knows what of a directory would survive the loss of power.
type Recorder struct {
	dir string

	mu      sync.Mutex
	content map[uint64][]byte // of a file as it was last synced, by inode
	names   map[string]uint64 // of the directory as it was last synced
}

// Record follows the files of dir until the test ends. What is there now is
// taken as durable. Plans that are installed later stand before it.
func Record(t testing.TB, dir string) *Recorder {
	r := &Recorder{dir: filepath.Clean(dir), content: map[uint64][]byte{}}
	r.names = r.list()
	for name, ino := range r.names {
		r.content[ino], _ = os.ReadFile(filepath.Join(r.dir, name))
	}
	t.Cleanup(disk.SetFault(r.fault))
	return r
}

// Wrap lets a plan fail operations before the recorder sees them.
func (r *Recorder) Wrap(t testing.TB, p *Plan) (restore func()) {
	restore = sync.OnceFunc(disk.SetFault(func(op disk.Op, path string, n int, do func(int) (int, error)) (int, error) {
		return p.fault(op, path, n, func(n int) (int, error) { return r.fault(op, path, n, do) })
	}))
	t.Cleanup(restore)
	return restore
}

func (r *Recorder) fault(op disk.Op, path string, n int, do func(int) (int, error)) (int, error) {
	n, err := do(n)
	if err != nil {
		return n, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case op == disk.OpSync && filepath.Clean(path) == r.dir:
		r.names = r.list()
	case op == disk.OpSync:
		if ino, ok := inode(path); ok {
			r.content[ino], _ = os.ReadFile(path)
		}
	case op == disk.OpOpen:
		// An inode that was used before says nothing of a new file.
		if i, err := os.Stat(path); err == nil && i.Size() == 0 {
			ino, _ := inode(path)
			delete(r.content, ino)
		}
	}
	return n, nil
}

func (r *Recorder) list() map[string]uint64 {
	names := map[string]uint64{}
	entries, _ := os.ReadDir(r.dir)
	for _, e := range entries {
		if ino, ok := inode(filepath.Join(r.dir, e.Name())); ok && e.Type().IsRegular() {
			names[e.Name()] = ino
		}
	}
	return names
}

func inode(path string) (uint64, bool) {
	i, err := os.Stat(path)
	if err != nil {
		return 0, false
	}
	return i.Sys().(*syscall.Stat_t).Ino, true
}

// Killed copies to dst what a killed process leaves: everything written.
func (r *Recorder) Killed(t testing.TB, dst string) {
	for name := range r.list() {
		b, err := os.ReadFile(filepath.Join(r.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		put(t, dst, name, b)
	}
}

// PowerLost copies to dst what a machine may leave that loses its power. What
// was synced is there; of the rest rnd decides, and nil means that nothing is.
func (r *Recorder) PowerLost(t testing.TB, dst string, rnd *rand.Rand) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := map[uint64][]byte{}
	current := r.list()
	for name, ino := range current {
		now[ino], _ = os.ReadFile(filepath.Join(r.dir, name))
	}
	names := r.names
	if rnd != nil && rnd.IntN(2) == 0 {
		names = current
	}
	for name, ino := range names {
		content := r.content[ino]
		if written, ok := now[ino]; ok && rnd != nil {
			content = torn(content, written, rnd)
		}
		put(t, dst, name, content)
	}
}

// torn returns the synced content and some of what was written behind it, with
// holes where blocks did not arrive.
func torn(synced, written []byte, rnd *rand.Rand) []byte {
	if len(written) <= len(synced) {
		if rnd.IntN(2) == 0 {
			return written
		}
		return synced
	}
	b := append([]byte(nil), written[:len(synced)+rnd.IntN(len(written)-len(synced)+1)]...)
	for rest := b[len(synced):]; len(rest) > 0; {
		n := min(len(rest), 1+rnd.IntN(512))
		if rnd.IntN(4) == 0 {
			clear(rest[:n])
		}
		rest = rest[n:]
	}
	return b
}

func put(t testing.TB, dir, name string, b []byte) {
	if strings.HasSuffix(name, ".lock") {
		return // a lock ends with its process
	}
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
}
