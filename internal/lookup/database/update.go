package database

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Source is where a database comes from, and what becomes of it on the way.
type Source struct {
	URL    string // or a file
	Header http.Header
	// Convert writes the database out of what was fetched; nil writes it as it is.
	Convert func(to io.Writer, from io.Reader) error
	// Check loads what was written, and says what is wrong with it.
	Check func(path string) error
}

// fetched is what is kept beside a database, so that it is not fetched again while
// it is the same.
type fetched struct {
	URL          string `json:"url"`
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
}

// Update replaces the database at path by that of its source, if that has a new one.
// It is written beside the old one, checked, and put in its place in one step. After
// an error the old one is as it was; the error is Fatal.
func (s *Source) Update(ctx context.Context, env *stage.Env, flags *httpclient.Flags, path string) error {
	client, err := flags.Client(env)
	if err != nil {
		return stage.Usage(err)
	}
	if err := s.update(ctx, client, path); err != nil && !errors.Is(err, httpclient.ErrNotModified) {
		return stage.Fatal(fmt.Errorf("%w; %s is as it was", err, path))
	}
	return nil
}

func (s *Source) update(ctx context.Context, client *httpclient.Client, path string) error {
	lock, err := disk.LockPath(ctx, path, disk.LockWait)
	if err != nil {
		return err
	}
	defer lock.Unlock()
	if !strings.Contains(s.URL, "://") {
		f, err := os.Open(s.URL)
		if err != nil {
			return err
		}
		defer f.Close()
		return s.replace(path, f)
	}
	note := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".fetched")
	r, err := client.Get(ctx, s.URL, s.condition(path, note))
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if err := s.replace(path, r.Body); err != nil {
		return err
	}
	text, err := json.Marshal(fetched{s.URL, r.Header.Get("ETag"), r.Header.Get("Last-Modified")})
	if err != nil {
		return err
	}
	return disk.WriteFileAtomic(note, text, 0o644)
}

// replace makes the database out of what was fetched.
func (s *Source) replace(path string, from io.Reader) error {
	if err := disk.RemoveTemps(path); err != nil {
		return err
	}
	err := disk.CreateChecked(path, 0o644, func(w io.Writer) error {
		if s.Convert == nil {
			_, err := io.Copy(w, from)
			return err
		}
		return s.Convert(w, from)
	}, s.Check)
	if err != nil && !strings.HasPrefix(err.Error(), s.URL+":") { // which a converter says with the place
		err = fmt.Errorf("%s: %w", s.URL, err)
	}
	return err
}

// condition asks for something new, if what there is came from here.
func (s *Source) condition(path, note string) http.Header {
	header := s.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	var last fetched
	text, err := os.ReadFile(note)
	if err != nil || json.Unmarshal(text, &last) != nil || last.URL != s.URL || s.Check(path) != nil {
		return header
	}
	if last.ETag != "" {
		header.Set("If-None-Match", last.ETag)
	}
	if last.LastModified != "" {
		header.Set("If-Modified-Since", last.LastModified)
	}
	return header
}

// Loads is a Check for a database that is right if it can be loaded.
func Loads[T any](load func(path string) (T, error)) func(path string) error {
	return func(path string) error {
		_, err := load(path)
		return err
	}
}
