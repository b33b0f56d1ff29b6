package constituencies

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/charset"
)

var errEmpty = errors.New("there are no rows in it")

// Read reads rows. The path is for errors. The name is kept in the table, so that it can
// say which line of which file a row is.
func Read(in io.Reader, path, name, delimiter string, d *harmonization.Dictionary) (*Builder, error) {
	r := &reader{Builder: &Builder{Source: name}, path: path, dictionary: d}
	text := bufio.NewReaderSize(charset.Text(in, path), 64<<10)
	var err error
	if head := first(text); head == '{' || head == '[' {
		err = r.json(text)
	} else {
		err = r.csv(text, delimiter)
	}
	if err == nil && r.Len() == 0 {
		err = fmt.Errorf("%s: %w", path, errEmpty)
	}
	return r.Builder, err
}

// first is the first byte that is no white space.
func first(in *bufio.Reader) byte {
	head, _ := in.Peek(4 << 10)
	if head = bytes.TrimSpace(head); len(head) > 0 {
		return head[0]
	}
	return 0
}
