package spool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/spool/layout"
	"github.com/intelpipe/intelpipe/internal/durable/spool/look"
	"github.com/intelpipe/intelpipe/internal/durable/spool/segment"
)

// Requeue puts segments back into new/: the named ones or, if there are no
// names, those in bad/ that are whole and those in cur/ that nobody has. It
// calls did for each, with an error if it stays where it is. With salvage, the
// valid lines of a damaged segment become a new one.
func Requeue(ctx context.Context, dir string, names []string, salvage bool, opt Options, did func(file, what string, err error)) error {
	all, err := look.List(dir)
	if err != nil {
		return err
	}
	lock, err := disk.LockPath(ctx, filepath.Join(dir, layout.Bad, ".requeue"), disk.LockWait)
	if err != nil {
		return err
	}
	defer lock.Unlock()
	s, err := open(dir, opt)
	if err != nil {
		return err
	}
	defer s.size.Close()
	defer s.size.Doubt()
	for _, e := range all {
		chosen := e.Is(names)
		if !chosen && (len(names) > 0 || e.State != look.Bad && e.State != look.Orphaned) {
			continue
		}
		what, err := s.requeue(ctx, e, salvage)
		if errors.Is(err, errTaken) && !chosen {
			continue
		}
		did(e.File, what, err)
	}
	for _, name := range names {
		if !slices.ContainsFunc(all, func(e look.Entry) bool { return e.Is([]string{name}) }) {
			did(name, "", errors.New("there is no such segment"))
		}
	}
	return nil
}

var errTaken = errors.New("a consumer has it")

func (s *spool) requeue(ctx context.Context, e look.Entry, salvage bool) (string, error) {
	path, name := filepath.Join(s.dir, e.File), filepath.Base(e.File)
	switch e.State {
	case look.Bad:
		return s.requeueBad(path, name, salvage)
	case look.Claimed, look.Orphaned:
		f, err := layout.Claim(path)
		if err != nil {
			return "", err
		}
		if f == nil {
			return "", errTaken
		}
		defer f.Close()
		return s.put(path, segment.ParseClaim(name).File)
	case look.Waiting:
		lock, err := disk.LockPath(ctx, s.lockOf(e.Source), 0)
		if err != nil {
			return "", err
		}
		defer lock.Unlock()
		return s.put(path, segment.Whole(name))
	}
	return "", fmt.Errorf("it is %s, which cannot be requeued", e.State)
}

// put moves a file into new/, if its name is free there.
func (s *spool) put(path, name string) (string, error) {
	to := filepath.Join(s.dir, layout.New, name)
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return "", cmp.Or(err, fmt.Errorf("%s is there already", to))
	}
	return filepath.Join(layout.New, name), disk.Rename(path, to)
}

func (s *spool) requeueBad(path, name string, salvage bool) (string, error) {
	_, err := segment.Read(path, segment.Whole(name))
	var d *segment.Damage
	if err == nil {
		return s.put(path, segment.Whole(name))
	}
	if !errors.As(err, &d) || !salvage {
		return "", err
	}
	return s.salvage(path, name)
}

// salvage makes a new segment of the valid lines. The lines that are lost are
// kept first; then the file is replaced by what is valid, which then gets its
// new name: whatever is interrupted can be done again.
func (s *spool) salvage(path, name string) (string, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() > segment.Max {
		return "", errors.New("this is no file that a segment was written to")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	valid, lost, torn, kept, gone := segment.Sift(data)
	if len(torn) > 0 {
		lost, gone = append(append(lost, torn...), '\n'), gone+1
	}
	var keep string
	if gone > 0 || kept == 0 {
		keep = name + segment.LostSuffix
		for i := 1; ; i++ {
			if _, err := os.Lstat(filepath.Join(s.dir, layout.Bad, keep)); errors.Is(err, fs.ErrNotExist) {
				break
			} else if err != nil {
				return "", err
			}
			keep = name + segment.LostSuffix + "." + strconv.Itoa(i)
		}
	}
	old, known := segment.ParseName(segment.Whole(name))
	of := ""
	if known {
		of = fmt.Sprintf(" of %d", old.Count)
	}
	if kept == 0 {
		return fmt.Sprintf("no event%s could be salvaged; the file is now %s", of, filepath.Join(layout.Bad, keep)),
			disk.Rename(path, filepath.Join(s.dir, layout.Bad, keep))
	}
	if gone > 0 {
		if err := disk.WriteFileAtomic(filepath.Join(s.dir, layout.Bad, keep), lost, 0o600); err != nil {
			return "", err
		}
	}
	if err := disk.WriteFileAtomic(path, valid, 0o600); err != nil {
		return "", err
	}
	to := segment.Name{Seq: old.Seq, Count: kept, CRC: segment.Checksum(valid), Nonce: old.Nonce}
	if !known {
		to.Seq, to.Nonce = s.seq.Next(), segment.NewNonce()
	}
	what, err := s.put(path, to.String())
	what = fmt.Sprintf("%s: %d events%s salvaged", what, kept, of)
	if gone > 0 {
		what += fmt.Sprintf(", %d damaged lines are in %s", gone, filepath.Join(layout.Bad, keep))
	}
	if known && kept+gone < old.Count {
		what += fmt.Sprintf(", %d are gone", old.Count-kept-gone)
	}
	return what, err
}
