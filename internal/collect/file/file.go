// Package file implements collect-file.
//
// collect-file: make reports of files
//
// Each regular file in the directory --path whose name ends in --postfix
// becomes one report, in the order of the names. Directories below it are not
// searched. A file that another process has locked is skipped; an empty one
// gives nothing. Files can also be named one by one, - is stdin.
//
// A report has no limit in size and is never in memory as a whole. With
// --chunk-size a file is split into several reports, after the end of a line;
// the first line of the file is repeated in each of them, unless
// --no-chunk-replicate-header says that it is no header.
//
// With --delete-file each file is deleted when its reports have arrived. That
// needs a pipeline, after -- or then, since in a bare pipe nobody tells that
// they have. A file that has changed meanwhile stays, and so does one of which
// anything failed before it left collect-file.
//
// # Examples
//
//	printf 'ip\n192.0.2.1\n' > feed.csv; collect-file --name Example feed.csv
//	mkdir -p in; collect-file --path in --delete-file -- sh -c \
//	  'parse-csv --columns source.ip | output-file --file events.ndjson'
package file

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/disk"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command is collect-file.
type Command struct {
	Path                 string `help:"The directory to read." placeholder:"DIR"`
	Postfix              string `help:"The end of the names of the files to read; empty for all." placeholder:"TEXT" default:".csv" empty:"all files"`
	DeleteFile           bool   `help:"Delete a file when its report has been acknowledged."`
	ChunkSize            int64  `help:"Split files into reports of at most so many bytes; 0 for whole files." placeholder:"BYTES" default:"0"`
	ChunkReplicateHeader bool   `help:"Begin each report with the first line of the file." default:"true"`
	Files                []name `arg:"" optional:"" sep:"none" name:"file" help:"Files to read; - is stdin."`

	deleted map[string]bool // files that were named
	stdin   bool            // was read
}

type name string

// Start checks the flags.
func (c *Command) Start(ctx context.Context) error {
	switch {
	case c.DeleteFile && c.Postfix == "":
		return errors.New("--delete-file: not with an empty --postfix, which would delete all files")
	case c.DeleteFile && stage.From(ctx).Pipeline == nil:
		return errors.New("--delete-file: needs a pipeline after -- or then, so that nothing is deleted before it has arrived")
	case c.ChunkSize < 0:
		return errors.New("--chunk-size: negative")
	case len(c.Files) > 0 && c.Path != "":
		return errors.New("--path: not together with the names of files")
	case len(c.Files) > 0:
		for _, f := range c.Files {
			if info, err := os.Stat(string(f)); f == "-" {
				continue
			} else if err != nil {
				return err
			} else if info.IsDir() {
				return fmt.Errorf("%s: a directory; name it with --path", f)
			}
		}
		return nil
	case c.Path == "":
		return errors.New("--path: name a directory to read, or files")
	}
	if info, err := os.Stat(c.Path); err != nil {
		return fmt.Errorf("--path: %w", err)
	} else if !info.IsDir() {
		return fmt.Errorf("--path: %s is not a directory", c.Path)
	}
	if c.Postfix == "" {
		stage.From(ctx).Warn("--postfix is empty: all files in %s are read", c.Path)
	}
	return nil
}

// Collect makes the reports.
func (c *Command) Collect(ctx context.Context, emit stage.Emit) error {
	if err := c.resume(ctx); err != nil {
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
		if strings.HasSuffix(e.Name(), c.Postfix) {
			if err := c.file(ctx, filepath.Join(c.Path, e.Name()), false, emit); err != nil {
				return err
			}
		}
	}
	return nil
}

