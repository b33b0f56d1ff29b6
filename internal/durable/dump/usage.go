package dump

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/internal/json"
)

// left is how much room there is.
func (d *Writer) left() int64 { return max(d.room-d.used.bytes, 0) }

// look makes used known, and exact if it is enough bytes or more. As long as
// all sources together have less, no line is read.
func (d *Writer) look(enough int64) error {
	if d.used.exact || d.used.known && d.used.bytes < enough {
		return nil
	}
	info, err := os.Stat(d.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		d.used = usage{known: true, exact: true}
		return nil
	case err != nil:
		return fmt.Errorf("the dump: %w", err)
	case !info.Mode().IsRegular():
		d.used.known, d.used.exact = true, true
		return nil
	}
	beside, err := d.besideBytes()
	if err != nil {
		return fmt.Errorf("the dump: %w", err)
	}
	d.used = usage{known: true, bytes: info.Size() + beside, end: info.Size(), seen: info}
	if d.used.bytes < enough {
		return nil
	}
	return d.count(beside)
}

// replaced says that somebody has made another file of the dump since it was
// looked at, which is how entries leave it.
func (d *Writer) replaced() bool {
	info, err := os.Stat(d.path)
	if err != nil {
		return d.used.seen != nil
	}
	return d.used.seen == nil || !os.SameFile(info, d.used.seen) || info.Size() < d.used.end
}

// count reads the dump. A file beside it that no entry names may become
// anybody's, and counts for all.
func (d *Writer) count(beside int64) error {
	d.used = usage{known: true, exact: true, bytes: beside, seen: d.used.seen}
	return d.each(func(line []byte) error {
		d.used.end += int64(len(line))
		if own := d.owns(line); own {
			d.used.bytes += int64(len(line))
		} else if bytes.Contains(line, []byte(`"kept":"`)) {
			var e Entry
			if err := json.Unmarshal(line, &e); err != nil {
				return err
			}
			d.used.bytes -= e.Bytes
		}
		return nil
	})
}

// each calls do with each whole line of the dump.
func (d *Writer) each(do func(line []byte) error) error {
	info, err := os.Stat(d.path)
	if errors.Is(err, os.ErrNotExist) || err == nil && !info.Mode().IsRegular() { // a pipe would wait for a writer
		return nil
	}
	var f *os.File
	if err == nil {
		f, err = os.Open(d.path)
	}
	if err != nil {
		return fmt.Errorf("the dump: %w", err)
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 256<<10)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		} else if err == nil {
			err = do(line)
		}
		if err != nil {
			return fmt.Errorf("the dump %s: line %d: %w", d.path, n, err)
		}
	}
}

// owns says whether a line is of the source of this writer. Inside of a text all
// quotes are escaped, so that it can be told without taking the line apart.
func (d *Writer) owns(line []byte) bool {
	if !d.controlled() {
		return !bytes.Contains(line, []byte(sourceKey))
	}
	return bytes.Contains(line, d.own)
}

const sourceKey = `"source":`

// besideBytes is how much the files beside the dump hold.
func (d *Writer) besideBytes() (int64, error) {
	names, err := os.ReadDir(filepath.Dir(d.path))
	if err != nil {
		return 0, err
	}
	var sum int64
	prefix := filepath.Base(d.path) + "."
	for _, name := range names {
		number, ok := strings.CutPrefix(name.Name(), prefix)
		if _, err := strconv.Atoi(number); !ok || err != nil {
			continue
		}
		if info, err := name.Info(); err == nil {
			sum += info.Size()
		}
	}
	return sum, nil
}
