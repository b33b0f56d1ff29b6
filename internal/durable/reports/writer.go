package reports

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Writer adds reports to an archive. What was added is there when Commit has returned.
type Writer struct {
	dir   string
	now   func() time.Time
	count int
	files []*file
	lines map[string][]byte // by month
}

// file is content that is complete, but for its name.
type file struct {
	*disk.File
	to string
}

// NewWriter opens the archive in a directory, which is made if it is missing.
func NewWriter(dir string, now func() time.Time) (*Writer, error) {
	for _, d := range []string{"content", "tmp"} {
		if err := disk.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			return nil, err
		}
	}
	return &Writer{dir: dir, now: now, lines: map[string][]byte{}}, nil
}

// Add adds a report. Content that is streamed is read, and can be read again from the
// report until what Add returns is closed, which is nil where nothing has to be. An error
// of the content condemns the report alone; one of the disk is Fatal.
func (w *Writer) Add(m *event.Message) (open io.Closer, err error) {
	e := Entry{}
	raw := m.Raw()
	head, err := io.ReadAll(io.LimitReader(raw, inline+1))
	if err != nil {
		return nil, err
	}
	fields := m
	switch {
	case len(head) > inline:
		r := &reading{Reader: io.MultiReader(bytes.NewReader(head), raw), sum: sha256.New()}
		f, err := w.store(r)
		if err != nil {
			return nil, err
		}
		e.SHA256, e.Bytes = hex.EncodeToString(r.sum.Sum(nil)), r.n
		if err := w.keep(f, e.SHA256); err != nil {
			return nil, stage.Fatal(err)
		}
		if m.Body() == nil {
			fields = m.Clone()
			fields.Delete("raw")
		} else if open, err = reopen(m, f.Name()); err != nil {
			return nil, stage.Fatal(err)
		}
	default:
		sum := sha256.Sum256(head)
		e.SHA256, e.Bytes = hex.EncodeToString(sum[:]), int64(len(head))
		if m.Body() != nil {
			m.SetBody(nil)
			m.SetRaw(head)
		}
	}
	e.Report = fields.Append(nil)
	line, err := json.Marshal(e)
	if err != nil {
		return open, err
	}
	at, err := time.Parse(time.RFC3339, m.Get("time.observation"))
	if err != nil {
		at = w.now()
	}
	month := at.UTC().Format("2006-01")
	w.lines[month] = append(append(w.lines[month], line...), '\n')
	return open, nil
}

// reading counts and hashes what is read, and remembers an error of it.
type reading struct {
	io.Reader
	sum hash.Hash
	n   int64
	err error
}

func (r *reading) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.sum.Write(p[:n])
	r.n += int64(n)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

// store writes content into a file without its name.
func (w *Writer) store(r *reading) (*file, error) {
	var f *disk.File
	for f == nil {
		w.count++
		name := strconv.Itoa(os.Getpid()) + "." + strconv.FormatInt(w.now().UnixNano(), 36) + "." + strconv.Itoa(w.count)
		var err error
		if f, err = disk.Create(filepath.Join(w.dir, "tmp", name), 0o600); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, stage.Fatal(err)
		}
	}
	zip := gzip.NewWriter(f)
	_, err := io.Copy(zip, r)
	if err = cmp.Or(err, zip.Close()); err != nil {
		f.Close()
		os.Remove(f.Name())
		if r.err != nil {
			return nil, r.err
		}
		return nil, stage.Fatal(err)
	}
	return &file{File: f}, nil
}

// keep says which name a file gets at Commit.
func (w *Writer) keep(f *file, sum string) error {
	f.to = content(w.dir, sum)
	w.files = append(w.files, f)
	return disk.MkdirAll(filepath.Dir(f.to), 0o700)
}

// Commit makes durable what was added: first the contents, and then the lines that name
// them.
func (w *Writer) Commit() error {
	for len(w.files) > 0 {
		f := w.files[0]
		if err := f.publish(); err != nil {
			return err
		}
		f.Close()
		w.files = w.files[1:]
	}
	for month, lines := range w.lines {
		if err := w.append(filepath.Join(w.dir, month+ending), lines); err != nil {
			return err
		}
		delete(w.lines, month)
	}
	return nil
}

// publish gives a file its name. Nothing has such a name whose content is not durable:
// what is there already only needs that the name is, which another process may have
// given just now.
func (f *file) publish() error {
	if _, err := os.Stat(f.to); err == nil {
		os.Remove(f.Name())
		return disk.SyncDir(filepath.Dir(f.to))
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return disk.Rename(f.Name(), f.to)
}

func (w *Writer) append(path string, lines []byte) error {
	f, err := disk.OpenAppend(path, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Lock(); err != nil {
		return err
	}
	if err := f.CutTorn(); err != nil {
		return err
	}
	_, err = f.Write(lines)
	return cmp.Or(err, f.Sync())
}

// Close drops what was not committed.
func (w *Writer) Close() error {
	for _, f := range w.files {
		f.Close()
		os.Remove(f.Name())
	}
	w.files, w.lines = nil, nil
	return nil
}