// file makes the reports of one file. One that was named may be a pipe.
func (c *Command) file(ctx context.Context, path string, named bool, emit stage.Emit) error {
	flags := os.O_RDONLY
	if path == "-" {
		if c.stdin {
			return stage.Fatal(errors.New("stdin cannot be read again for another pipeline"))
		}
		path, c.stdin = "/dev/stdin", true
	} else if !named {
		flags |= unix.O_NONBLOCK // a pipe without a writer would block, before its type is known
	}
	f, err := os.OpenFile(path, flags, 0)
	if errors.Is(err, os.ErrNotExist) && !named {
		return nil // somebody was faster
	} else if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	regular := info.Mode().IsRegular()
	if !regular && !named {
		return nil
	}
	if regular && path != "/dev/stdin" {
		if free, err := disk.TryLock(f); err != nil {
			return err
		} else if !free {
			stage.From(ctx).Warn("%s: locked by another process, skipped", path)
			return nil
		}
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	whole := c.ChunkSize == 0 || regular && info.Size() <= c.ChunkSize
	described := regular && path != "/dev/stdin" // the name of a pipe says nothing
	send := func() error {
		return c.split(f, whole, func(body io.Reader) error {
			r := event.New(event.Report, stage.From(ctx).Dictionary)
			if described {
				describe(r, abs)
			}
			r.SetBody(body)
			return emit(r)
		})
	}
	if c.DeleteFile && described {
		return c.deliver(ctx, path, info, send)
	}
	return send()
}

// describe says where a report comes from. A path that is no URL as it stands
// is escaped.
func describe(r *event.Message, path string) {
	path = strings.ToValidUTF8(path, "\uFFFD")
	if !r.Try("feed.url", harmonization.Text("file://localhost"+path)) {
		escaped := url.URL{Scheme: "file", Host: "localhost", Path: path}
		r.Try("feed.url", harmonization.Text(escaped.String()))
	}
	r.Set("extra.file_name", filepath.Base(path))
}

// headerLimit bounds the line that is repeated.
const headerLimit = 1 << 20

// split calls report with the pieces of a file, or with all of it.
func (c *Command) split(f io.Reader, whole bool, report func(io.Reader) error) error {
	chunk := c.ChunkSize
	size := headerLimit
	if !whole {
		size = max(int(chunk), size)
	}
	in := bufio.NewReaderSize(breaking{f}, size)
	var header []byte
	if c.ChunkReplicateHeader && chunk > 0 {
		text, err := in.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			return stage.Fatal(errors.New("the first line is too long for a header, see --no-chunk-replicate-header"))
		} else if err != nil && err != io.EOF {
			return err
		}
		header = slices.Clone(text)
	}
	if _, err := in.Peek(1); err == io.EOF {
		return nil
	} else if err != nil {
		return err
	}
	if whole {
		return report(io.MultiReader(bytes.NewReader(header), in))
	}
	for {
		n, err := piece(in, int(chunk))
		if n == 0 {
			return err
		}
		body := io.Reader(io.LimitReader(in, int64(n)))
		if n < 0 { // a line that is longer
			body = &line{in: in}
		}
		if err := report(io.MultiReader(bytes.NewReader(header), body)); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, body); err != nil { // what the next stage left unread
			return err
		}
	}
}

// piece is the length of the next piece: as many whole lines as fit, or what
// is left. It is negative if not even one line fits.
func piece(in *bufio.Reader, chunk int) (int, error) {
	text, err := in.Peek(chunk)
	if err == io.EOF {
		return len(text), nil
	} else if err != nil {
		return 0, err
	}
	for i, c := range slices.Backward(text) {
		if c == '\n' {
			return i + 1, nil
		}
	}
	return -1, nil
}

// line reads up to the end of a line.
type line struct {
	in   *bufio.Reader
	done bool
}

func (l *line) Read(p []byte) (int, error) {
	if l.done {
		return 0, io.EOF
	}
	if _, err := l.in.Peek(1); err != nil {
		return 0, err
	}
	text, _ := l.in.Peek(min(l.in.Buffered(), len(p)))
	for i, c := range text {
		if c == '\n' {
			text, l.done = text[:i+1], true
			break
		}
	}
	n := copy(p, text)
	l.in.Discard(n)
	return n, nil
}

// breaking makes an error of reading one that breaks the stream: half a file
// must not pass for a whole one.
type breaking struct{ io.Reader }

func (b breaking) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = stage.Fatal(err)
	}
	return n, err
}
