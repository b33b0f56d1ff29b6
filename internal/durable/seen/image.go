package seen

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/format"
)

// The file of a Set begins with a header of 1024 bytes:
//
//	0     "intelpipe seen\n\x00", format, byte order
//	24    the two words of the table's seed
//	64    for each of 64 segments: slots, used slots, CRC32C of the slots
//	1020  CRC32C of the header
//
// All formats have the number of the format and the checksum of the header in these
// places. The image follows: the slots of all segments as they are in memory, so that
// a million keys are read without looking at one. The journal stands behind it.
const (
	headerSize = 1024
	fileMagic  = "intelpipe seen\n\x00"
	fileFormat = 1
	byteOrder  = 0x01020304
)

// open reads the file at path, or makes an empty one.
func (s *Set) open(path string) error {
	if err := disk.RemoveTemps(path); err != nil {
		return err
	}
	f, err := disk.OpenExisting(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := disk.CreateAtomic(path, 0o600, func(w io.Writer) error {
			_, err := s.writeImage(w)
			return err
		}); err != nil {
			return err
		}
		f, err = disk.OpenExisting(path)
	}
	if err != nil {
		return err
	}
	s.f = &file{path: path, f: f}
	if err := s.load(); err != nil {
		f.Close()
		return err
	}
	return nil
}

func (s *Set) load() error {
	f := s.f
	size, err := f.f.Size()
	if err != nil {
		return err
	}
	if err := s.readImage(size); err != nil {
		return err
	}
	end, err := s.replay(size)
	if err != nil {
		return err
	}
	f.off = end
	if end < size {
		if err := f.f.Truncate(end); err != nil {
			return err
		}
		f.unsynced = true
	}
	// What a killed run wrote may not be durable yet, but counts from now on.
	return f.sync()
}

// replay follows the journal and returns where its valid part ends.
func (s *Set) replay(size int64) (int64, error) {
	f := s.f
	var adds, state []span
	r := newRecordReader(f.f, f.base, size)
scan:
	for {
		off := r.off
		kind, body, synced, err := r.next()
		switch {
		case err == io.EOF:
			break scan
		case err == errBad:
			damaged, err := vouched(f.f, off, size)
			if err != nil {
				return 0, err
			}
			if damaged {
				return 0, format.Damaged(f.path, off, "bad journal record")
			}
			break scan
		case err != nil:
			return 0, err
		}
		// A mark is only written after a sync.
		f.synced, f.unsynced = synced, kind != recMark
		var at checkpoint.ID
		if kind == recPrepare || kind == recCommit {
			if at, err = checkpoint.Parse(string(r.body)); err != nil {
				return 0, format.Damaged(f.path, off, err.Error())
			}
		}
		switch kind {
		case recAdd:
			adds = append(adds, body)
		case recPrepare:
			s.prepared.Prepare(at, batch{spans: adds})
			adds = nil
		case recSave:
			state = append(state, adds...)
			adds = nil
		case recOpen:
			adds = nil
			s.prepared.Discard()
		case recCommit:
			promoted, _ := s.prepared.Commit(at)
			for _, b := range promoted {
				state = append(state, b.Value.spans...)
			}
		case recMark:
		default:
			return 0, format.Damaged(f.path, off, fmt.Sprintf("unknown record %q", kind))
		}
	}
	s.prepared.Discard()
	return r.off, f.entries(state, s.promote)
}

