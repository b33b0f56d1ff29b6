package checkpoint

import (
	"iter"
	"slices"
)

// Pending is the state that was prepared under ids and waits for its Commit, the
// oldest first. A package that keeps state adds only how it is stored: it calls
// Found for what it finds on the disk, and writes there what Prepare and Commit
// decide. The zero value is empty.
//
// A Commit promotes what was prepared under ids of its source up to its number.
// What runs before have prepared under later ids it discards, since the source
// sends those windows again; what this run has prepared waits for its own Commit.
// Only the first Commit of a source in a run finds anything to discard. Other
// sources are left as they are.
type Pending[T any] struct {
	all  []Prepared[T] // first what runs before have prepared
	left int           // how many of all that is
}

// Prepared is a state that waits.
type Prepared[T any] struct {
	ID    ID
	Value T
	Own   bool // this run has prepared it
}

// Found adds what a run before has prepared. It comes before what this run has
// prepared, also if it is found later.
func (p *Pending[T]) Found(id ID, v T) {
	p.all = slices.Insert(p.all, p.left, Prepared[T]{ID: id, Value: v})
	p.left++
}

// Prepare adds what this run prepares. Two states under one id wait both.
func (p *Pending[T]) Prepare(id ID, v T) {
	p.all = append(p.all, Prepared[T]{ID: id, Value: v, Own: true})
}

// Commit takes out what a Commit with this id decides on. Whoever stores that and
// fails has to open what is stored again: it is not put back.
func (p *Pending[T]) Commit(at ID) (promoted, discarded []Prepared[T]) {
	kept, left := p.all[:0], 0
	for _, one := range p.all {
		switch {
		case one.ID.Source == at.Source && one.ID.Number <= at.Number:
			promoted = append(promoted, one)
			continue
		case one.ID.Source == at.Source && !one.Own:
			discarded = append(discarded, one)
			continue
		case !one.Own:
			left++
		}
		kept = append(kept, one)
	}
	clear(p.all[len(kept):])
	p.all, p.left = kept, left
	return promoted, discarded
}

// All yields what waits, the oldest first. Values may be changed in place.
func (p *Pending[T]) All() iter.Seq2[int, *Prepared[T]] { return p.slice(0, len(p.all)) }

// Left yields what waits and runs before have prepared, the oldest first.
func (p *Pending[T]) Left() iter.Seq2[int, *Prepared[T]] { return p.slice(0, p.left) }

// Own yields what waits and this run has prepared, the oldest first.
func (p *Pending[T]) Own() iter.Seq2[int, *Prepared[T]] { return p.slice(p.left, len(p.all)) }

func (p *Pending[T]) slice(from, to int) iter.Seq2[int, *Prepared[T]] {
	return func(yield func(int, *Prepared[T]) bool) {
		for i := from; i < to; i++ {
			if !yield(i, &p.all[i]) {
				return
			}
		}
	}
}

// Len is how many states wait.
func (p *Pending[T]) Len() int { return len(p.all) }

// HasOwn reports whether something waits that this run has prepared.
func (p *Pending[T]) HasOwn() bool { return p.left < len(p.all) }

// Waits reports whether a state of the source waits.
func (p *Pending[T]) Waits(source string) bool {
	return slices.ContainsFunc(p.all, func(one Prepared[T]) bool { return one.ID.Source == source })
}

// Clone returns a copy that can be changed without changing p. Values are copied
// as by assignment.
func (p *Pending[T]) Clone() Pending[T] { return Pending[T]{slices.Clone(p.all), p.left} }

// Discard gives up what this run has prepared: from now on it is that of a run
// before, which the first Commit of its source settles. State that lives in memory
// only has no run before, and is forgotten with Clear.
func (p *Pending[T]) Discard() {
	for i := range p.all {
		p.all[i].Own = false
	}
	p.left = len(p.all)
}

// Clear forgets everything.
func (p *Pending[T]) Clear() { p.all, p.left = nil, 0 }

// DeleteFunc forgets the states of which del says so.
func (p *Pending[T]) DeleteFunc(del func(*Prepared[T]) bool) {
	kept, left := p.all[:0], 0
	for i := range p.all {
		if del(&p.all[i]) {
			continue
		}
		if i < p.left {
			left++
		}
		kept = append(kept, p.all[i])
	}
	clear(p.all[len(kept):])
	p.all, p.left = kept, left
}
