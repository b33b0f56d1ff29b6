package spool

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/spool/layout"
	"github.com/intelpipe/intelpipe/internal/durable/spool/segment"
)

// recover deals with what dead writers have left in tmp/, and returns how many
// segments that gave.
func (s *spool) recover(ctx context.Context) (int, error) {
	names, err := layout.List(s.dir, layout.Tmp)
	if err != nil {
		return 0, err
	}
	sealed := 0
	var sources []string
	for _, name := range names {
		if strings.HasSuffix(name, segment.PartSuffix) {
			ok, err := s.recoverPart(name)
			if err != nil {
				return sealed, err
			}
			if ok {
				sealed++
			}
		}
		if of, ok := segment.ParseWindow(name); ok && !slices.Contains(sources, of.Source) {
			sources = append(sources, of.Source)
		}
	}
	for _, source := range sources {
		if err := s.dropWindows(ctx, source); err != nil {
			return sealed, err
		}
	}
	return sealed, nil
}

// recoverPart seals the whole lines of a file whose writer is dead. The lines
// are written once more, since a sync that has failed for the writer may now
// succeed without having written anything. Each step can be repeated.
func (s *spool) recoverPart(name string) (bool, error) {
	path := filepath.Join(s.dir, layout.Tmp, name)
	f, err := layout.Claim(path)
	if f == nil {
		return false, err
	}
	defer f.Close()
	defer s.size.Doubt()
	if err := disk.RemoveTemps(path); err != nil {
		return false, err
	}
	data, err := layout.ReadAll(f, nil)
	if err != nil {
		return false, err
	}
	valid, lost, torn, count, gone := segment.Sift(data)
	if len(torn) > 0 {
		s.opt.Warn("%s: a writer died in the middle of a line, whose %d bytes are dropped", path, len(torn))
	}
	if gone > 0 {
		keep := filepath.Join(s.dir, layout.Bad, name+segment.LostSuffix)
		if err := disk.WriteFileAtomic(keep, lost, 0o600); err != nil {
			return false, err
		}
		s.opt.Warn("%s: %d lines of a writer that died are damaged, they are in %s", path, gone, keep)
	}
	if count == 0 {
		return false, disk.Remove(path)
	}
	if err := disk.WriteFileAtomic(path, valid, 0o600); err != nil {
		return false, err
	}
	f2, err := layout.Claim(path)
	if f2 == nil {
		return false, err // somebody else has found it, too
	}
	defer f2.Close()
	to := segment.Name{Seq: s.seq.Next(), Count: count, CRC: segment.Checksum(valid), Nonce: segment.NonceOf(name)}
	if err := disk.Rename(path, filepath.Join(s.dir, layout.New, to.String())); err != nil {
		return false, err
	}
	s.opt.Warn("%s: recovered %d events of a writer that died", s.dir, count)
	return true, nil
}

// dropWindows removes windows that no checkpoint came for, unless their writer
// is alive. Their source sends them again.
func (s *spool) dropWindows(ctx context.Context, source string) error {
	lock, err := disk.LockPath(ctx, s.lockOf(source), 0)
	var locked *disk.LockedError
	if errors.As(err, &locked) {
		return nil
	} else if err != nil {
		return err
	}
	return errors.Join(s.removeWindows(func(of segment.Mark) bool { return of.Source == source }), lock.Unlock())
}

// removeWindows is for who holds the lock of their source.
func (s *spool) removeWindows(dead func(of segment.Mark) bool) error {
	names, err := layout.List(s.dir, layout.Tmp)
	if err != nil {
		return err
	}
	for _, name := range names {
		if of, ok := segment.ParseWindow(name); ok && dead(of) {
			path := filepath.Join(s.dir, layout.Tmp, name)
			if err := s.moved(path, -1, 0, func() error { return disk.Remove(path) }); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// lockOf is the path whose lock protects what is in tmp/ of a source.
func (s *spool) lockOf(source string) string { return filepath.Join(s.dir, layout.Tmp, "."+source) }
