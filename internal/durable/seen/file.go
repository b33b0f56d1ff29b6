package seen

import (
	"encoding/binary"
	"io"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/format"
)

// A file is the durable side of a Set.
type file struct {
	recordWriter
	path  string
	f     *disk.File
	lock  *disk.Lock
	base  int64 // where the journal begins
	tried int64 // journal length at which compacting was last given up

	began    bool   // this run has written recOpen
	keys     []byte // remembered, not yet in a record
	spans    []span // remembered, in records since the last P or S
	unsynced bool
}

// addKeys makes a record of the keys remembered so far.
func (f *file) addKeys() {
	f.begin()
	if len(f.keys) > 0 {
		f.spans = append(f.spans, f.add(recAdd, f.keys))
		f.keys = f.keys[:0]
	}
}

func (f *file) begin() {
	if !f.began {
		f.add(recOpen, nil)
		f.began = true
	}
}

func (f *file) write() error {
	f.unsynced = true
	return f.flush(f.f)
}

// seal writes a P or S record behind the keys, durably.
func (f *file) seal(kind byte, id string) ([]span, error) {
	f.addKeys()
	f.add(kind, []byte(id))
	if err := f.write(); err != nil {
		return nil, err
	}
	if err := f.sync(); err != nil {
		return nil, err
	}
	spans := f.spans
	f.spans = nil
	return spans, nil
}

// sync makes the journal durable and then says so in it, without which a
// flipped bit in its last record would look like a torn tail.
func (f *file) sync() error {
	if !f.unsynced {
		return nil
	}
	if err := f.f.Sync(); err != nil {
		return err
	}
	f.synced, f.unsynced = f.off, false
	f.add(recMark, nil)
	return f.flush(f.f)
}

func (f *file) commit(id string) error {
	f.begin()
	f.add(recCommit, []byte(id))
	return f.write()
}

// forget drops what no P or S followed; recOpen will say so in the file.
func (f *file) forget() {
	f.keys, f.spans, f.began = f.keys[:0], nil, false
}

// entries reads the keys at spans.
func (f *file) entries(spans []span, each func(entry)) error {
	return f.bodies(spans, func(b []byte) error {
		for ; len(b) >= entrySize; b = b[entrySize:] {
			each(entry{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint32(b[16:])})
		}
		return nil
	})
}

func (f *file) bodies(spans []span, each func([]byte) error) error {
	buf := make([]byte, maxBody)
	for _, sp := range spans {
		if _, err := f.f.ReadAt(buf[:sp.n], sp.off); err == io.EOF {
			return format.Damaged(f.path, sp.off, "the file was cut off while in use")
		} else if err != nil {
			return err
		}
		if err := each(buf[:sp.n]); err != nil {
			return err
		}
	}
	return nil
}
