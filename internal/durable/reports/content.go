package reports

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"os"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stream"
)

// body is the content of a report that is in a file, whatever becomes of its name.
type body struct {
	io.Reader
	file   *os.File
	report *event.Message
}

// unzip opens a compressed file.
func unzip(path string) (*os.File, *gzip.Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	zip, err := gzip.NewReader(f)
	if err != nil {
		f.Close()
		return nil, nil, damaged(path, err)
	}
	return f, zip, nil
}

// reopen makes the compressed file the content of a report.
func reopen(m *event.Message, path string) (io.Closer, error) {
	f, zip, err := unzip(path)
	if err != nil {
		return nil, err
	}
	m.SetBody(&body{zip, f, m})
	return f, nil
}

// Whole writes the report once more, as one line without its newline.
func (b *body) Whole() func(io.Writer) error {
	return func(w io.Writer) error {
		zip, err := gzip.NewReader(io.NewSectionReader(b.file, 0, 1<<62))
		if err != nil {
			return err
		}
		defer b.report.SetBody(b)
		return stream.WriteWhole(w, b.report, zip)
	}
}

// checked is content whose hash is known. At its end it has to fit.
type checked struct {
	io.Reader
	file *os.File
	want string
	sum  hash.Hash
}

// open opens the content of an entry.
func open(dir string, e *Entry) (*checked, error) {
	f, zip, err := unzip(content(dir, e.SHA256))
	if err != nil {
		return nil, err
	}
	return &checked{zip, f, e.SHA256, sha256.New()}, nil
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.sum.Write(p[:n])
	if err == io.EOF && hex.EncodeToString(c.sum.Sum(nil)) != c.want {
		return n, damaged(c.file.Name(), "the content has another hash than its name")
	} else if err != nil && err != io.EOF {
		err = damaged(c.file.Name(), err)
	}
	return n, err
}

func (c *checked) Close() error { return c.file.Close() }
