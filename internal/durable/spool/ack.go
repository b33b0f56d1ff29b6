package spool

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/spool/layout"
	"github.com/intelpipe/intelpipe/internal/durable/spool/segment"
)

// Ack removes a segment, durably.
func (r *Reader) Ack(s *Segment) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.bad == nil {
		if err := r.moved(r.path(s), -1, -1, func() error { return disk.Remove(r.path(s)) }); err != nil {
			return err
		}
	}
	return r.done(s)
}

// done ends a claim.
func (r *Reader) done(s *Segment) error {
	delete(r.held, s.File)
	s.Drop()
	if s.f == nil {
		return nil
	}
	f := s.f
	s.f = nil
	return f.Close()
}

// AckAs removes a segment and notes, in the same step, that its source is
// acknowledged up to number. Both are durable when it returns. For one that was
// set aside there is only the note.
func (r *Reader) AckAs(s *Segment, source string, number uint64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	last, err := r.acknowledged(source)
	if err != nil {
		return err
	}
	if number <= last {
		return fmt.Errorf("%s: checkpoint %d is acknowledged after %d", r.dir, number, last)
	}
	c := segment.Mark{Source: segment.Escape(source), Number: number}
	note := filepath.Join(r.dir, layout.Cur, segment.AckedPrefix+c.At())
	if s.bad != nil {
		err = create(note)
	} else {
		err = r.moved(r.path(s), -1, -1, func() error { return disk.Rename(r.path(s), note) })
	}
	if err != nil {
		return err
	}
	r.acked[source] = number
	if s.f != nil {
		s.f.Truncate(0) // the note is its name; if it stays long, the next run cuts it off
	}
	r.marks[c.Source] = append(r.marks[c.Source], note)
	if len(r.marks[c.Source]) > 64 {
		r.tidy(c.Source)
	}
	return r.done(s)
}

// create makes an empty file, durably.
func create(path string) error {
	f, err := disk.Create(path, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), disk.SyncDir(filepath.Dir(path)))
}

// tidy removes all notes of a source but the last. They are in nobody's way, so
// that it need not succeed.
func (r *Reader) tidy(source string) {
	notes := r.marks[source]
	for len(notes) > 1 {
		if err := disk.Remove(notes[0]); err != nil && !errors.Is(err, fs.ErrNotExist) {
			break
		}
		notes = notes[1:]
	}
	r.marks[source] = notes
}

// Acknowledged returns the last number that AckAs has noted for a source, or 0.
// Only one reader at a time may have a source.
func (r *Reader) Acknowledged(source string) (uint64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.acknowledged(source)
}

func (r *Reader) acknowledged(source string) (uint64, error) {
	if n, ok := r.acked[source]; ok {
		return n, nil
	}
	entries, err := os.ReadDir(filepath.Join(r.dir, layout.Cur))
	if err != nil {
		return 0, err
	}
	last, escaped := uint64(0), segment.Escape(source)
	var notes []segment.Mark
	for _, e := range entries {
		if c, ok := segment.ParseAcked(e.Name()); ok && c.Source == escaped {
			notes = append(notes, c)
			last = max(last, c.Number)
		}
	}
	slices.SortFunc(notes, func(a, b segment.Mark) int { return cmp.Compare(a.Number, b.Number) })
	for _, c := range notes {
		r.marks[escaped] = append(r.marks[escaped], filepath.Join(r.dir, layout.Cur, segment.AckedPrefix+c.At()))
	}
	if last > 0 {
		// The run before may have died before these.
		disk.Truncate(filepath.Join(r.dir, layout.Cur, segment.AckedPrefix+segment.Mark{Source: escaped, Number: last}.At()), 0)
		r.tidy(escaped)
	}
	r.acked[source] = last
	return last, nil
}

// Claimed reports whether something is left that a consumer of that name has
// claimed.
func (r *Reader) Claimed(consumer string) (bool, error) {
	names, err := layout.List(r.dir, layout.Cur)
	owner := segment.Escape(consumer)
	return slices.ContainsFunc(names, func(name string) bool { return segment.ParseClaim(name).Owner == owner }), err
}

// Release puts a segment back for others.
func (r *Reader) Release(s *Segment) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.release(s)
}

func (r *Reader) release(s *Segment) error {
	return cmp.Or(disk.Rename(r.path(s), filepath.Join(r.dir, layout.New, s.File)), r.done(s))
}

// Reject sets a segment aside in whose lines the caller has found something
// that nobody may deliver. The error is a *segment.DamagedError, or worse.
func (r *Reader) Reject(s *Segment, offset int64, what string) error {
	return r.reject(s, &segment.Damage{Offset: offset, What: what})
}

func (r *Reader) reject(s *Segment, d *segment.Damage) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.setAside(s, r.path(s), d); err != nil {
		return err
	}
	if err := r.done(s); err != nil {
		return errors.Join(s.bad, err)
	}
	return s.bad
}

// Close ends all claims, and a Claim that waits. Segments that were loaded and not
// acknowledged stay in cur/, for the next consumer of that name. The others are for
// anybody again.
func (r *Reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.closed = true
		close(r.closing)
	}
	var errs []error
	for _, s := range r.held {
		if !s.sent && s.bad == nil {
			errs = append(errs, r.release(s))
			continue
		}
		errs = append(errs, r.done(s))
	}
	for source := range r.marks {
		r.tidy(source)
	}
	errs = append(errs, r.size.Close())
	return errors.Join(errs...)
}

// setAside moves a segment to bad/, and notes in it what is wrong.
func (r *Reader) setAside(s *Segment, path string, d *segment.Damage) error {
	bad := filepath.Join(r.dir, layout.Bad, s.File)
	for i := 1; ; i++ {
		if _, err := os.Lstat(bad); errors.Is(err, fs.ErrNotExist) {
			break
		} else if err != nil {
			return fmt.Errorf("%s: %v; and it cannot be set aside: %w", path, d, err)
		}
		bad = filepath.Join(r.dir, layout.Bad, s.File+"."+strconv.Itoa(i))
	}
	defer r.size.Doubt()
	if err := disk.Rename(path, bad); err != nil {
		// Not a DamagedError: it would be met again and again.
		return fmt.Errorf("%s: %v; and it cannot be set aside: %w", path, d, err)
	}
	s.bad = &segment.DamagedError{Path: bad, Damage: *d}
	return nil
}
