package spool

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/spool/layout"
	"github.com/intelpipe/intelpipe/internal/durable/spool/segment"
	"github.com/intelpipe/intelpipe/internal/event"
)

// blockSize is how much is collected before it is written.
const blockSize = 64 << 10

// poll is how often is looked whether there is something to do. Looking into
// an empty directory costs next to nothing, works on every file system, and
// cannot miss what a queue of notifications drops.
const poll = 200 * time.Millisecond

// A Writer adds events to a spool. Several writers may share one, but one writer is
// for one goroutine. After an error it accepts nothing more.
type Writer struct {
	spool

	seg        *draft
	err        error
	controlled bool
	current    checkpoint.ID              // its source and run name the window that is being written
	locks      map[string]*disk.Lock      // by source
	parts      []sealed                   // of the window that no checkpoint came for
	waiting    checkpoint.Pending[string] // the names of files in tmp/
	busy       chan error                 // what is being sealed, see seal
	closed     bool
}

// A draft is a segment that is being written.
type draft struct {
	spool *spool
	f     *disk.File
	nonce string
	buf   []byte
	size  int64 // with what is in buf
	count int
	lines int    // that are written, as check counts them
	crc   uint32 // without what is in buf
}

// sealed is a part of a window: durable, but under the name it was written.
type sealed struct {
	path string
	name segment.Name
}

// OpenWriter opens the spool in dir, or makes it, and recovers what writers
// have left that died.
func OpenWriter(ctx context.Context, dir string, opt Options) (*Writer, error) {
	if err := opt.local(dir); err != nil {
		return nil, err
	}
	if err := layout.Create(dir); err != nil {
		return nil, err
	}
	s, err := open(dir, opt)
	if err != nil {
		return nil, err
	}
	w := &Writer{spool: s, locks: map[string]*disk.Lock{}}
	if _, err := w.recover(ctx); err != nil {
		return nil, err
	}
	return w, nil
}

// Append adds a message. It waits while the spool is full.
func (w *Writer) Append(ctx context.Context, m *event.Message) error {
	if w.err != nil {
		return w.err
	}
	if m.Kind > event.Report {
		return errors.New("a control line is no event")
	}
	if w.seg == nil {
		if w.err = w.begin(ctx); w.err != nil {
			return w.err
		}
	}
	s := w.seg
	start := len(s.buf)
	s.buf = append(m.Append(s.buf), '\n')
	if s.count > 0 && s.size+int64(len(s.buf)-start) > w.opt.SegmentBytes {
		line := s.buf[start:]
		s.buf = s.buf[:start]
		if w.err = w.seal(); w.err == nil {
			w.err = w.begin(ctx)
		}
		if w.err != nil {
			return w.err
		}
		s, start = w.seg, 0
		s.buf = append(s.buf, line...)
	}
	s.size += int64(len(s.buf) - start)
	s.count++
	if len(s.buf) >= blockSize {
		w.err = s.flush()
	}
	return w.err
}

// begin makes the file of the next segment, when there is room for it. Its name
// becomes durable when it gets another one; before that nothing is promised.
func (w *Writer) begin(ctx context.Context) error {
	if err := w.room(ctx); err != nil {
		return err
	}
	s := &draft{spool: &w.spool, nonce: segment.NewNonce(), buf: make([]byte, 0, blockSize+blockSize/4)}
	if w.controlled {
		f, err := disk.Create(filepath.Join(w.dir, layout.Tmp, segment.MarkOf(w.current).Window(s.nonce)), 0o600)
		if err != nil {
			return err
		}
		s.f, w.seg = f, s
		return nil
	}
	for s.f == nil {
		path := filepath.Join(w.dir, layout.Tmp, segment.PartName(w.seq.Next(), s.nonce))
		f, err := disk.Create(path, 0o600)
		if err != nil {
			return err
		}
		// Somebody who recovers may have been faster than the lock.
		ok, err := f.TryLock()
		if err == nil && ok {
			ok, err = layout.Names(path, f)
		}
		if err != nil {
			f.Close()
			return err
		}
		if ok {
			s.f = f
		} else {
			f.Close()
			s.nonce = segment.NewNonce()
		}
	}
	w.seg = s
	return nil
}

