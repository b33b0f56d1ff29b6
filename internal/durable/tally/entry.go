// Package tally keeps counts by key, in a file, in a Redis server or in memory.
//
// In a stream with checkpoints the counts move as the stream does: Checkpoint makes
// durable what was added since the last one, under the checkpoint's id, and Commit makes
// state of it. The first Commit of a source in a run settles what a crash has left: what
// the source knows to have arrived counts, and the rest comes again. In a stream without
// checkpoints what is in a file becomes state at the good end, and what is in Redis at
// once.
//
// A window that comes again sees the same times as before, see Now: whoever decides by
// time and counts alone decides the same once more.
package tally

import "crypto/sha256"

// Key is what is counted under, the hash of an event.
type Key = [sha256.Size]byte

// Entry is what is known of a key. Times are microseconds of Unix time.
type Entry struct {
	Count int64  `json:"count,omitempty"`
	Since int64  `json:"since,omitempty"` // when counting began; 0 if nothing is counted
	Seen  int64  `json:"seen,omitempty"`  // when the event came that was counted last
	First string `json:"first,omitempty"` // the event that was counted first, if it is kept
	Last  string `json:"last,omitempty"`  // what the event that was counted last says of its time
	// Anew is set in a change: what was counted before is over. With nothing else it
	// ends the entry.
	Anew bool `json:"anew,omitempty"`
}

// plus adds a change to an entry, or to another change. A change that is not anew has
// all that an entry has, in case that another source has ended the entry meanwhile.
func (e Entry) plus(change Entry) Entry {
	switch {
	case change == Entry{}:
		return e
	case change.Anew:
		return change
	case e.Since == 0:
		change.Anew = e.Anew
		return change
	}
	e.Count += change.Count
	e.Seen = max(e.Seen, change.Seen)
	e.Last = change.Last
	return e
}

// window is what was added between two checkpoints, and the times that were told then.
type window struct {
	changes map[Key]Entry
	times   []moment
}

// moment is a time that was told: from which event of its window on, and which.
type moment [2]int64
