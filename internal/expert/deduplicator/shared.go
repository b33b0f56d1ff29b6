package deduplicator

import (
	"context"
	"encoding/hex"
	"strings"

	"github.com/intelpipe/intelpipe/internal/redis"
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

	waiting map[string]struct{} // keys that no Commit has covered
	latest  []string            // those since the last checkpoint
	batches []batch
}

type batch struct {
	source string
	id     string
	keys   []string
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
	if len(s.latest) > 0 {
		s.batches = append(s.batches, batch{source(id), id, s.latest})
		s.latest = nil
	}
	return nil
}

// commit stores the batches of the id's source up to it. Ids of a source come
// in order; an id without a batch of its own is one in which nothing was new.
func (s *shared) commit(ctx context.Context, id string) error {
	from := source(id)
	kept := s.batches[:0:0]
	for _, b := range s.batches {
		if b.source != from || !upTo(b.id, id) {
			kept = append(kept, b)
			continue
		}
		if err := s.client.SetAllNew(ctx, b.keys, value, s.ttl); err != nil {
			return err
		}
		for _, key := range b.keys {
			delete(s.waiting, key)
		}
	}
	s.batches = kept
	return nil
}

func (s *shared) close() error {
	s.client.Close()
	return nil
}

// source is the first part of SOURCE:NUMBER:NONCE.
func source(id string) string {
	name, _ := cut(id)
	return name
}

// upTo reports whether the number of id is at most that of limit.
func upTo(id, limit string) bool {
	_, a := cut(id)
	_, b := cut(limit)
	return len(a) < len(b) || len(a) == len(b) && a <= b
}

func cut(id string) (source, number string) {
	rest := id[:max(0, strings.LastIndexByte(id, ':'))]
	i := max(0, strings.LastIndexByte(rest, ':'))
	return rest[:i], strings.TrimLeft(rest[i:], ":0")
}
