// Package seen keeps the set of keys that a command has seen, in a file or in
// memory.
//
// In a stream with checkpoints the set moves as the stream does:
// Prepare makes durable what was remembered since the last checkpoint, under
// the checkpoint's id; Commit makes state of it. The first Commit of a source
// in a run settles what a crash left. A stream without checkpoints calls Save
// at its good end, and any stream that ends badly calls Discard.
//
// After an error of the disk a set refuses everything but Close: what such a
// file holds is found out by opening it again.
package seen

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
)

// Open opens the set kept in the file at path, or begins it, at the time now, for
// keys that are remembered for ttl seconds, see Check. One process at a time can
// have it; a second one waits ten seconds and then gets a *disk.LockedError.
func Open(path string, now, ttl int64) (*Set, error) {
	return OpenContext(context.Background(), path, disk.LockWait, now, ttl)
}

// OpenContext is Open that waits for the lock as long as wait says.
func OpenContext(ctx context.Context, path string, wait time.Duration, now, ttl int64) (*Set, error) {
	lock, err := disk.LockPath(ctx, path, wait)
	if err != nil {
		return nil, err
	}
	s := New()
	s.now = timesAt(now, ttl)
	if err := s.open(path); err != nil {
		s.t.free()
		return nil, cmp.Or(err, lock.Unlock())
	}
	s.f.lock = lock
	s.compact(soft)
	if s.err != nil {
		return nil, cmp.Or(s.err, s.Close())
	}
	return s, nil
}

// Check says whether key is known and unexpired at now, in unix seconds. If
// not it is remembered for ttl seconds, or for ever if ttl is 0. A key that is
// seen again does not live longer.
func (s *Set) Check(key [32]byte, now, ttl int64) (seen bool) {
	s.now = timesAt(now, ttl)
	exp := s.now.until
	k0, k1 := binary.LittleEndian.Uint64(key[0:]), binary.LittleEndian.Uint64(key[8:])
	if s.t.check(k0, k1, s.now, exp, s.epoch) {
		return true
	}
	s.fresh++
	if s.f != nil {
		s.remember(key[:16], exp)
	}
	return false
}

// remember keeps a new key for the journal, and writes there what makes a full
// record. Its error is that of the next Prepare or Save.
func (s *Set) remember(key []byte, exp uint32) {
	f := s.f
	f.keys = binary.LittleEndian.AppendUint32(append(f.keys, key...), exp)
	if len(f.keys) >= chunk && s.err == nil {
		f.addKeys()
		s.err = f.write()
	}
	if s.err != nil {
		f.keys = f.keys[:0]
	}
}

// Prepare makes durable, as prepared under id, all that was remembered since
// the last Prepare.
func (s *Set) Prepare(id string) error {
	at, err := checkpoint.Parse(id)
	if err != nil || s.err != nil || s.fresh == 0 {
		return cmp.Or(err, s.err)
	}
	b := batch{epoch: s.epoch}
	if s.f != nil {
		if b.spans, s.err = s.f.seal(recPrepare, id); s.err != nil {
			return s.err
		}
	}
	s.prepared.Prepare(at, b)
	s.epoch, s.fresh = s.epoch+1, 0
	return nil
}

// Commit makes state of all that is prepared under ids of the same source up to
// id. The first Commit of a source discards, durably, what a run before this one
// prepared under its later ids. What is promoted is not synced: a Commit lost in
// a crash is made good by the next first one.
func (s *Set) Commit(id string) error {
	at, err := checkpoint.Parse(id)
	if err != nil || s.err != nil {
		return cmp.Or(err, s.err)
	}
	promoted, discarded := s.prepared.Commit(at)
	if len(promoted)+len(discarded) > 0 && s.f != nil {
		s.err = s.f.commit(id)
		if s.err == nil && len(discarded) > 0 {
			// Their numbers come again, and what stood under them before must
			// not come back with them.
			s.err = s.f.sync()
		}
	}
	for _, b := range promoted {
		if !b.Own && s.err == nil {
			s.err = s.f.entries(b.Value.spans, s.promote)
		}
	}
	s.compact(hard)
	return s.err
}

// Save makes state of all that was remembered, at the good end of a stream
// without checkpoints.
func (s *Set) Save() error {
	if s.prepared.HasOwn() {
		return cmp.Or(s.err, errUncommitted)
	}
	if s.err == nil && s.f != nil && s.fresh > 0 {
		_, s.err = s.f.seal(recSave, "")
	}
	if s.err != nil {
		return s.err
	}
	s.epoch, s.fresh = s.epoch+1, 0
	s.compact(soft)
	return s.err
}

var errUncommitted = errors.New("state of uncommitted checkpoints cannot be saved")

// Discard forgets what is not state, at the bad end of a stream. The set is
// then as if just opened: what was prepared stays in the file until its source
// says, by the first Commit of another run, whether it had been acknowledged.
func (s *Set) Discard() {
	lost := s.uncommitted()
	for i := range s.t.seg {
		slots := s.t.seg[i].slots
		for j := range slots {
			if p := &slots[j]; p.tag != 0 && lost(p.tag) {
				p.exp, p.tag = expGone, 0
			}
		}
	}
	s.epoch, s.fresh = s.epoch+1, 0
	if s.f == nil {
		s.prepared.Clear()
	} else {
		s.prepared.Discard()
		s.f.forget()
	}
	hidden := s.shadow
	s.shadow = nil
	for _, e := range hidden {
		s.promote(e)
	}
}

// Close gives the file and the memory back. What was not saved or prepared is
// forgotten.
func (s *Set) Close() error {
	defer s.t.free()
	if s.f == nil {
		s.err = errClosed
		return nil
	}
	if s.err == nil {
		s.err = s.f.sync()
	}
	if s.err == nil {
		s.compact(soft)
	}
	err := s.err
	if s.f.f != nil {
		err = cmp.Or(err, s.f.f.Close())
	}
	if s.f.lock != nil {
		err = cmp.Or(err, s.f.lock.Unlock())
	}
	s.f, s.err = nil, errClosed
	s.prepared.Clear()
	return err
}

var errClosed = errors.New("state is closed")
