package look

import (
	"errors"
	"io/fs"
	"iter"
	"path/filepath"
	"slices"

	"github.com/intelpipe/intelpipe/internal/durable/spool/layout"
	"github.com/intelpipe/intelpipe/internal/durable/spool/segment"
)

// Peek returns all segments that consumers have or could claim, the oldest
// first, and changes nothing. An error is a *segment.DamagedError that concerns one of
// them, or any other one, which is the last.
func Peek(dir string) iter.Seq2[*segment.Content, error] {
	return func(yield func(*segment.Content, error) bool) {
		if err := layout.Exists(dir); err != nil {
			yield(nil, err)
			return
		}
		var all []string
		for _, sub := range [...]string{layout.Cur, layout.New} {
			names, err := layout.List(dir, sub)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, name := range names {
				all = append(all, segment.ParseClaim(name).File)
			}
		}
		slices.Sort(all)
		for _, name := range slices.Compact(all) {
			s, err := peek(dir, name)
			if s == nil && err == nil {
				continue // it was consumed meanwhile
			}
			if !yield(s, err) || err != nil && !isDamaged(err) {
				return
			}
		}
	}
}

func peek(dir, name string) (*segment.Content, error) {
	// Look into new/ twice: a claim may be given back.
	for _, sub := range [...]string{layout.New, layout.Cur, layout.New} {
		path := filepath.Join(dir, sub, name)
		if sub == layout.Cur {
			path = claimedAs(dir, name)
		}
		s, err := segment.Read(path, name)
		var d *segment.Damage
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case errors.As(err, &d):
			return nil, &segment.DamagedError{Path: path, Damage: *d}
		default:
			return s, err
		}
	}
	return nil, nil
}

// claimedAs is the path of a segment that is claimed, whoever has it.
func claimedAs(dir, file string) string {
	names, _ := layout.List(dir, layout.Cur)
	for _, name := range names {
		if segment.ParseClaim(name).File == file {
			file = name
			break
		}
	}
	return filepath.Join(dir, layout.Cur, file)
}

func isDamaged(err error) bool {
	var d *segment.DamagedError
	return errors.As(err, &d)
}