// room waits while the spool is full. Windows that wait for their Commit do not
// count alone: it comes behind the event that is held up here.
func (w *Writer) room(ctx context.Context) error {
	if w.opt.Quota <= 0 {
		return nil
	}
	for said := false; ; said = true {
		backlog, total, err := w.size.Usage(false)
		if err == nil && backlog > 0 && total > w.opt.Quota {
			backlog, total, err = w.size.Usage(true) // rather than wait for nothing
		}
		if err != nil || backlog == 0 || total <= w.opt.Quota {
			return err
		}
		if !said {
			w.opt.Warn("%s: holds %d bytes, which is more than the quota of %d; waiting for consumers", w.dir, total, w.opt.Quota)
		}
		if err := sleep(ctx, poll); err != nil {
			return fmt.Errorf("%s: waiting for room: %w", w.dir, err)
		}
	}
}

// Held reports whether events wait for a segment to become full, which nobody sees
// until then. In a stream with control lines they wait for their Commit.
func (w *Writer) Held() bool { return w.seg != nil && !w.controlled && w.err == nil }

// Flush publishes them.
func (w *Writer) Flush() error {
	if w.Held() {
		w.err = w.sealNow()
	}
	return w.err
}

func (s *draft) flush() error {
	s.crc = crc32.Update(s.crc, crc32.MakeTable(crc32.Castagnoli), s.buf)
	s.lines += bytes.Count(s.buf, []byte{'\n'})
	err := s.spool.size.Change(int64(len(s.buf)), 0, func() error {
		_, err := s.f.Write(s.buf)
		return err
	})
	s.buf = s.buf[:0]
	return err
}

// seal ends the segment that is being written. It is made durable, and published
// unless it is part of a window, while the next one is written; wait tells how
// that went. Only one at a time is under way, so that they appear in order.
func (w *Writer) seal() error {
	s := w.seg
	if s == nil {
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	if s.lines != s.count {
		// The messages make sure that it cannot be; a reader would take what
		// stands on the line as a message of its own.
		return fmt.Errorf("%s: %d messages have %d lines", s.f.Name(), s.count, s.lines)
	}
	if err := w.wait(); err != nil {
		return err
	}
	name := segment.Name{Seq: w.seq.Next(), Count: s.count, CRC: s.crc, Nonce: s.nonce}
	to := filepath.Join(w.dir, layout.New, name.String())
	if w.controlled {
		w.parts, to = append(w.parts, sealed{s.f.Name(), name}), ""
	}
	w.seg, w.busy = nil, make(chan error, 1)
	go func(busy chan<- error) { busy <- s.finish(to) }(w.busy)
	return nil
}

// finish makes a segment durable, and publishes it if it has a name. It is
// closed in any case, and with it goes the lock: what has failed is left to be
// recovered.
func (s *draft) finish(to string) error {
	err := s.f.Sync()
	if err == nil && to != "" {
		err = s.spool.moved(s.f.Name(), 0, 1, func() error { return disk.Rename(s.f.Name(), to) })
	}
	return cmp.Or(err, s.f.Close())
}

// wait returns when nothing is under way.
func (w *Writer) wait() error {
	if w.busy == nil {
		return nil
	}
	err := <-w.busy
	w.busy = nil
	return err
}

// sealNow returns when the segment is sealed.
func (w *Writer) sealNow() error {
	if err := w.seal(); err != nil {
		return err
	}
	return w.wait()
}

// Close ends the run. What is left of a stream without control lines is sealed;
// a window that no checkpoint came for is removed, as its source sends it again.
func (w *Writer) Close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	var errs []error
	if !w.controlled && w.err == nil {
		errs = append(errs, w.seal())
	}
	errs = append(errs, w.wait())
	if s := w.seg; s != nil { // what cannot be sealed is left to be recovered
		errs = append(errs, s.f.Close())
		if w.controlled {
			w.parts = append(w.parts, sealed{path: s.f.Name()})
		}
		w.seg = nil
	}
	for _, p := range w.parts {
		if w.err == nil {
			errs = append(errs, w.moved(p.path, -1, 0, func() error { return disk.Remove(p.path) }))
		}
	}
	for _, lock := range w.locks {
		errs = append(errs, lock.Unlock())
	}
	errs = append(errs, w.size.Close())
	w.err = cmp.Or(w.err, errClosed)
	return errors.Join(errs...)
}

var errClosed = errors.New("the spool is closed")
