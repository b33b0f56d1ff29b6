package spool

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/spool/layout"
	"github.com/intelpipe/intelpipe/internal/durable/spool/segment"
)

// Next is Claim and Load.
func (r *Reader) Next(ctx context.Context, follow bool) (*Segment, error) {
	s, err := r.Claim(ctx, follow)
	if err != nil {
		return nil, err
	}
	if err := r.Load(s); err != nil {
		return nil, errors.Join(err, r.unclaim(s))
	}
	return s, nil
}

func (r *Reader) unclaim(s *Segment) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.done(s)
}

// Claim claims the oldest segment that is free; what a dead consumer of this name
// had claimed comes first. When there is none it recovers what dead writers have left: that
// needs room on the disk, which on a full one only consuming can make. Then it
// returns io.EOF, or waits if it is to follow the spool.
func (r *Reader) Claim(ctx context.Context, follow bool) (*Segment, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for fresh := len(r.pending) == 0; ; fresh = true {
		if r.closed {
			return nil, errClosed
		}
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		if fresh && !(r.opt.Once && r.looked) {
			if err := r.look(); err != nil {
				return nil, err
			}
			r.looked = true
		}
		for len(r.pending) > 0 {
			p := r.pending[0]
			r.pending = r.pending[1:]
			s, err := r.take(p)
			if s != nil || err != nil {
				return s, err
			}
		}
		if !fresh {
			continue // it is a while since the last look
		}
		switch n, err := r.recover(ctx); {
		case err != nil:
			return nil, err
		case n > 0:
			r.looked = false
		case !follow || r.opt.Left:
			return nil, io.EOF
		default:
			r.wait(ctx)
		}
	}
}

// wait lets go of the reader until it is time for another look.
func (r *Reader) wait(ctx context.Context) {
	r.mu.Unlock()
	defer r.mu.Lock()
	t := time.NewTimer(poll)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-r.closing:
	case <-t.C:
	}
}

// look finds what is this consumer's, in the order in which it was claimed, and
// then what nobody has claimed yet.
func (r *Reader) look() error {
	owner := segment.Escape(r.opt.Consumer)
	names, err := layout.List(r.dir, layout.Cur)
	if err != nil {
		return err
	}
	for _, name := range names {
		c := segment.ParseClaim(name)
		if c.Owner != "" && c.Owner != owner {
			continue // another consumer has sent some of it, and sends that again under its name
		}
		r.order = max(r.order, c.Order)
		if r.held[c.File] == nil {
			r.pending = append(r.pending, place{layout.Cur, c})
		}
	}
	slices.SortStableFunc(r.pending, func(a, b place) int { return cmp.Compare(a.name.Order, b.name.Order) })
	if r.opt.Left {
		return nil
	}
	if names, err = layout.List(r.dir, layout.New); err != nil {
		return err
	}
	for _, name := range names {
		r.pending = append(r.pending, place{layout.New, segment.Claim{File: name}})
	}
	return nil
}

// take claims one segment. It returns nil if somebody else has it.
func (r *Reader) take(p place) (*Segment, error) {
	path := filepath.Join(r.dir, p.sub, p.name.String())
	s := &Segment{Content: segment.Content{File: p.name.File}, place: p.name, spare: &r.spare}
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return s, r.setAside(s, path, &segment.Damage{Offset: 0, What: "this is no regular file"})
	default:
		s.Size = info.Size()
	}
	f, err := layout.Claim(path)
	if f == nil {
		return nil, err
	}
	if owner := segment.Escape(r.opt.Consumer); p.sub == layout.New || p.name.Owner != owner {
		s.place = segment.Claim{File: s.File, Owner: owner, Order: r.order + 1}
		if err := disk.RenameInto(path, r.path(s)); err != nil {
			f.Close()
			return nil, err
		}
		r.order++
	}
	s.f = f
	r.held[s.File] = s
	return s, nil
}

// Load reads and verifies a segment, before anything of it is delivered, and
// again after Drop. One that is damaged is in bad/ then, and the error a
// *segment.DamagedError: report it, acknowledge the segment like any other, and go on.
// Any other error concerns the spool.
func (r *Reader) Load(s *Segment) error {
	if s.bad != nil {
		return s.bad
	}
	s.sent = true
	err := s.load()
	var d *segment.Damage
	if err == nil || !errors.As(err, &d) {
		return err
	}
	return r.reject(s, d)
}
