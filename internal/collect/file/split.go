package file

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"

	"github.com/intelpipe/intelpipe/internal/python/csv"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// headerLimit bounds the row that is repeated.
const headerLimit = 1 << 20

// split calls report with the pieces of a file, or with all of it. A file that
// is not empty gives one report at least.
func (c *Command) split(f io.Reader, whole bool, report func(io.Reader) error) error {
	in := bufio.NewReaderSize(breaking{f}, 64<<10)
	if _, err := in.Peek(1); err == io.EOF {
		return nil
	} else if err != nil {
		return err
	}
	head := beginning(in)
	if whole || bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return deliver(in, in, report) // a row of UTF-16 does not end where its bytes seem to say
	}
	p := &cutter{rows: csv.NewReader(in, delimiter(head))}
	var header []byte
	if c.ChunkReplicateHeader {
		if !p.more() {
			return p.err
		}
		if p.long || len(p.row) > headerLimit {
			return stage.Fatal(errors.New("the first row is too long for a header, see --no-chunk-replicate-header"))
		}
		header, p.row = slices.Clone(p.row), nil
		if !p.more() && p.err == io.EOF {
			return report(bytes.NewReader(header)) // there is nothing else
		}
	}
	for p.more() {
		body := &piece{cutter: p, left: c.ChunkSize}
		if err := deliver(io.MultiReader(bytes.NewReader(header), body), body, report); err != nil {
			return err
		}
	}
	if p.err != io.EOF {
		return p.err
	}
	return nil
}

// deliver makes one report, and reads what the next stage has left unread.
func deliver(content, body io.Reader, report func(io.Reader) error) error {
	if err := report(content); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, body)
	return err
}

// beginning is the text up to the first line that is no comment, as far as the
// buffer holds it.
func beginning(in *bufio.Reader) (head []byte) {
	for n := 1; n <= in.Size(); n = in.Buffered() + 1 {
		if _, err := in.Peek(n); err != nil {
			break
		}
		if head, _ = in.Peek(in.Buffered()); bytes.IndexByte(firstLine(head), '\n') >= 0 {
			break
		}
	}
	return head
}

func firstLine(head []byte) []byte {
	for line := range bytes.Lines(head) {
		if line[0] != '#' {
			return line
		}
	}
	return nil
}

// delimiter is what separates the fields of a table, by its first line. Where
// quotes begin depends on it.
func delimiter(head []byte) rune {
	line := firstLine(head)
	best, most := ',', 0
	for _, c := range ",;\t|" {
		if n := bytes.Count(line, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

// cutter has the rows of a file that are still to be read.
type cutter struct {
	rows  *csv.Reader
	row   []byte // what is left of the row at hand
	fresh bool   // nothing of it has been read
	long  bool   // rows has more of it
	err   error  // the end
}

// more moves to the next row where the one at hand has been read. What is wrong
// with a row is the parser's business.
func (p *cutter) more() bool {
	for len(p.row) == 0 && p.err == nil {
		if p.long && p.rows.More() {
			p.row = p.rows.Row()
			return true
		}
		p.long = false
		var bad *csv.Error
		_, err := p.rows.Read()
		if err != nil && !errors.As(err, &bad) {
			p.err = err
			return false
		}
		p.fresh = true
		p.row, p.long = p.rows.Row(), errors.Is(err, csv.ErrRowTooLong)
	}
	return len(p.row) > 0
}

// piece reads as many whole rows as fit, but one at least.
type piece struct {
	*cutter
	left  int64
	begun bool
	done  bool
}

func (p *piece) Read(b []byte) (n int, err error) {
	for n < len(b) && !p.done {
		if !p.more() {
			if p.err != io.EOF {
				return n, p.err
			}
			p.done = true
			break
		}
		if p.done = p.begun && p.fresh && int64(len(p.row)) > p.left; p.done {
			break
		}
		k := copy(b[n:], p.row)
		p.row, p.left = p.row[k:], p.left-int64(k)
		p.begun, p.fresh = true, false
		n += k
	}
	if n == 0 && len(b) > 0 {
		return 0, io.EOF
	}
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
