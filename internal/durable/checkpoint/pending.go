package checkpoint

import "iter"

// Pending is what was prepared under ids and waits for its Commit, in the order
// in which it was prepared. What keeps state adds only how it is stored: it
// plays what it finds on the disk with Found, and writes what Prepare and Commit
// say. The zero value is empty.
//
// A Commit promotes what was prepared under ids of its source up to its number.
// What runs before have prepared under later ones is discarded by it, since the
// source sends those windows again; of this run that waits for its own Commit.
// Other sources are left as they are.
type Pending[T any] struct{ all []Prepared[T] }

// Prepared is one state that waits.
type Prepared[T any] struct {
	ID    ID
	Value T
	Own   bool // of this run
}

// Found adds what a run before has prepared.
func (p *Pending[T]) Found(id ID, v T) { p.all = append(p.all, Prepared[T]{id, v, false}) }

// Prepare adds what this run prepares.
func (p *Pending[T]) Prepare(id ID, v T) { p.all = append(p.all, Prepared[T]{id, v, true}) }

// Commit takes out what a Commit with this id decides about.
func (p *Pending[T]) Commit(at ID) (promoted, discarded []Prepared[T]) {
	kept := p.all[:0:0]
	for _, one := range p.all {
		switch {
		case one.ID.Source != at.Source:
			kept = append(kept, one)
		case one.ID.Number <= at.Number:
			promoted = append(promoted, one)
		case !one.Own:
			discarded = append(discarded, one)
		default:
			kept = append(kept, one)
		}
	}
	p.all = kept
	return promoted, discarded
}

// All yields what waits, the oldest first. Values may be changed in place.
func (p *Pending[T]) All() iter.Seq2[int, *Prepared[T]] {
	return func(yield func(int, *Prepared[T]) bool) {
		for i := range p.all {
			if !yield(i, &p.all[i]) {
				return
			}
		}
	}
}

// Len is how much waits.
func (p *Pending[T]) Len() int { return len(p.all) }

// Discard gives up what this run has prepared: it is treated as that of a run
// before. What lives in memory only is forgotten with Clear.
func (p *Pending[T]) Discard() {
	for i := range p.all {
		p.all[i].Own = false
	}
}

// Clear forgets everything.
func (p *Pending[T]) Clear() { p.all = nil }

// DeleteFunc forgets what del says.
func (p *Pending[T]) DeleteFunc(del func(*Prepared[T]) bool) {
	kept := p.all[:0:0]
	for i := range p.all {
		if !del(&p.all[i]) {
			kept = append(kept, p.all[i])
		}
	}
	p.all = kept
}
