// Package ring is the file of --cache: answers by key, of which a new one takes the
// place of the oldest. Several processes read and write it at once.
package ring

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A Ring is a hash table of where records are, and behind it the records, of which
// a new one takes the place of the oldest when the file has reached its size.
// Nothing has to be read to open it.
//
// Nothing in the file is believed. Each record has its key and a checksum, so
// that one which was torn by a crash, overwritten by another process or damaged
// is one that is not there.
//
//	0     magic, format, number of slots, bytes of records, checksum
//	64    where the next record goes
//	4096  slots: 16 bits of the hash, and 48 of 1 + the record's place / 8
//	      records: checksum, lengths of key and value, since when, for how long
type Ring struct {
	f     *os.File
	slots uint64 // a multiple of bucket
	bytes uint64 // of the records
	mu    sync.Mutex
}

const (
	magic      = "intelpipe cache\n"
	format     = 1
	headerSize = 16 + 4 + 4 + 8 + 4
	nextAt     = 64
	slotsAt    = 4096
	bucket     = 8 // slots in which the place of a record may be
	recordHead = 4 + 4 + 4 + 8 + 4
	// perSlot is how many bytes of records there are for each slot: few answers
	// are shorter.
	perSlot = 128
)

// The bytes of the file that are locked: one to write, and one for each key that
// is being asked for, far behind all that is ever written.
const (
	writeLock = nextAt
	keyLocks  = 1 << 62
)

// ErrForeign is what stands in for a cache that is something else.
var ErrForeign = errors.New("this is no cache file of intelpipe: name another file, or one that is not there yet")

// Open opens the file or makes it. What is no cache is left alone; one of
// another format, or of which the header is damaged, is made anew, and note says
// so.
func Open(path string, size int64) (r *Ring, note string, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, "", err
	}
	r = &Ring{f: f}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	// Of several processes that find no file, or the same bad one, one makes it.
	if err := r.lock(context.Background(), writeLock, 5*time.Second); err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	defer r.unlock(writeLock)
	head := make([]byte, headerSize)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, "", err
	}
	head = head[:n]
	switch begun := head[:min(n, len(magic))]; {
	case n == 0:
	case string(begun) != magic[:len(begun)]:
		return nil, "", fmt.Errorf("%s: %w", path, ErrForeign)
	case r.header(head):
		return r, "", nil
	default:
		note = path + ": damaged, or of another version: begun anew"
	}
	return r, note, r.create(size)
}

// Close gives up the file.
func (r *Ring) Close() error { return r.f.Close() }

// header takes over what the file says of itself.
func (r *Ring) header(head []byte) bool {
	if len(head) < headerSize {
		return false
	}
	e := binary.LittleEndian
	r.slots, r.bytes = uint64(e.Uint32(head[20:])), e.Uint64(head[24:])
	return e.Uint32(head[16:]) == format && e.Uint32(head[32:]) == crc32.Checksum(head[:32], castagnoli)
}

