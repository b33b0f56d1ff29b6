package charset

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"unicode/utf8"
)

// ReadFile reads a text that people write: rules, tables, schemas. It is UTF-8,
// with or without a mark, or UTF-16 with one. Anything else is an error that
// names the file, the line and the column.
func ReadFile(path string) ([]byte, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return decodeFile(path, src)
}

// ReadSmallFile is ReadFile for a file that may have so many MiB. A larger one is an
// error, and is not read to its end, which a device does not have.
func ReadSmallFile(path string, mebibytes int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, mebibytes<<20+1))
	if err != nil {
		return nil, err
	}
	if int64(len(src)) > mebibytes<<20 {
		return nil, fmt.Errorf("%s: the file is larger than %d MiB", path, mebibytes)
	}
	return decodeFile(path, src)
}

func decodeFile(path string, src []byte) ([]byte, error) {
	text, err := Decode(src, nil, Strict)
	if err != nil {
		return nil, inFile(path, err)
	}
	return text, nil
}

// inFile names the file in which a mistake is.
func inFile(path string, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	return fmt.Errorf("%s:%d:%d: %w; the file must be UTF-8, or UTF-16 with a byte order mark", path, e.Line, e.Column, e.Reason)
}

// Text is ReadFile for a file that is read as a stream; path names it in errors.
func Text(src io.Reader, path string) io.Reader {
	return &text{in: NewReader(src, nil), path: path, line: 1}
}

// text hands on what a Reader reads, up to the first mistake.
type text struct {
	in    *Reader
	path  string
	read  int64  // how much was handed on
	line  int    // number of the line at hand
	start int64  // where it begins
	tail  []byte // the last characters that were handed on, the end of one may be missing
}

func (t *text) Read(p []byte) (int, error) {
	n, err := t.in.Read(p)
	if t.in.Broken() {
		return 0, inFile(t.path, t.mistake(p[:n]))
	}
	t.read += int64(n)
	if i := bytes.LastIndexByte(p[:n], '\n'); i >= 0 {
		t.line += bytes.Count(p[:n], []byte("\n"))
		t.start = t.read - int64(n-i-1)
		t.in.Forget(t.start)
	}
	t.tail = append(t.tail, p[max(0, n-utf8.UTFMax):n]...)
	t.tail = t.tail[max(0, len(t.tail)-utf8.UTFMax+1):]
	for len(t.tail) > 0 && !utf8.RuneStart(t.tail[0]) {
		t.tail = t.tail[1:]
	}
	return n, err
}

// mistake describes the one in more, which was read just now.
func (t *text) mistake(more []byte) *Error {
	src, line, start := append(bytes.Clone(t.tail), more...), t.line, t.read-int64(len(t.tail))
	e := t.in.Start()
	i := e.Mistake(src)
	if e != nil {
		i = slices.IndexFunc(src, func(c byte) bool { return c == 0 || c == bad })
	}
	if n := bytes.LastIndexByte(src[:max(i, 0)], '\n'); n >= 0 {
		line += bytes.Count(more[:max(0, i-len(t.tail))], []byte("\n"))
		t.start = start + int64(n) + 1
	}
	if e != nil {
		src = t.in.Source(t.start, math.MaxInt64)
		i = e.Mistake(src)
		start = t.start
	}
	return &Error{line, int(start-t.start) + i + 1, e.Refuse(src[i:])}
}