// readImage takes the table from the file.
func (s *Set) readImage(size int64) error {
	f := s.f
	bad := func(off int64, what string) error { return format.Damaged(f.path, off, what) }
	var h [headerSize]byte
	if _, err := f.f.ReadAt(h[:], 0); err == io.EOF {
		return bad(size, "the file is cut off")
	} else if err != nil {
		return err
	}
	le := binary.LittleEndian
	switch {
	case string(h[:len(fileMagic)]) != fileMagic:
		return bad(0, "this is no seen-set")
	case le.Uint32(h[1020:]) != crc32.Checksum(h[:1020], castagnoli()):
		return bad(0, "bad header")
	}
	if err := format.Check(f.path, uint64(le.Uint32(h[16:])), fileFormat); err != nil {
		return err
	}
	if binary.NativeEndian.Uint32(h[20:]) != byteOrder {
		return fmt.Errorf("%s: written on a machine of the other byte order; move it away to begin without it", f.path)
	}
	s.t.seed = [2]uint64{le.Uint64(h[24:]), le.Uint64(h[32:])}
	f.base = headerSize
	var parts []part
	for i := range s.t.seg {
		d := h[64+12*i:]
		n, used := int(le.Uint32(d)), int(le.Uint32(d[4:]))
		if n == 0 {
			continue
		}
		if int64(n)*slotSize > size-f.base {
			return bad(size, "the file is cut off")
		}
		if used > limit(n) {
			return bad(64+12*int64(i), "bad header")
		}
		seg := newSegment(n)
		seg.slots, seg.used, seg.limit = seg.slots[:n], used, limit(n)
		s.t.seg[i] = seg
		s.t.bytes += n * slotSize
		parts = append(parts, part{seg.raw(), f.base, le.Uint32(d[8:])})
		f.base += int64(n) * slotSize
	}
	s.t.peak = s.t.bytes
	return f.readParts(parts)
}

// A part is the place in memory and in the file of a segment's slots.
type part struct {
	b   []byte
	off int64
	sum uint32
}

// readParts uses a few processors, as copying is what opening a large set
// takes its time for. The error is that of the first bad part.
func (f *file) readParts(parts []part) error {
	errs := make([]error, len(parts))
	var next atomic.Int32
	var wg sync.WaitGroup
	for range min(4, len(parts), runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(parts); i = next.Add(1) - 1 {
				errs[i] = f.readPart(parts[i])
			}
		})
	}
	wg.Wait()
	return cmp.Or(errs...)
}

func (f *file) readPart(p part) error {
	if _, err := f.f.ReadAt(p.b, p.off); err == io.EOF {
		return format.Damaged(f.path, p.off, "the file was cut off while it was read")
	} else if err != nil {
		return err
	}
	if crc32.Checksum(p.b, castagnoli()) != p.sum {
		return format.Damaged(f.path, p.off, fmt.Sprintf("bad checksum of %d bytes", len(p.b)))
	}
	return nil
}

// writeImage writes header and slots, without what is not state, and returns
// how many bytes that is.
func (s *Set) writeImage(w io.Writer) (int64, error) {
	var h [headerSize]byte
	le := binary.LittleEndian
	copy(h[:], fileMagic)
	le.PutUint32(h[16:], fileFormat)
	binary.NativeEndian.PutUint32(h[20:], byteOrder)
	le.PutUint64(h[24:], s.t.seed[0])
	le.PutUint64(h[32:], s.t.seed[1])
	var scratch []slot
	uncommitted := s.uncommitted()
	state := func(seg *segment) []byte {
		scratch = append(scratch[:0], seg.slots...)
		for i := range scratch {
			p := &scratch[i]
			if p.exp != expEmpty && (!s.now.unexpired(p.exp) || p.tag != 0 && uncommitted(p.tag)) {
				p.exp = expGone
			}
			p.tag = 0
		}
		return rawSlots(scratch)
	}
	for i := range s.t.seg {
		seg := &s.t.seg[i]
		d := h[64+12*i:]
		le.PutUint32(d, uint32(len(seg.slots)))
		le.PutUint32(d[4:], uint32(seg.used))
		le.PutUint32(d[8:], crc32.Checksum(state(seg), castagnoli()))
	}
	le.PutUint32(h[1020:], crc32.Checksum(h[:1020], castagnoli()))
	if _, err := w.Write(h[:]); err != nil {
		return 0, err
	}
	size := int64(headerSize)
	for i := range s.t.seg {
		b := state(&s.t.seg[i])
		if _, err := w.Write(b); err != nil {
			return 0, err
		}
		size += int64(len(b))
	}
	return size, nil
}

