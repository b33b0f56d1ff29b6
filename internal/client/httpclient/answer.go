package httpclient

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
)

// memory is how large an answer may be that is kept in memory.
const memory = 1 << 20

// ErrTooLarge is for an answer above the limit.
var ErrTooLarge = errors.New("the answer is too large")

// Answer is the body of an answer that has arrived to its end.
type Answer struct {
	*io.SectionReader
	Sent     int64 // bytes that came over the network, before content codings were removed
	Unpacked bool  // it was a packed file whose packing the server called a content coding: that is removed
	file     *os.File
	sum      hash.Hash
}

// Keep reads the body of an answer to its end, so that nothing is made of one
// that breaks off. It lies in memory while it is small and else in a file in dir
// that has no name. The answer must be closed, and so must r.
func Keep(r *http.Response, dir string, limit int64) (*Answer, error) {
	a := &Answer{Unpacked: unpacked(r), sum: sha256.New()}
	src := io.TeeReader(io.LimitReader(r.Body, max(limit, limit+1)), a.sum)
	var head bytes.Buffer
	size, err := io.Copy(&head, io.LimitReader(src, memory))
	if err != nil {
		return nil, err
	}
	a.SectionReader = io.NewSectionReader(bytes.NewReader(head.Bytes()), 0, size)
	if size == memory {
		if err := a.spill(io.MultiReader(&head, src), dir); err != nil {
			a.Close()
			return nil, err
		}
	}
	if a.Size() > limit {
		a.Close()
		return nil, ErrTooLarge
	}
	if b, ok := r.Body.(*body); ok {
		a.Sent = b.wire.n
	}
	return a, nil
}

// spill copies the answer into a file that nobody else can see.
func (a *Answer) spill(r io.Reader, dir string) error {
	if err := disk.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".answer-*")
	if err != nil {
		return err
	}
	a.file = f
	if err := os.Remove(f.Name()); err != nil {
		return err
	}
	w := &writer{f: f}
	size, err := io.CopyBuffer(w, struct{ io.Reader }{r}, make([]byte, 256<<10))
	if w.err != nil {
		return fmt.Errorf("%s: no place for the answer: %w", dir, w.err)
	}
	a.SectionReader = io.NewSectionReader(f, 0, size)
	return err
}

// writer tells errors of writing from those of reading.
type writer struct {
	f   *os.File
	err error
}

func (w *writer) Write(p []byte) (n int, err error) {
	n, w.err = w.f.Write(p)
	return n, w.err
}

// Hash tells answers apart by their bytes.
func (a *Answer) Hash() string { return hex.EncodeToString(a.sum.Sum(nil)) }

// Close gives up what is kept.
func (a *Answer) Close() error {
	if a.file == nil {
		return nil
	}
	return a.file.Close()
}
