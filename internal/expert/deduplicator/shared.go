package deduplicator

import (
	"context"
	"encoding/hex"

	"github.com/intelpipe/intelpipe/internal/client/redis"
	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// shared is state in a Redis server. In a stream without control lines a key
// goes there at once. In one that has them it would then be known after a
// crash although the event was lost, so there keys wait for their Commit;
// another run may meanwhile pass the same event, which is the lesser evil.
type shared struct {
	client *redis.Client
	ttl    int64
	env    *stage.Env
	buf    [64]byte

	waiting  map[string]struct{}          // keys that no Commit has covered
	prepared checkpoint.Pending[[]string] // the same keys, up to the last checkpoint
	latest   []string                     // and those since
}

func newShared(client *redis.Client, ttl int64, env *stage.Env) *shared {
	return &shared{client: client, ttl: ttl, env: env, waiting: map[string]struct{}{}}
}

// value is what IntelMQ stores.
const value = "hash"

func (s *shared) check(ctx context.Context, hash [32]byte) (bool, error) {
	hex.Encode(s.buf[:], hash[:])
	key := string(s.buf[:])
	if !s.env.Controlled {
		stored, err := s.client.SetNew(ctx, key, value, s.ttl)
		return !stored, err
	}
	if _, ok := s.waiting[key]; ok {
		return true, nil
	}
	_, known, err := s.client.Get(ctx, key)
	if known || err != nil {
		return known, err
	}
	s.waiting[key] = struct{}{}
	s.latest = append(s.latest, key)
	return false, nil
}

func (s *shared) checkpoint(id string) error {
	if len(s.latest) == 0 {
		return nil
	}
	at, err := checkpoint.Parse(id)
	if err != nil {
		return err
	}
	s.prepared.Prepare(at, s.latest)
	s.latest = nil
	return nil
}

// commit stores the keys that are prepared under ids of the same source up to id.
func (s *shared) commit(ctx context.Context, id string) error {
	if s.prepared.Len() == 0 {
		return nil
	}
	at, err := checkpoint.Parse(id)
	if err != nil {
		return err
	}
	promoted, _ := s.prepared.Commit(at)
	for _, p := range promoted {
		if err := s.client.SetAllNew(ctx, p.Value, value, s.ttl); err != nil {
			return err
		}
		for _, key := range p.Value {
			delete(s.waiting, key)
		}
	}
	return nil
}

func (s *shared) close() error {
	s.client.Close()
	return nil
}
