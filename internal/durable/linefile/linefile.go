// Package linefile appends lines to files, each once: in a stream with control lines
// it keeps how long the files were at checkpoints, and cuts off what a crash has
// left when the source comes back.
package linefile

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
)

// Files are files of lines in one directory, or below it. They are locked while
// they are open. After an error nothing more is accepted: what is in the files is
// for the next run to find out.
type Files struct {
	files  *files
	name   string // of the one file, or ""
	shown  string // for people
	ledger *ledger
	path   string // of the ledger
	plain  bool   // lines have come in a stream without control lines
	held   bool   // lines are not written yet
	warn   func(string, ...any)
	err    error
}

// Open opens one file, and makes it and its directories where they are missing.
// Without control lines it may be a pipe or a device.
func Open(ctx context.Context, path string, warn func(string, ...any)) (*Files, error) {
	dir, name := filepath.Split(path)
	if name == "" || name == "." || name == ".." {
		return nil, fmt.Errorf("%s: this is a directory, append the name of the file", path)
	}
	if err := disk.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	f := &Files{files: newFiles(dir, nil), name: name, shown: path, warn: warn}
	f.path = filepath.Join(f.files.dir, "."+name+Suffix)
	if _, err := f.files.get(ctx, name); err != nil {
		return nil, err
	}
	return f, nil
}

// Below opens a directory, below which all files lie, whatever their names are. The
// ledger is told from others in the directory by name.
func Below(dir, name, shown string, warn func(string, ...any)) (*Files, error) {
	if err := disk.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	files, err := openBelow(dir)
	if err != nil {
		return nil, err
	}
	return &Files{files: files, shown: shown, warn: warn, path: filepath.Join(files.dir, "."+name+Suffix)}, nil
}

// fail notes an error, which stays.
func (f *Files) fail(err error) error {
	if f.err == nil {
		f.err = err
	}
	return err
}

// Append adds a line, given without its newline, to the named file, or to that
// of Open. controlled says whether control lines have come.
func (f *Files) Append(ctx context.Context, name string, line []byte, controlled bool) error {
	if f.err == nil {
		f.err = f.ready(ctx, controlled)
	}
	if f.err != nil {
		return f.err
	}
	if f.name != "" {
		name = f.name
	} else if err := CheckName(name); err != nil {
		return &nameError{err}
	}
	if f.ledger != nil && f.ledger.there[f.ledger.source].take(name, line) {
		return nil
	}
	one, err := f.files.get(ctx, name)
	if err != nil {
		if f.name == "" && blamesName(err) {
			return &nameError{err}
		}
		return f.fail(err)
	}
	one.buf = append(append(one.buf, line...), '\n')
	f.held = true
	if len(one.buf) >= blockSize {
		return f.fail(f.files.flush(one))
	}
	return nil
}

// nameError is of a name alone: other names are possible.
type nameError struct{ error }

func (e *nameError) Unwrap() error { return e.error }

// BlamesName says whether an error of Append is of the name alone.
func BlamesName(err error) bool {
	var wrong *nameError
	return errors.As(err, &wrong)
}

// CheckName refuses names that could lead astray, as Append does.
func CheckName(name string) error {
	for part := range strings.SplitSeq(name, "/") {
		if part == "." || part == ".." || part == "" {
			return fmt.Errorf("name of the file: %q has a part %q", name, part)
		}
	}
	if strings.IndexByte(name, 0) >= 0 {
		return fmt.Errorf("name of the file: %q has a NUL", name)
	}
	if strings.Contains(name, Suffix) {
		return fmt.Errorf("name of the file: %q is for lengths at checkpoints", name)
	}
	return nil
}

// ready prepares for the first line.
func (f *Files) ready(ctx context.Context, controlled bool) error {
	if f.ledger != nil || f.plain {
		return nil
	}
	if controlled {
		return f.control(ctx)
	}
	f.plain = true
	pending, err := forget(f.path)
	if pending {
		f.warn("%s: a source has not finished with this file; when it is back some of its events may be there twice", f.shown)
	}
	return err
}

// control is called with each control line; the first one opens the ledger.
func (f *Files) control(ctx context.Context) error {
	if f.ledger != nil {
		return nil
	}
	if err := f.files.regular(); err != nil {
		return err
	}
	if err := f.files.flushAll(); err != nil { // of a stream that did not begin with a Commit
		return err
	}
	l, err := openLedger(ctx, f.path, f.files, f.warn)
	if err != nil {
		return err
	}
	f.ledger, f.files.begin = l, l.begin
	return nil
}

// Held says whether lines are not written yet.
func (f *Files) Held() bool { return f.held && f.err == nil }

// Flush writes them.
func (f *Files) Flush() error {
	if f.err != nil {
		return f.err
	}
	f.held = false
	return f.fail(f.files.flushAll())
}

// Checkpoint makes durable what was added. The id is empty at the end of a stream
// without control lines.
func (f *Files) Checkpoint(ctx context.Context, id string) error {
	if f.err != nil {
		return f.err
	}
	f.held = false
	if id == "" {
		return f.fail(f.files.finish())
	}
	if err := f.control(ctx); err != nil {
		return f.fail(err)
	}
	sizes, err := f.files.sync()
	if err == nil {
		err = f.ledger.checkpoint(id, sizes)
	}
	return f.fail(err)
}

// Commit cuts off, when it is the first one of a source, what a crash has left.
func (f *Files) Commit(ctx context.Context, id string) error {
	if id == "" || f.err != nil {
		return f.err
	}
	err := f.control(ctx)
	if err == nil {
		err = f.ledger.commit(id)
	}
	return f.fail(err)
}

// Reopen opens files again that were moved away.
func (f *Files) Reopen(ctx context.Context) error {
	if f.err != nil {
		return f.err
	}
	f.held = false
	if err := f.files.closeRegular(); err != nil {
		return f.fail(err)
	}
	if f.name == "" {
		return nil
	}
	_, err := f.files.get(ctx, f.name)
	return err
}

// Close writes what is left of a stream without control lines. In one with them it
// would be cut off again.
func (f *Files) Close() error {
	var err error
	switch {
	case f.ledger != nil:
		clean := f.files.drop()
		err = f.ledger.close(clean && f.err == nil)
	case f.err == nil:
		err = f.files.flushAll()
	}
	f.files.close()
	f.fail(errClosed)
	return err
}

var errClosed = errors.New("the file is closed")

// Crash leaves everything as it is, as kill -9 does. It is for tests.
func (f *Files) Crash() {
	f.files.close()
	if f.ledger != nil {
		f.ledger.f.Close()
		f.ledger.lock.Unlock()
	}
}

// Limit is for tests: only so many files are open at once.
func (f *Files) Limit(open int) { f.files.limit = open }

// Open is how many files are.
func (f *Files) Open() int { return f.files.recent.Len() }

// Ledger is the path of the ledger.
func (f *Files) Ledger() string { return f.path }
