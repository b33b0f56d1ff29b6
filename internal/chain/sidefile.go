package chain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/event"
)

const blockSize = 64 << 10

// A sideFile is a destination that nothing is taken back from: what a crash
// has left there comes again.
type sideFile struct {
	*disk.File
	regular bool
	buf     []byte // whole lines, since others may write to the file as well
}

func openSideFile(path string) (*sideFile, error) {
	f, err := disk.OpenBy(path, func() (*os.File, error) {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
		if errors.Is(err, os.ErrNotExist) {
			return os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o644)
		} else if errors.Is(err, os.ErrPermission) { // reading is for the last byte only and not vital
			return os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		}
		return f, err
	})
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &sideFile{File: f, regular: info.Mode().IsRegular()}, nil
}

// Append adds a line.
func (s *sideFile) Append(_ context.Context, m *event.Message) error {
	s.buf = append(m.Append(s.buf), '\n')
	if len(s.buf) < blockSize {
		return nil
	}
	return s.flush()
}

func (s *sideFile) flush() error {
	buf := s.buf
	s.buf = s.buf[:0]
	if len(buf) == 0 {
		return nil
	}
	// Whoever does not get the lock writes beside somebody who has looked.
	if free, err := s.TryLock(); err == nil && free {
		defer s.Unlock()
		if s.Torn() {
			buf = append([]byte{'\n'}, buf...) // rather than glue the next event to a line that somebody has torn
		}
	}
	_, err := s.Write(buf)
	return err
}

// Checkpoint syncs the file. What cannot be made durable has no place in a
// stream that promises to lose nothing.
func (s *sideFile) Checkpoint(_ context.Context, id string) error {
	if err := s.flush(); err != nil {
		return err
	}
	if !s.regular {
		if id != "" {
			return fmt.Errorf("%s is no regular file and cannot keep what a checkpoint promises", s.Name())
		}
		return nil
	}
	if err := s.Sync(); err != nil {
		return err
	}
	return disk.SyncDir(filepath.Dir(s.Name()))
}

// Commit has nothing to do.
func (*sideFile) Commit(context.Context, string) error { return nil }

// Close writes what is left.
func (s *sideFile) Close() error { return errors.Join(s.flush(), s.File.Close()) }
