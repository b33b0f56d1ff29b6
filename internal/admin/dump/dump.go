// Package dump implements dump.
//
// dump: look at messages that failed, change them, send them again
//
// Every command keeps the messages that failed in a dump, COMMAND.dump in the
// state directory or what --dump names. FILE is the name of a dump, or of a
// command. ENTRY is the id of an entry, which begins with a letter; its first
// digits are enough, at least four, if no other id begins with them. An id stays
// when other entries come and go. ENTRY may also be a number that dump list
// shows, from 1, or a range such as 3-7; numbers change when entries go. Without
// ENTRY all entries are meant.
//
// dump list shows what there is: number, id, time, command, where in the input
// the message stood, and why it failed. dump show prints messages for people,
// with control characters escaped; with --raw it prints the content of raw
// alone, decoded, or the whole message where there is no raw. dump delete removes
// entries.
//
// dump edit opens $VISUAL or $EDITOR with a file for each entry. Of a report
// the file has the content, decoded; of any other message the file has the
// message itself, which has to stay on one line. What is not changed stays as
// it is, byte for byte.
//
// dump replay sends messages once more, as they were. With --edit a command
// changes them on their way: it reads the same content as an editor gets, and
// what it prints is sent. In a bare pipe dump replay prints messages, and they
// stay in the dump. With a pipeline of its own, after -- or then, which ends
// with an output, it removes those that have arrived. What fails again is a new
// entry that says when and where the message failed first. The last line says
// how many have passed and failed; the exit code is 1 if some have failed. What
// a pipeline cannot be given stays: lines that are no message, or of which only
// a part was kept, and messages for which the command of --edit fails.
//
// Only one process at a time can replay or edit a dump; a second one exits with
// code 3 and names the first. Meanwhile other commands may add entries, and dump
// delete may remove some: an entry that is deleted before it is sent is not sent.
// If a replay is killed, the next one continues it, and sends what had not
// arrived.
//
// A message that a source sends again after a crash is stored once. Each source
// has its own limit of --dump-bytes in a dump; all bare pipes share one.
//
// # Format
//
// A dump is NDJSON, which jq reads, and dumps can be joined with cat. A few
// entries are one object a line: id, time, command, reason, file, line, column,
// the source and the number of its window, again (the id of the entry that was
// replayed and has failed again), and message, or base64 of what is not UTF-8. A
// line that is too large for the dump lies in the file kept, beside it. Where
// many messages of one file fail in a row, a line may have several entries, which
// share what they have in common.
//
// # Examples
//
//	echo '{' | expert-taxonomy --dump failed.dump || dump list failed.dump
//	echo '{"source.ip":"x"}' | expert-harmonize --dump mend.dump ||
//	  dump replay --edit 'sed s/x/192.0.2.1/' mend.dump -- sh -c \
//	  'expert-harmonize | output-file --file events.ndjson'
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

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	dumpfile "github.com/intelpipe/intelpipe/internal/durable/dump"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command is dump.
type Command struct {
	List   listing  `cmd:"" help:"List entries; without FILE, of all dumps in the state directory."`
	Show   showing  `cmd:"" help:"Print messages for people."`
	Edit   editing  `cmd:"" help:"Change the content of messages in an editor."`
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
	Entries []span `arg:"" optional:"" sep:"none" name:"entry" help:"Ids of entries, or numbers."`
}

type deletion struct {
	All     bool   `help:"Delete all entries."`
	File    file   `arg:"" help:"A dump, or the name of a command."`
	Entries []span `arg:"" optional:"" sep:"none" name:"entry" help:"Ids of entries, or numbers."`
}

// find returns the path of a dump that is named by it, or by its command.
func (f file) find(env *stage.Env) (string, error) {
	path, state := string(f), env.StateDir
	candidates := []string{path}
	if !strings.Contains(path, "/") {
		candidates = append(candidates, filepath.Join(state, path), filepath.Join(state, path+".dump"))
	}
	for _, c := range candidates {
		info, err := os.Stat(c)
		switch {
		case err == nil && !info.IsDir():
			return c, nil
		case err != nil && !errors.Is(err, os.ErrNotExist):
			return "", stage.Fatal(err)
		}
	}
	return "", fmt.Errorf("%s: there is no such dump, and no %s.dump in %s", path, path, state)
}

// all returns the paths of the dumps in the state directory. One that is not
// there has none; one that cannot be read is no empty one.
func all(env *stage.Env) (paths []string, err error) {
	state := env.StateDir
	names, err := os.ReadDir(state)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, stage.Fatal(err)
	}
	for _, name := range names {
		if !name.IsDir() && strings.HasSuffix(name.Name(), ".dump") {
			paths = append(paths, filepath.Join(state, name.Name()))
		}
	}
	return paths, nil
}

