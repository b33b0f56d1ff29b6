package tally

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/client/redis"
	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Form is how entries are kept in Redis, as IntelMQ keeps them.
type Form interface {
	// Get reads the entry under a name; it is zero if there is none.
	Get(ctx context.Context, client *redis.Client, name string) (Entry, error)
	// Put appends the commands that store an entry.
	Put(commands [][]any, name string, e Entry) ([][]any, error)
}

// Place is how a command keeps its entries, beside what its user says.
type Place struct {
	Form     Form
	Prefix   string           // of the names of entries in Redis
	Prepared string           // the hash in Redis with what is prepared
	Alive    func(Entry) bool // whether an entry still counts
}

// shared is state in a Redis server. What is prepared is there as well, in a hash of its
// own: it is not IntelMQ's.
type shared struct {
	client *redis.Client
	form   Form
	prefix string // of the names of entries
	wait   string // the hash of what is prepared
}

// Shared opens the tally in a Redis server. Names of entries are the prefix and the key in
// hexadecimal digits.
func Shared(config redis.Config, p Place, env *stage.Env) (*Tally, error) {
	client, err := redis.Open(config)
	if err != nil {
		return nil, err
	}
	t, err := open(env, &shared{client, p.Form, p.Prefix, p.Prepared}, p.Alive)
	if err != nil {
		client.Close()
		return nil, err
	}
	t.direct = true
	return t, nil
}

func (s *shared) name(key Key) string { return s.prefix + hex.EncodeToString(key[:]) }

func (s *shared) found(yield func(checkpoint.ID, window)) error {
	texts, err := s.client.Hash(context.Background(), s.wait)
	if err != nil {
		return err
	}
	var all []checkpoint.Prepared[window]
	for text, value := range texts {
		at, err := checkpoint.Parse(text)
		if err != nil {
			return fmt.Errorf("%s: %w", s.wait, err)
		}
		var r record
		if err := json.Unmarshal([]byte(value), &r); err != nil {
			return fmt.Errorf("%s: %s: %w", s.wait, text, err)
		}
		changes, err := r.keyed()
		if err != nil {
			return fmt.Errorf("%s: %s: %w", s.wait, text, err)
		}
		all = append(all, checkpoint.Prepared[window]{ID: at, Value: window{changes, r.Times}})
	}
	slices.SortFunc(all, func(a, b checkpoint.Prepared[window]) int { return int(int64(a.ID.Number - b.ID.Number)) })
	for _, p := range all {
		yield(p.ID, p.Value)
	}
	return nil
}

func (s *shared) get(ctx context.Context, key Key) (Entry, error) {
	return s.form.Get(ctx, s.client, s.name(key))
}

func (s *shared) keys(ctx context.Context, yield func(Key)) error {
	return s.client.Keys(ctx, s.prefix+"*", func(name string) {
		var key Key
		text := strings.TrimPrefix(name, s.prefix)
		if n, err := hex.Decode(key[:], []byte(text[:min(len(text), 2*len(key))])); err == nil && n == len(key) && s.name(key) == name {
			yield(key)
		}
	})
}

func (s *shared) prepare(ctx context.Context, id checkpoint.ID, w window, _ *checkpoint.Pending[window]) error {
	text, err := (&record{Times: w.times}).with(w.changes)
	if err != nil {
		return err
	}
	_, err = s.client.Do(ctx, "HSET", s.wait, id.String(), text)
	return err
}

func (s *shared) commit(ctx context.Context, _ checkpoint.ID, promoted, discarded []checkpoint.Prepared[window], _ *checkpoint.Pending[window]) error {
	changes := map[Key]Entry{}
	done := []any{"HDEL", s.wait}
	for _, p := range promoted {
		for key, change := range p.Value.changes {
			changes[key] = changes[key].plus(change)
		}
		done = append(done, p.ID.String())
	}
	for _, p := range discarded {
		done = append(done, p.ID.String())
	}
	return s.put(ctx, changes, done)
}

func (s *shared) save(ctx context.Context, changes map[Key]Entry) error {
	return s.put(ctx, changes, nil)
}

// put stores changes, and runs another command, in one transaction.
func (s *shared) put(ctx context.Context, changes map[Key]Entry, also []any) error {
	var commands [][]any
	for key, change := range changes {
		name := s.name(key)
		e, err := s.form.Get(ctx, s.client, name)
		if err != nil {
			return err
		}
		if e = e.plus(change); e.Since == 0 {
			commands = append(commands, []any{"DEL", name})
		} else if commands, err = s.form.Put(commands, name, e); err != nil {
			return err
		}
	}
	if also != nil {
		commands = append(commands, also)
	}
	if len(commands) == 0 {
		return nil
	}
	return s.client.Transaction(ctx, commands)
}

func (s *shared) durable() bool { return true }

func (s *shared) close() error {
	s.client.Close()
	return nil
}
