package tally

import (
	"cmp"
	"context"
	"maps"

	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Tally is a set of counts. One goroutine uses it at a time. After an error it refuses
// everything but Close: what is stored is found out by opening it again.
type Tally struct {
	clock
	state    state
	direct   bool // without control lines a change becomes state at once
	prepared checkpoint.Pending[window]
	fresh    map[Key]Entry // added since the last checkpoint
	full     int           // how many that may be until those are looked for that are over
	alive    func(Entry) bool
	opened   bool // a Commit has come in this run
	err      error
}

// state is where counts are that are acknowledged, and where what is prepared outlives
// a crash.
type state interface {
	// found yields what runs before have prepared, the oldest first.
	found(yield func(checkpoint.ID, window)) error
	get(ctx context.Context, key Key) (Entry, error)
	// keys yields all keys that there are.
	keys(ctx context.Context, yield func(Key)) error
	prepare(ctx context.Context, id checkpoint.ID, w window, all *checkpoint.Pending[window]) error
	// commit makes state of what is promoted, and forgets what is discarded, in one
	// step. What waits then is in all.
	commit(ctx context.Context, at checkpoint.ID, promoted, discarded []checkpoint.Prepared[window], all *checkpoint.Pending[window]) error
	// save makes state of changes at once.
	save(ctx context.Context, changes map[Key]Entry) error
	durable() bool
	close() error
}

// some is how many entries are worth to be looked through for those that are over.
const some = 10_000

func open(env *stage.Env, s state, alive func(Entry) bool) (*Tally, error) {
	t := &Tally{clock: clock{env: env}, state: s, fresh: map[Key]Entry{}, full: some, alive: alive}
	return t, s.found(func(id checkpoint.ID, w window) { t.prepared.Found(id, w) })
}

// Durable reports whether the counts outlive the process.
func (t *Tally) Durable() bool { return t.state.durable() }

// Get returns the entry of a key; it is zero if there is none.
func (t *Tally) Get(ctx context.Context, key Key) (Entry, error) {
	if t.err != nil {
		return Entry{}, t.err
	}
	var e Entry
	if e, t.err = t.state.get(ctx, key); t.err != nil {
		return Entry{}, t.err
	}
	for _, p := range t.prepared.Own() {
		e = e.plus(p.Value.changes[key])
	}
	e = e.plus(t.fresh[key])
	e.Anew = false
	return e, nil
}

// Add adds a change to the entry of a key.
func (t *Tally) Add(ctx context.Context, key Key, change Entry) error {
	if t.err != nil {
		return t.err
	}
	if t.direct && !t.env.Controlled {
		t.err = t.state.save(ctx, map[Key]Entry{key: change})
		return t.err
	}
	t.fresh[key] = t.fresh[key].plus(change)
	if len(t.fresh) > t.full { // in a plain pipe there may be no end
		maps.DeleteFunc(t.fresh, func(_ Key, e Entry) bool { return !t.alive(e) })
		t.full = max(some, 2*len(t.fresh))
	}
	return nil
}

// All yields all entries.
func (t *Tally) All(ctx context.Context, yield func(Key, Entry)) error {
	all := map[Key]bool{}
	add := func(key Key) { all[key] = true }
	t.err = cmp.Or(t.err, t.state.keys(ctx, add))
	for _, p := range t.prepared.Own() {
		for key := range p.Value.changes {
			add(key)
		}
	}
	for key := range t.fresh {
		add(key)
	}
	for key := range all {
		e, err := t.Get(ctx, key)
		if err != nil {
			return err
		}
		if e.Since != 0 {
			yield(key, e)
		}
	}
	return t.err
}

// Checkpoint makes durable, as prepared under id, what was added since the last one.
// Without an id, at the end of a stream without control lines, it does nothing.
func (t *Tally) Checkpoint(ctx context.Context, id string) error {
	if id == "" || t.err != nil {
		return t.err
	}
	at, err := checkpoint.Parse(id)
	if err != nil {
		return err
	}
	w := window{t.fresh, t.begin(at)}
	if len(w.changes) == 0 {
		return nil
	}
	t.prepared.Prepare(at, w)
	t.fresh = map[Key]Entry{}
	t.err = t.state.prepare(ctx, at, w, &t.prepared)
	return t.err
}

// Commit makes state of what is prepared under ids of the same source up to id; without
// an id, at the end of a stream without control lines, of all that was added. It reports
// whether that has changed entries: what a run before had prepared has become state.
func (t *Tally) Commit(ctx context.Context, id string) (changed bool, err error) {
	if t.err != nil {
		return false, t.err
	}
	if id == "" {
		t.err = t.state.save(ctx, t.fresh)
		t.fresh = map[Key]Entry{}
		return false, t.err
	}
	at, err := checkpoint.Parse(id)
	if err != nil {
		return false, err
	}
	if !t.opened || t.last.Source != at.Source {
		t.opened = true
		t.last = checkpoint.ID{Source: at.Source, Number: at.Number}
	}
	promoted, discarded := t.prepared.Commit(at)
	for _, p := range discarded {
		t.repeat(p.ID, p.Value.times)
	}
	for _, p := range promoted {
		changed = changed || !p.Own
	}
	if len(promoted)+len(discarded) > 0 {
		t.err = t.state.commit(ctx, at, promoted, discarded, &t.prepared)
	}
	return changed, t.err
}

// Close lets go of the state. What was neither prepared nor saved is forgotten.
func (t *Tally) Close() error { return cmp.Or(t.err, t.state.close()) }
