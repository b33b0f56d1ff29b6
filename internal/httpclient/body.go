package httpclient

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"time"
)

// body is the body of an answer. Its Read gives up on a silent server; the time
// that the caller takes between two of them does not count.
type body struct {
	io.ReadCloser
	url     string
	silence time.Duration
	ctx     context.Context
	cancel  context.CancelCauseFunc
}

func (b *body) Read(p []byte) (int, error) {
	t := time.AfterFunc(b.silence, func() { b.cancel(ErrSilent) })
	n, err := b.ReadCloser.Read(p)
	t.Stop()
	if err != nil && err != io.EOF {
		if cause := context.Cause(b.ctx); cause != nil {
			err = cause
		}
		err = fmt.Errorf("%s: %w", b.url, err)
	}
	return n, err
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}

// prepareBody decodes what was compressed for the way. A server may call the
// compression of a .gz file such an encoding, too; the file is what was asked
// for, so it is left alone.
func (c *Client) prepareBody(r *http.Response) error {
	encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding")))
	switch {
	case encoding == "", encoding == "identity", r.Request.Method == http.MethodHead, r.StatusCode == http.StatusNoContent, r.StatusCode == http.StatusNotModified:
		return nil
	case encoding != "gzip" && encoding != "x-gzip":
		return fmt.Errorf("content encoding %q is not supported", encoding)
	case isCompressed(r.Request.URL.Path), strings.Contains(r.Header.Get("Content-Type"), "gzip"):
		return nil
	}
	r.Body = &gunzip{body: r.Body, url: Redact(r.Request.URL)}
	r.Header.Del("Content-Encoding")
	r.Header.Del("Content-Length")
	r.ContentLength, r.Uncompressed = -1, true
	return nil
}

// isCompressed tells from its name whether a file is compressed already.
func isCompressed(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".gz", ".tgz", ".zip", ".bz2", ".tbz", ".tbz2", ".xz", ".txz", ".zst", ".7z", ".br", ".lz4":
		return true
	}
	return false
}

// gunzip decodes a body. It starts to with the first Read, so that a response
// without one is no error.
type gunzip struct {
	body io.ReadCloser
	url  string
	z    *gzip.Reader
	err  error
}

func (g *gunzip) Read(p []byte) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	if g.z == nil {
		br := bufio.NewReader(g.body)
		if _, err := br.Peek(1); err != nil {
			g.err = err
			return 0, err
		}
		if g.z, g.err = gzip.NewReader(br); g.err != nil {
			g.err = g.name(g.err)
			return 0, g.err
		}
	}
	var n int
	if n, g.err = g.z.Read(p); g.err != nil && g.err != io.EOF {
		g.err = g.name(g.err)
	}
	return n, g.err
}

// name adds the URL to an error of decoding; those of the body have it.
func (g *gunzip) name(err error) error {
	if strings.HasPrefix(err.Error(), g.url) {
		return err
	}
	return fmt.Errorf("%s: %w", g.url, err)
}

func (g *gunzip) Close() error { return g.body.Close() }
