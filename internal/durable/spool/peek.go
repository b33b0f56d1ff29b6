package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/durable/spool/segment"
)

// Peek returns all segments that consumers have or could claim, the oldest
// first, and changes nothing. An error is a *segment.DamagedError that concerns one of
// them, or any other one, which is the last.
func Peek(dir string) iter.Seq2[*Segment, error] {
	return func(yield func(*Segment, error) bool) {
		if err := exists(dir); err != nil {
			yield(nil, err)
			return
		}
		var all []string
		for _, sub := range [...]string{curDir, newDir} {
			names, err := list(dir, sub)
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

func peek(dir, name string) (*Segment, error) {
	// Look into new/ twice: a claim may be given back.
	for _, sub := range [...]string{newDir, curDir, newDir} {
		path := filepath.Join(dir, sub, name)
		if sub == curDir {
			path = claimedAs(dir, name)
		}
		s, err := readSegment(path, name)
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
	names, _ := list(dir, curDir)
	for _, name := range names {
		if segment.ParseClaim(name).File == file {
			file = name
			break
		}
	}
	return filepath.Join(dir, curDir, file)
}

// readSegment reads and verifies a segment without any claim.
func readSegment(path, name string) (*Segment, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &segment.Damage{Offset: 0, What: "this is no regular file"}
	}
	if info.Size() > maxSegment {
		return nil, &segment.Damage{Offset: maxSegment, What: fmt.Sprintf("%d bytes are more than any segment has", info.Size())}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	text, _, _ := strings.Cut(name, "@")
	n, ok := segment.ParseName(text)
	if !ok {
		return nil, &segment.Damage{Offset: 0, What: "its name is not that of a segment"}
	}
	if d := segment.Check(n, data); d != nil {
		return nil, d
	}
	return &Segment{Name: n, Data: data, File: name}, nil
}

func isDamaged(err error) bool {
	var d *segment.DamagedError
	return errors.As(err, &d)
}
