package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Collect makes the reports.
func (c *Command) Collect(ctx context.Context, emit stage.Emit) error {
	if err := c.recover(ctx); err != nil {
		return err
	}
	for _, f := range c.Files {
		if c.deleted[string(f)] {
			continue
		}
		if err := c.file(ctx, string(f), true, emit); err != nil {
			return err
		}
	}
	if len(c.Files) > 0 {
		return nil
	}
	entries, err := os.ReadDir(c.Path)
	if err != nil {
		return err
	}
	for _, e := range entries { // sorted by name
		if ctx.Err() != nil {
			return nil
		}
		if strings.HasSuffix(e.Name(), c.Postfix) && !isAside(e) {
			if err := c.file(ctx, filepath.Join(c.Path, e.Name()), false, emit); err != nil {
				return err
			}
		}
	}
	return nil
}

// file makes the reports of one file. One that was named may be a pipe.
func (c *Command) file(ctx context.Context, path string, named bool, emit stage.Emit) error {
	if path == "-" {
		if c.stdin {
			return stage.Fatal(errors.New("stdin cannot be read again for another pipeline"))
		}
		path, c.stdin = "/dev/stdin", true
	}
	in, err := c.open(path, named)
	var skip skipError
	switch env := c.env; {
	case errors.As(err, &skip) && (skip.failed || named):
		env.Fail("%s: %s, skipped", path, skip.why)
		return nil
	case errors.As(err, &skip):
		env.Warn("%s: %s, skipped", path, skip.why)
		return nil
	case err != nil || in == nil:
		return err
	}
	defer in.Close()
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	sent := false
	send := func() error {
		return c.split(in, c.ChunkSize == 0 || in.regular && in.info.Size() <= c.ChunkSize, func(body io.Reader) error {
			r := event.New(event.Report, c.env.Dictionary)
			if in.regular { // the name of a pipe says nothing
				describe(r, abs)
			}
			r.SetBody(body)
			sent = true
			return emit(r)
		})
	}
	if c.DeleteFile && in.regular {
		return c.deliver(ctx, path, in, func() error {
			if err := send(); err != nil {
				return err
			}
			in.Close() // and with it the lock, which would be in the way of the deletion
			if sent {
				return nil
			}
			return stage.Fatal(fmt.Errorf("%s: nothing was sent of it, and it is not deleted", path))
		})
	}
	if in.sum == nil {
		return send()
	}
	return c.env.Deliver(stage.Window{Name: path, Extent: func() string { return c.extent(path, in) }}, send)
}

// describe says where a report comes from. A path that is no URL as it stands,
// or not fit to be shown, is escaped.
func describe(r *event.Message, path string) {
	text := strings.ToValidUTF8(path, "\uFFFD")
	if plain.Line(path) != path || !r.Try("feed.url", harmonization.Text("file://localhost"+text)) {
		escaped := url.URL{Scheme: "file", Host: "localhost", Path: path}
		r.Try("feed.url", harmonization.Text(escaped.String()))
	}
	r.Try("extra.file_name", harmonization.Text(filepath.Base(text)))
}
