package reports

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/event"
)

// Archived is a report in an archive.
type Archived struct {
	Entry
	Message  *event.Message // without content that is in a file
	Observed time.Time
	dir      string
}

// Open gives the message its content, and returns what to close when it was sent.
func (a *Archived) Open() (io.Closer, error) {
	if a.Message.Has("raw") || a.Bytes == 0 {
		return io.NopCloser(nil), nil
	}
	c, err := open(a.dir, &a.Entry)
	if err != nil {
		return nil, err
	}
	a.Message.SetBody(c)
	return c, nil
}

// Wanted is which reports are looked for.
type Wanted struct {
	Since, Until time.Time // by time.observation; zero is any time
	Fields       [][2]string
}

func (w *Wanted) takes(a *Archived) bool {
	if !w.Since.IsZero() && a.Observed.Before(w.Since) || !w.Until.IsZero() && !a.Observed.Before(w.Until) {
		return false
	}
	for _, f := range w.Fields {
		if f[1] != "" && a.Message.Get(f[0]) != f[1] {
			return false
		}
	}
	return true
}

// maxLine is more than any line has.
const maxLine = 16 << 20

// Each calls do for each report that is wanted, in the order in which they came. What
// cannot be read is told by bad, and costs itself alone. A line that is there twice,
// since its window was sent again after a crash, counts once.
func Each(dir string, w Wanted, bad func(error), do func(*Archived) error) error {
	names, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, name := range names { // sorted, as months are
		month, ok := strings.CutSuffix(name.Name(), ending)
		begin, err := time.Parse("2006-01", month)
		switch {
		case !ok || err != nil:
			continue
		case !w.Until.IsZero() && !begin.Before(w.Until), !w.Since.IsZero() && !begin.AddDate(0, 1, 0).After(w.Since):
			continue
		}
		if err := each(filepath.Join(dir, name.Name()), dir, w, bad, do); err != nil {
			return err
		}
	}
	return nil
}

// remembered is how many lines are compared with those behind them. What is sent again
// lies next to what it repeats.
const remembered = 10_000

func each(path, dir string, w Wanted, bad func(error), do func(*Archived) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxLine)
	lines.Split(whole)
	before := map[string]bool{}
	number := 0
	for lines.Scan() {
		number++
		a, err := read(lines.Bytes(), dir)
		if err != nil {
			bad(fmt.Errorf("%s:%d: %w", path, number, err))
			continue
		}
		key := a.SHA256 + string(a.Report)
		if !w.takes(a) || before[key] {
			continue
		}
		if len(before) == remembered {
			clear(before)
		}
		before[key] = true
		if err := do(a); err != nil {
			return err
		}
	}
	return lines.Err()
}

// whole yields lines that have their newline: the last one may be under way.
func whole(data []byte, atEOF bool) (int, []byte, error) {
	i := bytes.IndexByte(data, '\n')
	if i < 0 {
		return 0, nil, nil
	}
	return i + 1, data[:i], nil
}

func read(line []byte, dir string) (*Archived, error) {
	e, err := parse(line)
	if err != nil {
		return nil, err
	}
	a := &Archived{Entry: *e, Message: event.New(event.Report, nil), dir: dir}
	if err := a.Message.Decode(slices.Clone(e.Report)); err != nil {
		return nil, err
	}
	a.Message.Kind = event.Report // as the line of an archive it is, whatever it says
	if a.Observed, err = time.Parse(time.RFC3339Nano, a.Message.Get("time.observation")); err != nil {
		return nil, errors.New("the report has no time.observation")
	}
	return a, nil
}

// Check says whether there is an archive.
func Check(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "content")); err != nil {
		return fmt.Errorf("%s: there is no archive of reports; output-archive makes one", dir)
	}
	return nil
}
