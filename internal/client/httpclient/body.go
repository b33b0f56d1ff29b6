package httpclient

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/plain"
)

// body is the body of an answer, decoded. Its Read gives up on a silent server;
// the time that the caller takes between two of them does not count.
type body struct {
	wire    counter // what has been sent
	decoded io.Reader
	n       int64 // what has become of it
	coded   bool
	url     string
	silence time.Duration
	ctx     context.Context
	cancel  context.CancelCauseFunc
	end     context.CancelFunc // of the whole fetch
}

func newBody(ctx context.Context, cancel context.CancelCauseFunc, src io.ReadCloser, url string, silence time.Duration) *body {
	b := &body{wire: counter{ReadCloser: src}, url: url, silence: silence, ctx: ctx, cancel: cancel}
	b.decoded = &b.wire
	return b
}

type counter struct {
	io.ReadCloser
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.n += int64(n)
	return n, err
}

// What a server packs for the way may not become as much more as no feed does.
const (
	maxRatio   = 1000
	ratioGrace = 1 << 20
)

// ErrRatio is the end of a body that unpacks to more than can be meant well.
var ErrRatio = errors.New("the answer unpacks to suspiciously much more than was sent")

func (b *body) Read(p []byte) (int, error) {
	t := time.AfterFunc(b.silence, func() { b.cancel(ErrSilent) })
	n, err := b.decoded.Read(p)
	t.Stop()
	if b.n += int64(n); b.coded && b.n > ratioGrace && b.n/maxRatio > b.wire.n {
		err = ErrRatio
	}
	if err != nil && err != io.EOF {
		if cause := context.Cause(b.ctx); cause != nil {
			err = cause
		}
		err = fmt.Errorf("%s: %w", b.url, err)
	}
	return n, err
}

func (b *body) Close() error {
	err := b.wire.Close()
	b.cancel(nil)
	if b.end != nil {
		b.end()
	}
	return err
}

// coding is how a content coding is removed, or nil for the names that servers
// send where there is none.
func coding(name string) (open func(*bufio.Reader) (io.Reader, error), known bool) {
	switch name {
	case "gzip", "x-gzip":
		return func(r *bufio.Reader) (io.Reader, error) { return gzip.NewReader(r) }, true
	case "deflate":
		return inflate, true
	case "", "identity", "none", "null", "binary", "7bit", "8bit", "aws-chunked",
		"utf-8", "utf8", "ascii", "us-ascii", "iso-8859-1", "windows-1252":
		return nil, true
	}
	return nil, false
}

// maxCodings bounds what one answer is wrapped in.
const maxCodings = 5

// inflate reads deflate, which is zlib's format by the standard, and without
// the frame of it by many servers.
func inflate(r *bufio.Reader) (io.Reader, error) {
	if head, _ := r.Peek(2); len(head) == 2 && head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
		return zlib.NewReader(r)
	}
	return flate.NewReader(r), nil
}

// decode removes the content codings of an answer, each once.
func decode(r *http.Response, b *body) error {
	if r.Request.Method == http.MethodHead || r.StatusCode == http.StatusNoContent || r.StatusCode == http.StatusNotModified {
		return nil
	}
	var open []func(*bufio.Reader) (io.Reader, error)
	for _, line := range r.Header.Values("Content-Encoding") {
		for name := range strings.SplitSeq(line, ",") {
			name = strings.ToLower(strings.TrimSpace(name))
			remove, known := coding(name)
			if !known {
				return fmt.Errorf("content encoding %s is not supported", plain.Quote(name))
			}
			if remove != nil {
				open = append(open, remove)
			}
		}
	}
	if len(open) > maxCodings {
		return fmt.Errorf("more than %d content encodings", maxCodings)
	}
	for _, remove := range slices.Backward(open) { // the last was applied last
		b.decoded = &decoder{src: bufio.NewReader(b.decoded), open: remove}
	}
	if b.coded = len(open) > 0; b.coded {
		r.Header.Del("Content-Encoding")
		r.Header.Del("Content-Length")
		r.ContentLength, r.Uncompressed = -1, true
	}
	return nil
}

// decoder removes one coding. It starts to with the first Read, so that an
// answer without a body is no error.
type decoder struct {
	src  *bufio.Reader
	open func(*bufio.Reader) (io.Reader, error)
	r    io.Reader
	err  error
}

func (d *decoder) Read(p []byte) (int, error) {
	if d.r == nil && d.err == nil {
		if _, d.err = d.src.Peek(1); d.err == nil {
			if d.r, d.err = d.open(d.src); d.err == io.EOF {
				d.err = io.ErrUnexpectedEOF
			}
		}
	}
	if d.err != nil {
		return 0, d.err
	}
	var n int
	n, d.err = d.r.Read(p)
	return n, d.err
}

// isCompressed tells from its name whether a file is compressed already.
func isCompressed(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".gz", ".tgz", ".zip", ".bz2", ".tbz", ".tbz2", ".xz", ".txz", ".zst", ".7z", ".br", ".lz4":
		return true
	}
	return false
}

// unpacked tells whether a file that is packed by its name or type has been
// unpacked on its way, since the server has called its packing a coding.
func unpacked(r *http.Response) bool {
	if !r.Uncompressed {
		return false
	}
	_, disposition, _ := mime.ParseMediaType(r.Header.Get("Content-Disposition"))
	return isCompressed(r.Request.URL.Path) || isCompressed(disposition["filename"]) || strings.Contains(r.Header.Get("Content-Type"), "gzip")
}
