package spool

import (
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/spool/layout"
	"github.com/intelpipe/intelpipe/internal/durable/spool/segment"
)

// A Reader takes segments out of a spool. Several readers, in one process or in
// many, may share one: each segment goes to one of them. One goroutine may call
// Claim, or Next, while another one calls everything else. Close ends a call that
// waits.
type Reader struct {
	ID string // of the spool
	spool
	closing chan struct{}

	mu      sync.Mutex
	closed  bool
	pending []place // of the last look, not yet tried
	looked  bool
	held    map[string]*Segment
	order   uint64              // of the last claim
	acked   map[string]uint64   // by source, once it was asked for
	marks   map[string][]string // notes of that which are not needed any longer

	spare atomic.Pointer[[]byte] // what a dropped segment was read into
}

// place is where a segment lies: in new/, or claimed by a dead consumer.
type place struct {
	sub  string
	name segment.Claim
}

// A Segment is claimed. Data are its lines, once it is loaded and so verified,
// until Drop or the end of the claim: the reader uses the memory again.
type Segment struct {
	segment.Content
	Size  int64 // of the file, in bytes
	place segment.Claim
	sent  bool // it was loaded, and somebody may have its lines
	f     *disk.File
	spare *atomic.Pointer[[]byte] // of the reader
	bad   error                   // a *segment.DamagedError, once it has been set aside
}

// OpenReader opens the spool in dir, which has to be there.
func OpenReader(dir string, opt Options) (*Reader, error) {
	if err := opt.local(dir); err != nil {
		return nil, err
	}
	id, err := layout.ID(dir)
	if err != nil {
		return nil, err
	}
	s, err := open(dir, opt)
	if err != nil {
		return nil, err
	}
	return &Reader{ID: id, spool: s, closing: make(chan struct{}), held: map[string]*Segment{}, acked: map[string]uint64{}, marks: map[string][]string{}}, nil
}

// load uses the memory of the segment that was dropped last.
func (s *Segment) load() error {
	var spare []byte
	if b := s.spare.Swap(nil); b != nil {
		spare = *b
	}
	data, err := layout.ReadAll(s.f, spare)
	if err != nil {
		return err
	}
	n, ok := segment.ParseName(s.File)
	if !ok {
		return &segment.Damage{Offset: 0, What: "its name is not that of a segment"}
	}
	if d := segment.Check(n, data); d != nil {
		return d
	}
	s.Name, s.Data = n, data
	return nil
}

// Drop lets go of the data, but not of the claim.
func (s *Segment) Drop() {
	if s.spare != nil && s.Data != nil {
		data := s.Data
		s.spare.Store(&data)
	}
	s.Data = nil
}

func (r *Reader) path(s *Segment) string { return filepath.Join(r.dir, layout.Cur, s.place.String()) }
