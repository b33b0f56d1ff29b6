package seen

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"sync"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
)

// The journal is a row of records behind the image, each a header of 24 bytes
// (magic, kind, body length, checksum, synced) and a body. The checksum covers
// the record's offset too, so that nothing valid can stand in a wrong place.
// Synced is the length of the file that was known to be durable when the record
// was written: damage before it is damage, while a bad record that no later one
// vouches for is the tail that a crash has torn.
const (
	recordHeader = 24
	recordMagic  = 0xc3a1_5ee7

	entrySize = 20
	maxBody   = 3200 * entrySize
)

// The kinds of records.
const (
	recAdd     = 'A' // keys, each 16 bytes and its expiry
	recPrepare = 'P' // the keys since the last P or S are prepared under an id
	recCommit  = 'C' // the batches of the id's source up to it are state; its others from before the last O are dropped
	recSave    = 'S' // the keys since the last P or S are state
	recOpen    = 'O' // a run begins: keys that nothing followed are dropped, batches are what a run before left
	recMark    = 'M' // nothing; it carries what is synced
)

// castagnoli is made when first needed: most commands never do.
var castagnoli = sync.OnceValue(func() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) })

// A span is where the body of a record stands in the file.
type span struct {
	off int64
	n   int
}

// A recordWriter puts records together, so that several go out in one write.
type recordWriter struct {
	off    int64 // of the file, where out will be written
	synced int64
	out    []byte
}

// add appends a record and returns where its body will stand.
func (w *recordWriter) add(kind byte, body []byte) span {
	off := w.off + int64(len(w.out))
	var h [recordHeader]byte
	binary.LittleEndian.PutUint32(h[0:], recordMagic)
	h[4] = kind
	binary.LittleEndian.PutUint32(h[8:], uint32(len(body)))
	binary.LittleEndian.PutUint64(h[16:], uint64(w.synced))
	binary.LittleEndian.PutUint32(h[12:], recordSum(off, &h, body))
	w.out = append(append(w.out, h[:]...), body...)
	return span{off + recordHeader, len(body)}
}

// flush writes what add has collected.
func (w *recordWriter) flush(f io.Writer) error {
	n, err := f.Write(w.out)
	w.off += int64(n)
	w.out = w.out[:0]
	return err
}

// recordSum is computed over the offset, the header without the sum, the body.
func recordSum(off int64, h *[recordHeader]byte, body []byte) uint32 {
	var b [8 + recordHeader]byte
	binary.LittleEndian.PutUint64(b[:], uint64(off))
	copy(b[8:], h[:])
	clear(b[8+12 : 8+16])
	return crc32.Update(crc32.Checksum(b[:], castagnoli()), castagnoli(), body)
}

// errBad ends a scan at something that is no record; the end of the file is
// io.EOF, and anything else an error of reading.
var errBad = errors.New("no valid record")

// A recordReader reads records one after the other.
type recordReader struct {
	r    *bufio.Reader
	off  int64
	body []byte
}

func newRecordReader(f io.ReaderAt, off, size int64) *recordReader {
	return &recordReader{r: bufio.NewReaderSize(io.NewSectionReader(f, off, size-off), 128<<10), off: off}
}

// next returns a record whose body is good until the next call.
func (r *recordReader) next() (kind byte, body span, synced int64, err error) {
	var h [recordHeader]byte
	if _, err := io.ReadFull(r.r, h[:]); err != nil {
		return 0, span{}, 0, tail(err)
	}
	n := binary.LittleEndian.Uint32(h[8:])
	if binary.LittleEndian.Uint32(h[:]) != recordMagic || n > maxBody {
		return 0, span{}, 0, errBad
	}
	if cap(r.body) < int(n) {
		r.body = make([]byte, maxBody)
	}
	r.body = r.body[:n]
	if _, err := io.ReadFull(r.r, r.body); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return 0, span{}, 0, tail(err)
	}
	if recordSum(r.off, &h, r.body) != binary.LittleEndian.Uint32(h[12:]) {
		return 0, span{}, 0, errBad
	}
	body = span{r.off + recordHeader, int(n)}
	r.off += recordHeader + int64(n)
	return h[4], body, int64(binary.LittleEndian.Uint64(h[16:])), nil
}

// tail tells a record that the file's end has cut from an error of reading.
func tail(err error) error {
	if err == io.ErrUnexpectedEOF {
		return errBad
	}
	return err
}

// vouched says whether a valid record behind off knew that off was durable.
func vouched(f *disk.File, off, size int64) (bool, error) {
	magic := binary.LittleEndian.AppendUint32(nil, recordMagic)
	window := make([]byte, 1<<20)
	record := make([]byte, recordHeader+maxBody)
	for at := off + 1; size-at >= recordHeader; {
		n := int(min(int64(len(window)), size-at))
		if _, err := f.ReadAt(window[:n], at); err != nil {
			return false, err
		}
		for i := 0; ; i++ {
			k := bytes.Index(window[i:n], magic)
			if k < 0 {
				break
			}
			i += k
			ok, err := vouches(f, at+int64(i), off, size, record)
			if ok || err != nil {
				return ok, err
			}
		}
		at += int64(n - len(magic) + 1)
	}
	return false, nil
}

func vouches(f *disk.File, at, off, size int64, buf []byte) (bool, error) {
	if size-at < recordHeader {
		return false, nil
	}
	h := (*[recordHeader]byte)(buf)
	if _, err := f.ReadAt(h[:], at); err != nil {
		return false, err
	}
	n := int64(binary.LittleEndian.Uint32(h[8:]))
	if n > maxBody || n > size-at-recordHeader || int64(binary.LittleEndian.Uint64(h[16:])) <= off {
		return false, nil
	}
	body := buf[recordHeader:][:n]
	if _, err := f.ReadAt(body, at+recordHeader); err != nil {
		return false, err
	}
	return recordSum(at, h, body) == binary.LittleEndian.Uint32(h[12:]), nil
}
