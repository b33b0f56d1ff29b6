// Package services answers on loopback for all that a vector's bot talked to: what the
// vector has for it, and nothing else.
package services

import (
	"slices"
	"strconv"
	"sync"

	"github.com/alicebob/miniredis/v2"

	"github.com/intelpipe/intelpipe/internal/dev/conformance/compare"
	"github.com/intelpipe/intelpipe/internal/dev/conformance/parameters"
	"github.com/intelpipe/intelpipe/internal/dev/conformance/vector"
)

// Services are what the vectors of a chain talk to. The key-value store is the same
// for all of them.
type Services struct {
	ca    *Authority
	cache *miniredis.Miniredis
}

// New returns services whose certificates are of the authority.
func New(ca *Authority) *Services { return &Services{ca: ca} }

// Close ends what Stop leaves running, since the next vector of the chain needs it.
func (s *Services) Close() {
	if s.cache != nil {
		s.cache.Close()
	}
}

// Running is what was started for one vector.
type Running struct {
	Settings map[string]string // flags that point a command to it
	ends     []func() []compare.Diff
}

func (r *Running) add(end func() []compare.Diff) { r.ends = append(r.ends, sync.OnceValue(end)) }

// Stop ends it, and tells which requests were not those of the vector.
func (r *Running) Stop() []compare.Diff {
	var diffs []compare.Diff
	for _, end := range r.ends {
		diffs = append(diffs, end()...)
	}
	return diffs
}

// Start starts what the vector needs and a command with these flags could ask.
func (s *Services) Start(v *vector.Vector, flags map[string]*parameters.Flag) (*Running, error) {
	r := &Running{Settings: map[string]string{}}
	if err := s.start(r, v, flags); err != nil {
		r.Stop()
		return nil, err
	}
	return r, nil
}

func (s *Services) start(r *Running, v *vector.Vector, flags map[string]*parameters.Flag) error {
	settings := r.Settings
	if flags["http-proxy"] != nil || flags["https-proxy"] != nil || v.HTTP != nil {
		w, err := newWeb(v.HTTP, s.ca)
		if err != nil {
			return err
		}
		r.add(w.close)
		settings["http-proxy"], settings["https-proxy"] = w.url(), w.url()
	}
	if flags["nameserver"] != nil {
		n, err := newNameserver(v.DNS)
		if err != nil {
			return err
		}
		r.add(func() []compare.Diff { n.close(); return nil })
		settings["nameserver"] = n.addr
	}
	if v.Uses("smtp") {
		m, err := newMailer()
		if err != nil {
			return err
		}
		r.add(func() []compare.Diff { return compareMails(v.Mail, m.close()) })
		settings["smtp-host"], settings["smtp-port"] = m.address()
	}
	if v.Uses("imap") {
		m, err := newMailbox(v.Mailbox)
		if err != nil {
			return err
		}
		r.add(func() []compare.Diff { m.close(); return nil })
		settings["mail-host"], settings["mail-port"] = m.address()
		settings["mail-ssl"] = "false"
		settings["mail-user"] = "user"
	}
	if v.Uses("tcp-or-udp") {
		p, err := newPeer(v)
		if err != nil {
			return err
		}
		r.add(p.close)
		settings["ip"], settings["port"] = "127.0.0.1", p.port
	}
	if host := v.Parameters["redis_cache_host"]; v.Uses("cache") || host != nil && string(host) != "null" {
		return s.startCache(v, settings)
	}
	return nil
}

// startCache fills the key-value store with what the vector has found in it.
func (s *Services) startCache(v *vector.Vector, settings map[string]string) error {
	if s.cache == nil {
		s.cache = miniredis.NewMiniRedis()
		if err := s.cache.StartAddr("127.0.0.1:0"); err != nil {
			return err
		}
	}
	db := 0
	if n, err := strconv.Atoi(string(v.Parameters["redis_cache_db"])); err == nil {
		db = n
	} else {
		settings["redis-cache-db"] = "0" // so that it is known where cache_before goes
	}
	if v.CacheBefore != nil || v.Continues == "" {
		if err := fillCache(s.cache, db, v.CacheBefore); err != nil {
			return err
		}
	}
	for _, server := range []string{"redis-cache-host", "redis-server-ip"} {
		settings[server] = s.cache.Host()
	}
	for _, port := range []string{"redis-cache-port", "redis-server-port"} {
		settings[port] = s.cache.Port()
	}
	return nil
}

// CompareCache compares the key-value store with what the vector has left in it.
func (s *Services) CompareCache(v *vector.Vector) []compare.Diff {
	if s.cache == nil || v.CacheAfter == nil && !v.Uses("cache") {
		return nil
	}
	return compareCache(s.cache, v.CacheAfter, string(v.Stdin()))
}

// Unserved names a service that a vector needs and that there is none for.
func Unserved(v *vector.Vector) string {
	for _, need := range v.Needs {
		if !slices.Contains([]string{"http", "dns", "cache", "smtp", "tcp-or-udp", "imap"}, need) {
			return need
		}
	}
	return ""
}