// Variables, so that tests come by here with few keys.
var (
	// chunk is how many bytes of keys are written before a checkpoint asks.
	chunk = maxBody

	// How long a journal may become, by how much the moment minds the rewriting
	// of the whole file: between two runs, or within one.
	soft = func(image int64) int64 { return max(1<<20, image/32) }
	hard = func(image int64) int64 { return max(32<<20, image) }
)

// compact writes the file anew if its journal is longer than allowed. It only
// saves space: if it fails before the new file is in place, for want of room
// perhaps, the old one goes on.
func (s *Set) compact(allowed func(image int64) int64) {
	if s.f == nil || s.err != nil {
		return
	}
	f := s.f
	if n := f.off - f.base; n <= allowed(f.base) || n <= 2*f.tried {
		return
	}
	for i := range s.t.seg {
		s.shrink(&s.t.seg[i])
	}
	next := file{path: f.path, lock: f.lock, began: f.began, keys: f.keys}
	prepared := s.prepared.Clone() // with the places in the new file
	err := disk.CreateAtomic(f.path, 0o600, func(w io.Writer) (err error) {
		if next.base, err = s.writeImage(w); err != nil {
			return err
		}
		next.off = next.base
		return s.writeJournal(w, &next, &prepared)
	})
	if err != nil {
		s.err = f.replaced(err)
		f.tried = f.off - f.base
		return
	}
	if next.f, s.err = disk.OpenExisting(f.path); s.err != nil {
		return
	}
	f.f.Close()
	s.f, s.prepared = &next, prepared
}

// shrink rebuilds a segment that has become far too large for what lives in it.
func (s *Set) shrink(seg *segment) {
	live := 0
	for i := range seg.slots {
		if s.now.unexpired(seg.slots[i].exp) {
			live++
		}
	}
	if len(seg.slots) > 4*(live+minSlots) {
		s.t.rebuild(seg, s.now)
	}
}

// writeJournal writes what is not in the image: hidden state, the batches of
// runs before, then those of this run, then what is not yet prepared.
func (s *Set) writeJournal(w io.Writer, next *file, prepared *checkpoint.Pending[batch]) error {
	keys := func(spans []span) (moved []span, err error) {
		err = s.f.bodies(spans, func(b []byte) error {
			moved = append(moved, next.add(recAdd, b))
			return next.flush(w)
		})
		return moved, err
	}
	for _, e := range s.shadow {
		b := binary.LittleEndian.AppendUint64(nil, e.k0)
		b = binary.LittleEndian.AppendUint64(b, e.k1)
		next.add(recAdd, binary.LittleEndian.AppendUint32(b, e.exp))
	}
	if len(s.shadow) > 0 {
		next.add(recSave, nil)
	}
	move := func(b *checkpoint.Prepared[batch]) (err error) {
		b.Value.spans, err = keys(b.Value.spans)
		next.add(recPrepare, []byte(b.ID.String()))
		return err
	}
	for _, b := range prepared.Left() {
		if err := move(b); err != nil {
			return err
		}
	}
	if next.began {
		next.add(recOpen, nil)
	}
	for _, b := range prepared.Own() {
		if err := move(b); err != nil {
			return err
		}
	}
	var err error
	if next.spans, err = keys(s.f.spans); err != nil {
		return err
	}
	// The name comes after the sync, so whoever reads this reads durable bytes.
	next.synced = next.off + int64(len(next.out))
	next.add(recMark, nil)
	return next.flush(w)
}

// replaced returns err if the name has gone to another file all the same.
func (f *file) replaced(err error) error {
	here, err1 := f.f.Stat()
	there, err2 := os.Stat(f.path)
	if err1 == nil && err2 == nil && os.SameFile(here, there) {
		return nil
	}
	return err
}

var _ [slotSize]byte = [unsafe.Sizeof(slot{})]byte{}