// Run lists entries.
func (l *listing) Run(ctx context.Context, env *stage.Env, stdout io.Writer) error {
	var paths []string
	for _, f := range l.Files {
		path, err := f.find(env)
		if err != nil {
			return err
		}
		paths = append(paths, path)
	}
	if len(l.Files) == 0 {
		var err error
		if paths, err = all(env); err != nil {
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
		ID      string `json:"id"`
		Time    string `json:"time"`
		Command string `json:"command"`
		Reason  string `json:"reason"`
		File    string `json:"file"`
		Line    int64  `json:"line,omitempty"`
		Column  int    `json:"column,omitempty"`
		Source  string `json:"source,omitempty"`
		Bytes   int64  `json:"bytes"`
		Kept    string `json:"kept,omitempty"`
		Cut     bool   `json:"cut,omitempty"`
	}{e.dump, e.number, e.ID.String(), e.Time, e.Command, e.Reason, e.File, e.Line, e.Column, e.Source, size, e.Kept, e.Cut})
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
	return printable(fmt.Sprintf("%d  %v  %s  %s  %s  %s", e.number, e.ID, at, e.Command, place, string(reason)))
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
func (s *showing) Run(ctx context.Context, env *stage.Env, stdout io.Writer) error {
	path, err := s.File.find(env)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(stdout)
	err = each(path, s.Entries, func(e *entry) error {
		text, err := e.Text()
		switch {
		case err != nil:
		case s.Raw:
			err = printRaw(out, e)
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

// printRaw prints the content of raw, decoded, or of what has none all that was
// kept, as it is. What does not end with a newline gets one, so that the next
// entry begins on a line of its own.
func printRaw(w io.Writer, e *entry) error {
	out := &ending{w: w}
	err := writeRaw(out, e)
	if err == nil && out.last != '\n' {
		_, err = io.WriteString(w, "\n")
	}
	return err
}

// ending remembers the last byte that was written.
type ending struct {
	w    io.Writer
	last byte
}

func (e *ending) Write(p []byte) (int, error) {
	if len(p) > 0 {
		e.last = p[len(p)-1]
	}
	return e.w.Write(p)
}

func writeRaw(w io.Writer, e *entry) error {
	m, done, err := e.message(nil)
	defer done()
	if err == nil && (m.Body() != nil || m.Has("raw")) {
		_, err := io.Copy(w, m.Raw())
		return err
	}
	if e.Kept != "" {
		return copyKept(w, e)
	}
	text, err := e.Text()
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
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
func (d *deletion) Run(ctx context.Context, env *stage.Env, _ io.Writer) error {
	if d.All != (len(d.Entries) == 0) {
		return errors.New("delete: name entries, or --all")
	}
	path, err := d.File.find(env)
	if err != nil {
		return err
	}
	f, err := lock(path)
	if err != nil {
		return err
	}
	defer f.Close()
	gone, err := dumpfile.Gone(path)
	if err != nil {
		return err
	}
	chosen, err := choose(whole(f), path, gone, d.Entries)
	if err != nil {
		return err
	}
	return remove(f, path, func(e *entry) bool { return gone[e.ID] || chosen.has(e.ID) })
}

// whole reads a dump from its beginning.
func whole(f *os.File) io.Reader { return io.NewSectionReader(f, 0, 1<<62) }

// remove rewrites a dump without some of its entries, under the lock that those
// who add entries take, too.
func remove(f *os.File, path string, gone func(*entry) bool) error {
	var files []string
	err := rewrite(f, path, func(e *entry) (*dumpfile.Entry, error) {
		if !gone(e) {
			return &e.Entry, nil
		}
		if e.Kept == "" {
			return nil, nil
		}
		name, err := kept(path, e)
		if err != nil {
			return nil, e.error(err)
		}
		files = append(files, name)
		return nil, nil
	}, func() error { return nil })
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

// rewrite writes a dump anew, with what change makes of each entry: the same
// pointer leaves it as it is, nil leaves it out. At its end check may refuse.
func rewrite(f *os.File, path string, change func(*entry) (*dumpfile.Entry, error), check func() error) error {
	left := 0
	err := disk.CreateAtomic(path, 0o600, func(w io.Writer) error {
		if err := readLines(whole(f), path, nil, func(entries []entry, line []byte) error {
			var stay []dumpfile.Entry
			same := true
			for i := range entries {
				e := &entries[i]
				now, err := change(e)
				if err != nil {
					return err
				}
				same = same && now == &e.Entry
				if now != nil {
					stay = append(stay, *now)
				}
			}
			left += len(stay)
			if !same {
				var err error
				if line, err = dumpfile.AppendAll(nil, stay); err != nil {
					return err
				}
			}
			_, err := w.Write(line)
			return err
		}); err != nil {
			return err
		}
		if err := check(); err != nil || left > 0 {
			return err
		}
		return errNothingLeft
	})
	if err == errNothingLeft {
		// The file itself goes, whose lock is held. An empty one in its place
		// would be locked by nobody, and have new entries by the time it goes.
		err = disk.Remove(path)
	}
	return err
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
}

func (e *entry) error(err error) error { return fmt.Errorf("%s: entry %v: %w", e.dump, e.ID, err) }

// each calls do with the entries that are chosen.
func each(path string, spans []span, do func(*entry) error) error {
	gone, err := dumpfile.Gone(path)
	if err != nil {
		return err
	}
	f, size, err := open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	chosen, err := choose(io.NewSectionReader(f, 0, size), path, gone, spans)
	if err != nil {
		return err
	}
	return read(io.NewSectionReader(f, 0, size), path, gone, func(e *entry) error {
		if !chosen.has(e.ID) {
			return nil
		}
		return do(e)
	})
}

// open opens a dump, and says how long it is now, at the end of an entry. What
// is replayed may come back as new entries, which must not be replayed as well.
func open(path string) (*os.File, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, stage.Fatal(err)
	}
	size, err := sizeOf(f)
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, size, nil
}

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

// read calls do with each entry that is not gone.
func read(f io.Reader, path string, gone idSet, do func(*entry) error) error {
	return readLines(f, path, gone, func(entries []entry, _ []byte) error {
		for i := range entries {
			if err := do(&entries[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// readLines calls do with the entries of each line that are not gone, and the
// line as it stands.
func readLines(f io.Reader, path string, gone idSet, do func(entries []entry, line []byte) error) error {
	var stopped error
	number := 0
	err := dumpfile.Read(f, func(found []dumpfile.Entry, line []byte) bool {
		entries := make([]entry, 0, len(found))
		for _, e := range found {
			if !gone[e.ID] {
				number++
				entries = append(entries, entry{Entry: e, dump: path, number: number})
			}
		}
		stopped = do(entries, line)
		return stopped == nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return stopped
}
