package conformance

import (
	"bytes"
	"io"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/alicebob/miniredis/v2"
)

// prepare makes the files that are there before the run.
func (s *state) prepare(v *Vector) error {
	for _, dir := range []string{s.tmp(), s.stateDir(), filepath.Join(s.dir, "home")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	for name, source := range v.StateFiles {
		data, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(s.stateDir(), name), data); err != nil {
			return err
		}
	}
	for name, content := range v.FilesBefore {
		if content != nil {
			if err := writeFile(name, content.Data()); err != nil {
				return err
			}
		}
	}
	return s.scratch(v)
}

var scratchName = regexp.MustCompile(`@tmp/(dir|file)\d+\b`)

// scratch makes what the tests of the reference had made: the folders and the
// empty files that they call dir1, file1 and so on.
func (s *state) scratch(v *Vector) error {
	for _, m := range scratchName.FindAllSubmatch(bytes.ReplaceAll(v.line, []byte(s.tmp()+"/"), []byte("@tmp/")), -1) {
		name := filepath.Join(s.tmp(), strings.TrimPrefix(string(m[0]), "@tmp/"))
		if _, err := os.Stat(name); err == nil {
			continue
		}
		var err error
		if string(m[1]) == "dir" {
			err = os.MkdirAll(name, 0o700)
		} else {
			err = writeFile(name, nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func writeFile(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o600)
}

// serve starts what the vector talks to and puts the addresses into settings.
// The functions it returns end a service, once, and tell what was amiss.
func (s *state) serve(v *Vector, flags map[string]*Flag, settings map[string]string) (services []func() []Diff, err error) {
	add := func(end func() []Diff) { services = append(services, sync.OnceValue(end)) }
	if flags["http-proxy"] != nil || flags["https-proxy"] != nil || v.HTTP != nil {
		w, err := newWeb(v.HTTP, s.ca)
		if err != nil {
			return services, err
		}
		add(w.close)
		settings["http-proxy"], settings["https-proxy"] = w.url(), w.url()
	}
	if flags["nameserver"] != nil {
		n, err := newNameserver(v.DNS)
		if err != nil {
			return services, err
		}
		add(func() []Diff { n.close(); return nil })
		settings["nameserver"] = n.addr
	}
	if v.needs("smtp") {
		m, err := newMailer()
		if err != nil {
			return services, err
		}
		add(func() []Diff { return compareMails(v.Mail, m.close()) })
		settings["smtp-host"], settings["smtp-port"] = m.address()
	}
	if v.needs("imap") {
		m, err := newMailbox(v.Mailbox)
		if err != nil {
			return services, err
		}
		add(func() []Diff { m.close(); return nil })
		settings["mail-host"], settings["mail-port"] = m.address()
		settings["mail-ssl"] = "false"
		settings["mail-user"] = "user"
	}
	if v.needs("tcp-or-udp") {
		p, err := newPeer(v)
		if err != nil {
			return services, err
		}
		add(p.close)
		settings["ip"], settings["port"] = "127.0.0.1", p.port
	}
	if host := v.Parameters["redis_cache_host"]; v.needs("cache") || host != nil && string(host) != "null" {
		if s.cache == nil {
			s.cache = miniredis.NewMiniRedis()
			if err := s.cache.StartAddr("127.0.0.1:0"); err != nil {
				return services, err
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
				return services, err
			}
		}
		for _, server := range []string{"redis-cache-host", "redis-server-ip"} {
			settings[server] = s.cache.Host()
		}
		for _, port := range []string{"redis-cache-port", "redis-server-port"} {
			settings[port] = s.cache.Port()
		}
	}
	return services, nil
}

// unserved names a service that a vector needs and that the runner has not.
func unserved(v *Vector) string {
	for _, need := range v.Needs {
		if !slices.Contains([]string{"http", "dns", "cache", "smtp", "tcp-or-udp", "imap"}, need) {
			return need
		}
	}
	return ""
}

// quiet is for servers that would log what clients do wrong.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
