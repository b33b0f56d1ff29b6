package spool

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
)

// A Reader takes segments out of a spool. Several readers, in one process or in
// many, may share one: each segment goes to one of them. A Reader itself is not
// safe for concurrent use.
type Reader struct {
	spool
	pending []place // of the last look, not yet tried
	looked  bool
	held    map[string]*Segment
	acked   map[string]uint64   // by source, once it was asked for
	marks   map[string][]string // notes of that which are not needed any longer
	spare   []byte              // what a dropped segment was read into
}

type place struct{ sub, name string }

// A Segment is claimed, and verified. Data are its lines, until Drop or the end
// of the claim: the reader uses the memory again.
type Segment struct {
	Name
	Data  []byte
	File  string // the name in the directory
	f     *disk.File
	spare *[]byte // of the reader
}

// OpenReader opens the spool in dir, which has to be there.
func OpenReader(dir string, opt Options) (*Reader, error) {
	if err := opt.local(dir); err != nil {
		return nil, err
	}
	if _, err := ID(dir); err != nil {
		return nil, err
	}
	s, err := open(dir, opt)
	if err != nil {
		return nil, err
	}
	return &Reader{spool: s, held: map[string]*Segment{}, acked: map[string]uint64{}, marks: map[string][]string{}}, nil
}

// Next claims the oldest segment that is free; what a dead consumer had claimed
// comes first. When there is none it recovers what dead writers have left: that
// needs room on the disk, which on a full one only consuming can make. Then it
// returns io.EOF, or waits if it is to follow the spool. A *DamagedError is
// about one segment, which is in bad/ now: report it and go on. Any other error
// concerns the spool.
func (r *Reader) Next(ctx context.Context, follow bool) (*Segment, error) {
	for fresh := len(r.pending) == 0; ; fresh = true {
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
		case !follow:
			return nil, io.EOF
		default:
			if err := sleep(ctx, poll); err != nil {
				return nil, err
			}
		}
	}
}

func (r *Reader) look() error {
	for _, sub := range [...]string{curDir, newDir} {
		names, err := list(r.dir, sub)
		if err != nil {
			return err
		}
		for _, name := range names {
			if r.held[name] == nil {
				r.pending = append(r.pending, place{sub, name})
			}
		}
	}
	return nil
}

// take claims and verifies one segment. It returns nil if somebody else has it.
func (r *Reader) take(p place) (*Segment, error) {
	path := filepath.Join(r.dir, p.sub, p.name)
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, r.setAside(path, p.name, &Damage{0, "this is no regular file"})
	}
	f, err := claim(path)
	if f == nil {
		return nil, err
	}
	s := &Segment{File: p.name, f: f, spare: &r.spare}
	if p.sub == newDir {
		cur := filepath.Join(r.dir, curDir, p.name)
		if err := disk.RenameInto(path, cur); err != nil {
			f.Close()
			return nil, err
		}
		path = cur
	}
	if err := s.Load(); err != nil {
		defer f.Close()
		var d *Damage
		if errors.As(err, &d) {
			return nil, r.setAside(path, p.name, d)
		}
		return nil, err
	}
	r.held[p.name] = s
	return s, nil
}

// Load reads and verifies the segment again, after Drop.
func (s *Segment) Load() error {
	data, err := readAll(s.f, *s.spare)
	if err != nil {
		return err
	}
	*s.spare = nil
	n, ok := ParseName(s.File)
	if !ok {
		return &Damage{0, "its name is not that of a segment"}
	}
	if d := check(n, data); d != nil {
		return d
	}
	s.Name, s.Data = n, data
	return nil
}

// Drop lets go of the data, but not of the claim.
func (s *Segment) Drop() {
	if s.spare != nil && s.Data != nil {
		*s.spare = s.Data
	}
	s.Data = nil
}

// Lines are the events, without their newlines.
func (s *Segment) Lines() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for data := s.Data; len(data) > 0; {
			i := bytes.IndexByte(data, '\n')
			if i < 0 || !yield(data[:i]) {
				return
			}
			data = data[i+1:]
		}
	}
}
