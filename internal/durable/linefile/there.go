package linefile

import (
	"bufio"
	"errors"
	"hash/maphash"
	"io"

	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
)

// there is what a source is about to send again and what is in its files already,
// with lines of others behind it.
type there struct {
	through uint64                    // the last checkpoint of it; when it is acknowledged, all of it has come
	lines   map[string]map[uint64]int // by file, the hash of each line, and how often it is there
}

var seed = maphash.MakeSeed()

// read notes the lines of one span.
func (t *there) read(f *disk.File, name string, p checkpoint.Prepared[span]) error {
	if t.lines == nil {
		t.lines = map[string]map[uint64]int{}
	}
	if t.lines[name] == nil {
		t.lines[name] = map[uint64]int{}
	}
	t.through = max(t.through, p.ID.Number)
	in := bufio.NewReaderSize(io.NewSectionReader(f, p.Value.from, p.Value.to-p.Value.from), blockSize)
	var hash maphash.Hash
	for {
		hash.Reset()
		hash.SetSeed(seed)
		part, err := in.ReadSlice('\n')
		for ; errors.Is(err, bufio.ErrBufferFull); part, err = in.ReadSlice('\n') {
			hash.Write(part)
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		hash.Write(part[:len(part)-1])
		t.lines[name][hash.Sum64()]++
	}
}

// take says whether a line is there, and counts it as come.
func (t *there) take(name string, line []byte) bool {
	if t == nil || t.lines == nil {
		return false
	}
	lines := t.lines[name]
	if len(lines) == 0 {
		return false
	}
	hash := maphash.Bytes(seed, line)
	if lines[hash] == 0 {
		return false
	}
	lines[hash]--
	return true
}

// blockSize is how much is collected before it is written.
const blockSize = 64 << 10

// span is a part of a file, in bytes from its beginning.
type span struct{ from, to int64 }
