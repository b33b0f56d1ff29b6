// Package dump implements dump.
//
// dump: look at messages that failed, send them again, delete them
//
// Every command keeps the messages that failed in a dump, COMMAND.dump in the
// state directory or what --dump names. FILE is the name of a dump, or of a
// command. Entries have numbers from 1; N is one of them or a range such as
// 3-7, and without N all are meant.
//
// dump list shows what there is: number, time, command, where in the input the
// message stood, and why it failed. dump show prints messages for people, with
// control characters escaped; with --raw it prints the content of raw alone,
// decoded, as it is. dump delete removes entries.
//
// dump replay sends messages once more, as they were. In a bare pipe it prints
// them, and they stay in the dump. With a pipeline of its own, after -- or then,
// which ends with an output, it removes those that have arrived; what fails
// again is a new entry. What a pipeline cannot be given stays, too: lines that
// are no message, or of which only a part was kept.
//
// # Examples
//
//	echo '{' | expert-taxonomy --dump failed.dump || dump list failed.dump
//	echo '{"source.ip":"x"}' | expert-harmonize --dump mend.dump ||
//	  dump replay mend.dump -- sh -c 'through sed s/x/192.0.2.1/ |
//	  expert-harmonize | output-file --file events.ndjson'
package dump

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/internal/disk"
	dumpfile "github.com/intelpipe/intelpipe/internal/dump"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command is dump.
type Command struct {
	List   listing  `cmd:"" help:"List entries; without FILE, of all dumps in the state directory."`
	Show   showing  `cmd:"" help:"Print messages for people."`
	Replay replay   `cmd:"" help:"Send messages once more."`
	Delete deletion `cmd:"" help:"Delete entries."`
}

type file string

type listing struct {
	JSON  bool   `name:"json" help:"Print an object a line."`
	Files []file `arg:"" optional:"" sep:"none" name:"file" help:"Dumps, or names of commands."`
}

type showing struct {
	Raw     bool   `help:"Print the content of raw alone, decoded."`
	File    file   `arg:"" help:"A dump, or the name of a command."`
	Entries []span `arg:"" optional:"" sep:"none" name:"n" help:"Numbers of entries."`
}

type deletion struct {
	All     bool   `help:"Delete all entries."`
	File    file   `arg:"" help:"A dump, or the name of a command."`
	Entries []span `arg:"" optional:"" sep:"none" name:"n" help:"Numbers of entries."`
}

// find returns the path of a dump that is named by it, or by its command.
func (f file) find(ctx context.Context) (string, error) {
	path, state := string(f), stage.From(ctx).StateDir
	candidates := []string{path}
	if !strings.Contains(path, "/") {
		candidates = append(candidates, filepath.Join(state, path), filepath.Join(state, path+".dump"))
	}
	for _, c := range candidates {
		if info, err := os.Stat(c); err == nil && !info.IsDir() {
			return c, nil
		}
	}
	return "", fmt.Errorf("%s: there is no such dump, and no %s.dump in %s", path, path, state)
}

// Run lists entries.
func (l *listing) Run(ctx context.Context, stdout io.Writer) error {
	var paths []string
	for _, f := range l.Files {
		path, err := f.find(ctx)
		if err != nil {
			return err
		}
		paths = append(paths, path)
	}
	if len(l.Files) == 0 {
		var err error
		if paths, err = filepath.Glob(filepath.Join(stage.From(ctx).StateDir, "*.dump")); err != nil {
			return err
		}
	}
	out := bufio.NewWriter(stdout)
	for i, path := range paths {
		if len(paths) > 1 && !l.JSON {
			fmt.Fprintf(out, "%.*s%s:\n", min(i, 1), "\n", printable(path))
		}
		err := each(path, nil, func(e *entry) error { return l.print(out, e) })
		if err != nil {
			return cmp.Or(err, out.Flush())
		}
	}
	return out.Flush()
}

func (l *listing) print(out io.Writer, e *entry) error {
	if !l.JSON {
		_, err := fmt.Fprintln(out, headline(e))
		return err
	}
	size := e.Bytes
	if e.Kept == "" {
		text, err := e.Text()
		if err != nil {
			return e.error(err)
		}
		size = int64(len(text))
	}
	line, err := json.Marshal(struct {
		Dump    string `json:"dump"`
		Entry   int    `json:"entry"`
		Time    string `json:"time"`
		Command string `json:"command"`
		Reason  string `json:"reason"`
		File    string `json:"file"`
		Line    int64  `json:"line,omitempty"`
		Column  int    `json:"column,omitempty"`
		Bytes   int64  `json:"bytes"`
		Kept    string `json:"kept,omitempty"`
		Cut     bool   `json:"cut,omitempty"`
	}{e.dump, e.number, e.Time, e.Command, e.Reason, e.File, e.Line, e.Column, size, e.Kept, e.Cut})
	if err != nil {
		return err
	}
	_, err = out.Write(append(line, '\n'))
	return err
}

// headline is one entry on one line. Of a long reason the middle is left out.
func headline(e *entry) string {
	reason := []rune(e.Reason)
	if len(reason) > 200 {
		reason = append(append(reason[:100:100], '…'), reason[len(reason)-100:]...)
	}
	at, _, _ := strings.Cut(strings.Replace(e.Time, "T", " ", 1), ".")
	place := event.Place{File: e.File, Line: e.Line, Column: e.Column}
	return printable(fmt.Sprintf("%d  %s  %s  %s  %s", e.number, at, e.Command, place, string(reason)))
}