// create makes the file empty. It takes no room for what is not written yet.
func (r *Ring) create(size int64) error {
	r.slots = max(uint64(size)/perSlot/bucket, 1) * bucket
	r.bytes = max(uint64(size), slotsAt+8*r.slots) - slotsAt - 8*r.slots
	e := binary.LittleEndian
	head := append([]byte(magic), make([]byte, headerSize-len(magic))...)
	e.PutUint32(head[16:], format)
	e.PutUint32(head[20:], uint32(r.slots))
	e.PutUint64(head[24:], r.bytes)
	e.PutUint32(head[32:], crc32.Checksum(head[:32], castagnoli))
	if err := r.f.Truncate(0); err != nil {
		return err
	}
	_, err := r.f.WriteAt(head, 0)
	return err
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Record is what is kept of a key.
type Record struct {
	Value []byte
	Since time.Time
	TTL   time.Duration // whole seconds
}

// Get returns the record of a key, whatever its age.
func (r *Ring) Get(key []byte) (Record, bool) {
	hash := hashOf(key)
	slots, _ := r.bucket(hash)
	for _, slot := range slots {
		if slot.tagged(hash) {
			if rec, ok := r.read(slot.place(), key); ok {
				return rec, true
			}
		}
	}
	return Record{}, false
}

// Put writes a record over the oldest ones, and then its slot, and then where the
// next one goes: who is killed in between leaves a record that nobody finds.
func (r *Ring) Put(key []byte, rec Record) error {
	data := rec.encode(key)
	if uint64(len(data)) > r.bytes/4 {
		return nil // it would take the place of too many others
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.lock(context.Background(), writeLock, time.Second); err != nil {
		return err
	}
	defer r.unlock(writeLock)
	next := r.next()
	if next+uint64(len(data)) > r.bytes {
		next = 0
	}
	if _, err := r.f.WriteAt(data, r.recordsAt()+int64(next)); err != nil {
		return err
	}
	hash := hashOf(key)
	slots, at := r.bucket(hash)
	oldest := func(i, j slot) int { return cmp.Compare(i.age(next, r.bytes), j.age(next, r.bytes)) }
	n := slices.IndexFunc(slots, func(s slot) bool {
		if !s.tagged(hash) {
			return false
		}
		_, same := r.read(s.place(), key)
		return same
	})
	if n < 0 {
		n = slices.Index(slots, slices.MaxFunc(slots, oldest))
	}
	if err := r.write(at+int64(8*n), uint64(newSlot(hash, next))); err != nil {
		return err
	}
	return r.write(nextAt, next+uint64(len(data)))
}

func (r *Ring) recordsAt() int64 { return slotsAt + int64(8*r.slots) }

// next is where the next record goes.
func (r *Ring) next() uint64 {
	var b [8]byte
	r.f.ReadAt(b[:], nextAt)
	if n := binary.LittleEndian.Uint64(b[:]); n%8 == 0 && n < r.bytes {
		return n
	}
	return 0
}

func (r *Ring) write(at int64, n uint64) error {
	_, err := r.f.WriteAt(binary.LittleEndian.AppendUint64(nil, n), at)
	return err
}

// bucket reads the slots where a record may be, and says where they are.
func (r *Ring) bucket(hash uint64) (slots []slot, at int64) {
	at = slotsAt + int64(hash%(r.slots/bucket)*8*bucket)
	b := make([]byte, 8*bucket)
	r.f.ReadAt(b, at) // what is behind the end of the file is empty
	for i := range bucket {
		slots = append(slots, slot(binary.LittleEndian.Uint64(b[8*i:])))
	}
	return slots, at
}

// A slot is 16 bits of a hash, and 1 + the place of its record / 8, or 0.
type slot uint64

func newSlot(hash, place uint64) slot { return slot(hash&^(1<<48-1) | (1 + place/8)) }

func (s slot) tagged(hash uint64) bool { return s != 0 && uint64(s)>>48 == hash>>48 }
func (s slot) place() uint64           { return (uint64(s)&(1<<48-1) - 1) * 8 }

// age is how many bytes were written since the record, as far as can be known.
func (s slot) age(next, bytes uint64) uint64 {
	if s == 0 {
		return bytes
	}
	return (next + bytes - s.place()%bytes) % bytes
}

func hashOf(key []byte) uint64 {
	h := fnv.New64a()
	h.Write(key)
	n := h.Sum64() // of which short keys hardly reach the upper bits
	n = (n ^ n>>32) * 0x9e3779b97f4a7c15
	return n ^ n>>29
}

// encode makes the bytes of a record, a multiple of eight.
func (rec Record) encode(key []byte) []byte {
	e := binary.LittleEndian
	b := make([]byte, 4, recordHead+len(key)+len(rec.Value)+7)
	b = e.AppendUint32(b, uint32(len(key)))
	b = e.AppendUint32(b, uint32(len(rec.Value)))
	b = e.AppendUint64(b, uint64(rec.Since.Unix()))
	b = e.AppendUint32(b, uint32(rec.TTL/time.Second))
	b = append(append(b, key...), rec.Value...)
	e.PutUint32(b, crc32.Checksum(b[4:], castagnoli))
	return append(b, make([]byte, -len(b)&7)...)
}

// read returns the record at a place if it is one of the key.
func (r *Ring) read(place uint64, key []byte) (rec Record, ok bool) {
	if place >= r.bytes {
		return rec, false
	}
	e := binary.LittleEndian
	b := make([]byte, 512)
	n, _ := r.f.ReadAt(b, r.recordsAt()+int64(place))
	if n < recordHead || uint64(e.Uint32(b[4:])) != uint64(len(key)) {
		return rec, false
	}
	size := recordHead + uint64(len(key)) + uint64(e.Uint32(b[8:]))
	switch {
	case place+size > r.bytes:
		return rec, false
	case size > uint64(n):
		b = make([]byte, size)
		if _, err := r.f.ReadAt(b, r.recordsAt()+int64(place)); err != nil {
			return rec, false
		}
	}
	b = b[:size]
	if e.Uint32(b) != crc32.Checksum(b[4:], castagnoli) || !bytes.Equal(b[recordHead:][:len(key)], key) {
		return rec, false
	}
	return Record{
		Value: b[recordHead+len(key):],
		Since: time.Unix(int64(e.Uint64(b[12:])), 0),
		TTL:   time.Duration(e.Uint32(b[20:])) * time.Second,
	}, true
}

// claimPatience is how long a process waits for another one that asks for the same
// key: that one may have been stopped.
const claimPatience = time.Minute

// Claim waits until no other process asks for the key, and has this one do so
// until release. A process that ends lets go. Where the file system knows no
// locks, or the other process takes too long, two ask for one key at once.
func (r *Ring) Claim(ctx context.Context, key []byte) (release func()) {
	at := int64(keyLocks | hashOf(key)>>2)
	if err := r.lock(ctx, at, claimPatience); err != nil {
		return func() {}
	}
	return func() { r.unlock(at) }
}

// lock takes a byte of the file from other processes, or says who has it. It
// looks again and again, since a thread that waits in the kernel serves nobody.
func (r *Ring) lock(ctx context.Context, at int64, patience time.Duration) error {
	const longest = 50 * time.Millisecond
	var waited time.Duration
	for pause := time.Millisecond; ; pause = min(2*pause, longest) {
		err := r.fcntl(unix.F_WRLCK, at)
		if err != unix.EAGAIN && err != unix.EACCES {
			return err
		}
		if waited += pause; waited > patience {
			return errors.New("another process keeps it locked")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

func (r *Ring) unlock(at int64) { r.fcntl(unix.F_UNLCK, at) }

// fcntl sets a lock of the open file: unlike one of the process it also keeps two
// lookups in one process apart.
func (r *Ring) fcntl(kind int16, at int64) error {
	for {
		err := unix.FcntlFlock(r.f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: kind, Start: at, Len: 1})
		if err != unix.EINTR {
			return err
		}
	}
}
