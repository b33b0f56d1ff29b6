package layout

import (
	"cmp"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// SizeFile is where the spool keeps how large it is, so that a writer with a
// quota need not look at each of its files for each segment. The first such writer
// makes it. It is mapped into the memory of all who use the spool:
//
//	0   which boot of the machine it is about: after the loss of power it is stale
//	8   bytes in tmp/, new/ and cur/
//	16  those of them in new/ and cur/, which consumers can take away
//	24  changes that were begun
//	32  changes that have ended
//
// A change is made under a shared lock of the file, and all files are counted
// under an exclusive one. If changes were begun that have not ended, and nobody
// has the lock, somebody has died in between: then they are counted anew. So they
// are when a writer opens the spool, before it waits for room, and now and then,
// for what people do by hand.
const (
	SizeFile   = ".size"
	sizeLength = 40
)

// How long a count is trusted, and how long where somebody waits for room. It is
// longer where counting takes long: it costs a hundredth, or a tenth, of the time at
// most.
const (
	RecountAge = time.Minute
	soon       = 200 * time.Millisecond
)

// A Meter is the size of a spool as one process sees it.
type Meter struct {
	Dir    string
	Create bool // the file, where it is missing

	Counted time.Time // when all files were counted last

	mu      sync.Mutex
	f       *os.File
	mem     []byte
	broken  bool // the file cannot be had, so that every look counts
	changes int  // under way in this process
	took    time.Duration
}

func (m *Meter) word(i int) *int64 { return (*int64)(unsafe.Pointer(&m.mem[8*i])) }

const (
	wordBoot = iota
	wordTotal
	wordBacklog
	wordBegun
	wordEnded
)

// ready maps the file, if there is one. It is called under mu.
func (m *Meter) ready() bool {
	if m.mem != nil || m.broken {
		return m.mem != nil
	}
	flags := os.O_RDWR
	if m.Create {
		flags |= os.O_CREATE
	}
	f, err := os.OpenFile(filepath.Join(m.Dir, SizeFile), flags, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err == nil {
		if err = allocate(f); err == nil {
			m.mem, err = unix.Mmap(int(f.Fd()), 0, sizeLength, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		}
		if err != nil {
			f.Close()
		}
	}
	m.f, m.broken = f, err != nil
	return err == nil
}

// allocate makes room on the disk for what is mapped. Whoever comes second at this
// may write zeros over numbers, which are no boot's.
func allocate(f *os.File) error {
	info, err := f.Stat()
	if err == nil && info.Size() < sizeLength {
		_, err = f.WriteAt(make([]byte, sizeLength), 0)
	}
	return err
}

// safely looks at the mapped memory. Where a full disk, or somebody who cuts the
// file off, takes that away, every look counts from then on.
func (m *Meter) safely(do func()) {
	defer func() {
		if recover() != nil {
			m.mem, m.broken = nil, true // it stays mapped: another look must not meet other memory
		}
	}()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	do()
}

// Change does something that makes the spool larger or smaller. What fails may
// have been done in part, and is a change that has not ended.
func (m *Meter) Change(total, backlog int64, do func() error) error {
	m.mu.Lock()
	ok := m.ready()
	if ok {
		if m.changes == 0 {
			flock(m.f, unix.LOCK_SH)
		}
		m.changes++
		m.safely(func() { atomic.AddInt64(m.word(wordBegun), 1) })
	}
	m.mu.Unlock()
	err := do()
	if !ok {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil && m.mem != nil {
		m.safely(func() {
			atomic.AddInt64(m.word(wordTotal), total)
			atomic.AddInt64(m.word(wordBacklog), backlog)
			atomic.AddInt64(m.word(wordEnded), 1)
		})
	}
	if m.changes--; m.changes == 0 {
		flock(m.f, unix.LOCK_UN)
	}
	return err
}

// Doubt says that the spool has another size than it was, and is to be counted.
func (m *Meter) Doubt() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ready() {
		m.safely(func() { atomic.AddInt64(m.word(wordBegun), 1) })
	}
}

// Usage returns how many bytes can be consumed, and how many there are with those
// that are not published. It counts them if what is known is not certain, or anew
// says so and it is not too much to ask.
func (m *Meter) Usage(anew bool) (backlog, total int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	counts := true
	if m.ready() {
		m.safely(func() {
			// While this process changes something it has the lock shared, and
			// cannot have it alone.
			if m.changes == 0 && m.due(anew) {
				err = m.count()
			}
			counts = m.Counted.IsZero() || atomic.LoadInt64(m.word(wordBoot)) != boot()
			backlog, total = atomic.LoadInt64(m.word(wordBacklog)), atomic.LoadInt64(m.word(wordTotal))
		})
	}
	if err == nil && (counts || m.mem == nil) {
		return Measure(m.Dir)
	}
	return backlog, total, err
}

func (m *Meter) due(anew bool) bool {
	age := time.Since(m.Counted)
	return m.Counted.IsZero() || age > max(RecountAge, 100*m.took) || anew && age > max(soon, 10*m.took) || m.uncertain()
}

// uncertain reports whether the file is of another boot, or somebody has died in
// the middle of a change. Others may be at work on one just now.
func (m *Meter) uncertain() bool {
	if atomic.LoadInt64(m.word(wordBoot)) != boot() {
		return true
	}
	begun := atomic.LoadInt64(m.word(wordBegun))
	if begun == atomic.LoadInt64(m.word(wordEnded)) {
		return false
	}
	if flock(m.f, unix.LOCK_EX|unix.LOCK_NB) != nil {
		return false
	}
	same := atomic.LoadInt64(m.word(wordBegun)) == atomic.LoadInt64(m.word(wordEnded))
	flock(m.f, unix.LOCK_UN)
	return !same
}

// count looks at all files, while nobody changes any.
func (m *Meter) count() error {
	if err := flock(m.f, unix.LOCK_EX); err != nil {
		return err
	}
	defer flock(m.f, unix.LOCK_UN)
	start := time.Now()
	backlog, total, err := Measure(m.Dir)
	if err != nil {
		return err
	}
	atomic.StoreInt64(m.word(wordTotal), total)
	atomic.StoreInt64(m.word(wordBacklog), backlog)
	atomic.StoreInt64(m.word(wordBegun), 0)
	atomic.StoreInt64(m.word(wordEnded), 0)
	atomic.StoreInt64(m.word(wordBoot), boot())
	m.Counted, m.took = time.Now(), time.Since(start)
	return nil
}

func (m *Meter) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mem == nil {
		return nil
	}
	err := cmp.Or(unix.Munmap(m.mem), m.f.Close())
	m.mem, m.f, m.broken = nil, nil, true
	return err
}

// boot is a number for this run of the machine, never 0.
var boot = sync.OnceValue(func() int64 {
	id, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	h := fnv.New64a()
	h.Write(id)
	var sum [8]byte
	return int64(binary.LittleEndian.Uint64(h.Sum(sum[:0])) | 1)
})

func flock(f *os.File, how int) error {
	for {
		if err := unix.Flock(int(f.Fd()), how); err != unix.EINTR {
			return err
		}
	}
}