// printable escapes what a terminal might act on.
func printable(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case !unicode.IsGraphic(r):
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		default:
			b.WriteString(text[i : i+n])
		}
		i += n
	}
	return b.String()
}

// Run prints messages for people.
func (s *showing) Run(ctx context.Context, stdout io.Writer) error {
	path, err := s.File.find(ctx)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(stdout)
	err = each(path, s.Entries, func(e *entry) error {
		text, err := e.Text()
		switch {
		case err != nil:
		case s.Raw && e.Kept != "":
			err = errors.New("too large to decode here, dump replay prints it")
		case s.Raw:
			m := event.New(event.Event, nil)
			if err = m.Decode(text); err == nil {
				_, err = io.Copy(out, m.Raw())
			}
		case e.Kept != "":
			fmt.Fprintf(out, "%s\n%d bytes in %s\n", headline(e), e.Bytes, printable(e.Kept))
		default:
			fmt.Fprintf(out, "%s\n%s\n", headline(e), printable(string(text)))
		}
		if err != nil {
			return e.error(err)
		}
		return nil
	})
	return cmp.Or(err, out.Flush())
}

// kept is the path of the file that has a line too large for the dump. It lies
// beside the dump, whatever an entry says.
func kept(path string, e *entry) (string, error) {
	if filepath.Base(e.Kept) != e.Kept || !strings.HasPrefix(e.Kept, filepath.Base(path)+".") {
		return "", fmt.Errorf("%q is no file that belongs to the dump", e.Kept)
	}
	return filepath.Join(filepath.Dir(path), e.Kept), nil
}

// Run deletes entries.
func (d *deletion) Run(ctx context.Context, _ io.Writer) error {
	if d.All != (len(d.Entries) == 0) {
		return errors.New("delete: name entries, or --all")
	}
	path, err := d.File.find(ctx)
	if err != nil {
		return err
	}
	chosen, err := choose(d.Entries)
	if err != nil {
		return err
	}
	f, err := lock(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return remove(f, path, func(e *entry) bool { return chosen.has(e.number) }, chosen.missing)
}

// remove rewrites a dump without some of its entries, under the lock that those
// who add entries take, too. At its end check may still refuse.
func remove(f *os.File, path string, gone func(*entry) bool, check func(path string, last int) error) error {
	var files []string
	left, last := 0, 0
	err := disk.CreateAtomic(path, 0o600, func(w io.Writer) error {
		if err := read(f, path, func(e *entry) error {
			last = e.number
			if !gone(e) {
				left++
				_, err := w.Write(e.line)
				return err
			}
			if e.Kept == "" {
				return nil
			}
			name, err := kept(path, e)
			if err != nil {
				return e.error(err)
			}
			files = append(files, name)
			return nil
		}); err != nil {
			return err
		}
		if err := check(path, last); err != nil || left > 0 {
			return err
		}
		return errNothingLeft
	})
	if err == errNothingLeft {
		// The file itself goes, whose lock is held. An empty one in its place
		// would be locked by nobody, and have new entries by the time it goes.
		err = disk.Remove(path)
	}
	if err != nil {
		return err
	}
	for _, name := range files {
		if err := disk.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

var errNothingLeft = errors.New("the dump has no entry any longer")

// lock opens and locks a dump. Others may replace it while it waits.
func lock(path string) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return nil, err
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
			f.Close()
			return nil, fmt.Errorf("%s: lock: %w", path, err)
		}
		a, err1 := f.Stat()
		b, err2 := os.Stat(path)
		if err1 == nil && err2 == nil && os.SameFile(a, b) {
			return f, nil
		}
		f.Close()
	}
}

// entry is one of a dump.
type entry struct {
	dumpfile.Entry
	dump   string // its path
	number int    // from 1
	from   int64  // where it begins
	line   []byte // as it stands there, with the newline
}

func (e *entry) error(err error) error { return fmt.Errorf("%s: entry %d: %w", e.dump, e.number, err) }

// each calls do with the entries that are chosen.
func each(path string, entries []span, do func(*entry) error) error {
	chosen, err := choose(entries)
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := sizeOf(f)
	if err != nil {
		return err
	}
	return upTo(f, size, path, chosen, do)
}

// upTo is each for the first size bytes of a dump.
func upTo(f io.Reader, size int64, path string, chosen choice, do func(*entry) error) error {
	last := 0
	if err := read(io.LimitReader(f, size), path, func(e *entry) error {
		last = e.number
		if !chosen.has(e.number) {
			return nil
		}
		return do(e)
	}); err != nil {
		return err
	}
	return chosen.missing(path, last)
}

// sizeOf is how long a dump is now, at the end of an entry. What is replayed
// may come back as new entries, which must not be replayed as well.
func sizeOf(f *os.File) (int64, error) {
	if err := unix.Flock(int(f.Fd()), unix.LOCK_SH); err != nil {
		return 0, fmt.Errorf("%s: lock: %w", f.Name(), err)
	}
	defer unix.Flock(int(f.Fd()), unix.LOCK_UN)
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func read(f io.Reader, path string, do func(*entry) error) error {
	var stopped error
	next := entry{dump: path, number: 1}
	err := dumpfile.Read(f, func(e dumpfile.Entry, line []byte) bool {
		next.Entry, next.line = e, line
		stopped = do(&next)
		next.number++
		next.from += int64(len(line))
		return stopped == nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return stopped
}
