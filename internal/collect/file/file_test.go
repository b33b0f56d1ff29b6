package file

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// pieces splits text, read in small pieces.
func pieces(t *testing.T, text string, chunk int64, header bool) []string {
	t.Helper()
	var got []string
	c := &Command{ChunkSize: chunk, ChunkReplicateHeader: header}
	source := iotest.OneByteReader(strings.NewReader(text))
	if len(text) > 1<<20 {
		source = iotest.HalfReader(strings.NewReader(text))
	}
	err := c.split(source, chunk == 0, func(r io.Reader) error {
		b, err := io.ReadAll(r)
		got = append(got, string(b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		name   string
		text   string
		chunk  int64
		header bool
		want   []string
	}{
		{"whole", "a\nb\n", 0, true, []string{"a\nb\n"}},
		{"empty", "", 0, true, nil},
		{"empty, in chunks", "", 4, true, nil},
		{"one a piece", "ab\ncd\nef\n", 3, false, []string{"ab\n", "cd\n", "ef\n"}},
		{"two a piece", "ab\ncd\nef\n", 6, false, []string{"ab\ncd\n", "ef\n"}},
		{"not quite two", "ab\ncd\nef\n", 5, false, []string{"ab\n", "cd\n", "ef\n"}},
		{"header", "h\nab\ncd\nef", 6, true, []string{"h\nab\ncd\n", "h\nef"}},
		{"header alone", "h\n", 6, true, []string{"h\n"}},
		{"header without a line break", "h", 6, true, []string{"h"}},
		{"quoted", "h\n1,\"a\nb\"\n2\n", 3, false, []string{"h\n", "1,\"a\nb\"\n", "2\n"}},
		{"quoted, other separators", "h;i\n1;\"a\nb\"\n2\n", 3, true, []string{"h;i\n1;\"a\nb\"\n", "h;i\n2\n"}},
		{"quoted header", "\"h\ni\",j\n1\n2\n", 2, true, []string{"\"h\ni\",j\n1\n", "\"h\ni\",j\n2\n"}},
		{"never closed", "1,\"a\n2\n3\n", 4, false, []string{"1,\"a\n", "2\n3\n"}},
		{"quotes in the middle", "a \"b\nc\" d\ne\n", 1, false, []string{"a \"b\n", "c\" d\n", "e\n"}},
		{"line ends of all kinds", "a\r\nb\rc\n\nd", 2, false, []string{"a\r\n", "b\r", "c\n", "\nd"}},
		{"more columns than a table may have", "a\n" + strings.Repeat(",", 200_000) + "\nb\n", 4, false, []string{"a\n", strings.Repeat(",", 200_000) + "\n", "b\n"}},
		{"UTF-16", "\xff\xfea\x00\n\x00b\x00\n\x00", 2, false, []string{"\xff\xfea\x00\n\x00b\x00\n\x00"}},
		{"a row over the limit of a row", "a\n" + strings.Repeat("x", 40<<20) + "\nb\nc\n", 4, false, []string{"a\n", strings.Repeat("x", 40<<20) + "\n", "b\nc\n"}},
		{"a long line", "a\n" + strings.Repeat("x", 99) + "\nb\n", 4, false, []string{"a\n", strings.Repeat("x", 99) + "\n", "b\n"}},
		{"a long line at the end", "a\n" + strings.Repeat("x", 99), 4, false, []string{"a\n", strings.Repeat("x", 99)}},
	} {
		if got := pieces(t, c.text, c.chunk, c.header); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %.200q, want %.200q", c.name, got, c.want)
		}
	}
}

// TestSplitUnread is a next stage that does not read all of a piece.
func TestSplitUnread(t *testing.T) {
	var got []string
	c := &Command{ChunkSize: 8}
	c.split(strings.NewReader("abc\ndef\nghi\njkl\n"), false, func(r io.Reader) error {
		b := make([]byte, 3)
		io.ReadFull(r, b)
		got = append(got, string(b))
		return nil
	})
	if !slices.Equal(got, []string{"abc", "ghi"}) {
		t.Errorf("got %q", got)
	}
}

func TestReadErrorBreaksTheStream(t *testing.T) {
	broken := errors.New("broken")
	for _, chunk := range []int64{0, 10} {
		c := &Command{ChunkSize: chunk}
		err := c.split(io.MultiReader(strings.NewReader("abc\n"), iotest.ErrReader(broken)), chunk == 0, func(r io.Reader) error {
			_, err := io.ReadAll(r)
			return err
		})
		if !errors.Is(err, broken) || !stage.IsFatal(err) {
			t.Errorf("got %v", err)
		}
	}
}

// collect runs the command and returns names and contents of the reports.
func collect(t *testing.T, c *Command) (got, warnings []string, err error) {
	t.Helper()
	ctx := t.Context()
	env := &stage.Env{Dictionary: harmonization.Default(),
		Warn: func(format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) },
		Fail: func(format string, args ...any) { warnings = append(warnings, "failed: "+fmt.Sprintf(format, args...)) }}
	if err := c.Start(ctx, env); err != nil {
		return nil, nil, err
	}
	err = c.Collect(ctx, func(m *event.Message) error {
		b, err := io.ReadAll(m.Raw())
		got = append(got, m.Get("extra.file_name")+"="+string(b), m.Get("feed.url"))
		return cmp.Or(err, m.Err())
	})
	return got, warnings, err
}

func TestDirectory(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"b.csv": "2", "a.csv": "1", "x.txt": "3", "empty.csv": "", "ü %d.csv": "4", "locked.csv": "5"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	os.Mkdir(filepath.Join(dir, "d.csv"), 0o755)
	unix.Mkfifo(filepath.Join(dir, "fifo.csv"), 0o600)
	os.Symlink("nowhere", filepath.Join(dir, "dangling.csv"))
	f, err := os.Open(filepath.Join(dir, "locked.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	got, warnings, err := collect(t, &Command{Path: dir, Postfix: ".csv"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a.csv=1", "file://localhost" + dir + "/a.csv", "b.csv=2", "file://localhost" + dir + "/b.csv", "ü %d.csv=4"}
	if len(got) != 6 || !slices.Equal(got[:5], want) || !strings.HasPrefix(got[5], "file://localhost/") {
		t.Errorf("got %q", got)
	}
	said := []string{
		dir + "/d.csv: a directory, skipped",
		dir + "/dangling.csv: a symbolic link, see --follow-links, skipped",
		dir + "/fifo.csv: a named pipe, skipped",
		dir + "/locked.csv: locked by another process, skipped",
	}
	if !slices.Equal(warnings, said) {
		t.Errorf("warnings %q", warnings)
	}
	if got, warnings, err = collect(t, &Command{Path: dir}); len(got) != 8 || len(warnings) != 5 || err != nil {
		t.Errorf("all files: %q, %q, %v", got, warnings, err)
	}
}

// TestLeftAlone has one thing at a time in the directory that is not to be read.
func TestLeftAlone(t *testing.T) {
	other := filepath.Join(t.TempDir(), "other")
	write(t, other, "secret")
	for name, c := range map[string]struct {
		make    func(t *testing.T, path string)
		command Command
		want    string // the warning, or =CONTENT
	}{
		"fcntl": {make: func(t *testing.T, path string) {
			// A lock of fcntl is none for the process that has it, but one of the open file is.
			f := write(t, path, "1")
			lock := unix.Flock_t{Type: unix.F_WRLCK, Start: 0, Len: 1}
			if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lock); err != nil {
				t.Fatal(err)
			}
		}, want: "locked by another process"},
		"flock shared": {make: func(t *testing.T, path string) {
			if err := unix.Flock(int(write(t, path, "1").Fd()), unix.LOCK_SH); err != nil {
				t.Fatal(err)
			}
		}, want: "locked by another process"},
		"socket": {make: func(t *testing.T, path string) {
			fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			if err == nil {
				err = unix.Bind(fd, &unix.SockaddrUnix{Name: path})
				t.Cleanup(func() { unix.Close(fd) })
			}
			if err != nil {
				t.Skip(err)
			}
		}, want: "a socket"},
		"link":            {make: func(t *testing.T, path string) { os.Symlink(other, path) }, want: "a symbolic link, see --follow-links"},
		"link, followed":  {make: func(t *testing.T, path string) { os.Symlink(other, path) }, command: Command{FollowLinks: true}, want: "=secret"},
		"link to nowhere": {make: func(t *testing.T, path string) { os.Symlink("nowhere", path) }, command: Command{FollowLinks: true}, want: "a symbolic link that leads nowhere"},
		"link to itself":  {make: func(t *testing.T, path string) { os.Symlink(filepath.Base(path), path) }, command: Command{FollowLinks: true}, want: "a symbolic link, see --follow-links"},
		"link to a pipe": {make: func(t *testing.T, path string) {
			unix.Mkfifo(path+".pipe", 0o600)
			os.Symlink(path+".pipe", path)
		}, command: Command{FollowLinks: true}, want: "a named pipe"},
		"device": {make: func(t *testing.T, path string) { os.Symlink("/dev/null", path) }, command: Command{FollowLinks: true}, want: "a device"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c.make(t, filepath.Join(dir, "m.csv"))
			write(t, filepath.Join(dir, "z.csv"), "last")
			c.command.Path, c.command.Postfix = dir, ".csv"
			got, warnings, err := collect(t, &c.command)
			want := []string{"z.csv=last", "file://localhost" + dir + "/z.csv"}
			if text, ok := strings.CutPrefix(c.want, "="); ok {
				want = append([]string{"m.csv=" + text, "file://localhost" + dir + "/m.csv"}, want...)
			} else if len(warnings) != 1 || strings.TrimPrefix(warnings[0], "failed: ") != dir+"/m.csv: "+c.want+", skipped" {
				t.Errorf("warnings %q", warnings)
			}
			if !slices.Equal(got, want) || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// TestUnreadable does without a file of somebody else, since root may read all.
func TestUnreadable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	write(t, path, "1")
	for number, want := range map[syscall.Errno]error{
		unix.EACCES: skipError{"permission denied", true}, unix.EPERM: skipError{"permission denied", true}, unix.EMFILE: unix.EMFILE,
	} {
		if err := new(Command).missing(path, &fs.PathError{Op: "open", Path: path, Err: number}); !errors.Is(err, want) {
			t.Errorf("%v: %v", number, err)
		}
	}
}

func write(t *testing.T, path, text string) *os.File {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// TestNames has names that no one would choose. A report is made of each.
func TestNames(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{
		"\n.csv", "a\nb.csv", " .csv", ".csv", "\u202egpj.csv", "M\xfcnchen.csv", "%41.csv", "a#b?c.csv", "-.csv", "\x1b[31m.csv",
		strings.Repeat("x", 251) + ".csv", "\u2028.csv", "[::1.csv", "{\"__type\".csv", "hxxp:.csv",
	} {
		text := name
		if err := os.WriteFile(filepath.Join(dir, text), []byte("1"), 0o644); err != nil {
			t.Fatal(err)
		}
		env := &stage.Env{Dictionary: harmonization.Default(), Warn: t.Errorf, Fail: t.Errorf}
		n := 0
		err := (&Command{Path: dir, Postfix: ".csv", env: env}).Collect(t.Context(), func(m *event.Message) error {
			n++
			io.Copy(io.Discard, m.Raw())
			m.SetBody(nil)
			line := m.Append(nil)
			again := event.New(event.Report, harmonization.Default())
			if err := again.Decode(line); err != nil || m.Err() != nil || bytes.ContainsRune(line, '\n') {
				t.Errorf("%q: %v, %v, %s", name, err, m.Err(), line)
			}
			url := again.Get("feed.url")
			if plain.Line(url) != url || !utf8.ValidString(again.Get("extra.file_name")) {
				t.Errorf("%q: feed.url %q, extra.file_name %q", name, url, again.Get("extra.file_name"))
			}
			return nil
		})
		if n != 1 || err != nil {
			t.Errorf("%q: %d reports, %v", name, n, err)
		}
		os.Remove(filepath.Join(dir, text))
	}
}

// TestChanging reads a file that is not what it was at the beginning.
func TestChanging(t *testing.T) {
	large := strings.Repeat("192.0.2.1\n", 200_000)
	for kind, c := range map[string]struct {
		change func(f *os.File)
		want   string
	}{
		"grows":     {func(f *os.File) { f.WriteAt([]byte("x"), int64(len(large))) }, "has changed while it was read"},
		"shrinks":   {func(f *os.File) { f.Truncate(1000) }, "has become shorter while it was read"},
		"rewritten": {func(f *os.File) { f.WriteAt([]byte("x"), 0); os.Chtimes(f.Name(), time.Time{}, time.Unix(1, 0)) }, "has changed while it was read"},
	} {
		for _, chunk := range []int64{0, 50_000} {
			path := filepath.Join(t.TempDir(), "a.csv")
			f := write(t, path, large)
			env := &stage.Env{Dictionary: harmonization.Default(), Warn: t.Errorf}
			reports := 0
			err := (&Command{Files: []name{name(path)}, ChunkSize: chunk, env: env}).Collect(t.Context(), func(m *event.Message) error {
				if reports++; reports == 1 {
					io.ReadFull(m.Raw(), make([]byte, 10))
					c.change(f)
				}
				_, err := io.Copy(io.Discard, m.Raw())
				return err
			})
			if err == nil || !stage.IsFatal(err) || !strings.HasSuffix(err.Error(), c.want) {
				t.Errorf("%s, %d: got %v", kind, chunk, err)
			}
		}
	}
	// A small one is looked at before anything of it goes on.
	path := filepath.Join(t.TempDir(), "a.csv")
	f := write(t, path, "1\n")
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	f.WriteAt([]byte("1\n2"), 0)
	if now, err := f.Stat(); err != nil || same(info, now) {
		t.Error("a file that has grown is the same")
	}
}

// pipeline is one that acknowledges each window before the next begins.
type pipeline struct {
	state string
	ack   func(stage.Window) // called before a window is given up
	names []string
}

func (p *pipeline) Source() (string, bool) { return "S", false }

func (p *pipeline) Window(w stage.Window, send func() error) error {
	if err := send(); err != nil {
		return err
	}
	p.state, p.names = w.State, append(p.names, filepath.Base(w.Name))
	if p.ack != nil {
		p.ack(w)
	}
	return w.Ack(1)
}
func (p *pipeline) Lines([]byte) (bool, error) { return false, nil }
func (p *pipeline) Settle() error              { return nil }
func (p *pipeline) State() string              { return p.state }

// deleting collects from dir with --delete-file.
func deleting(t *testing.T, dir string, p *pipeline) (warnings []string, err error) {
	t.Helper()
	c := &Command{Path: dir, Postfix: ".csv", DeleteFile: true}
	ctx := t.Context()
	env := &stage.Env{Dictionary: harmonization.Default(), Pipeline: p,
		Warn: func(format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) }}
	if err := c.Start(ctx, env); err != nil {
		return nil, err
	}
	return warnings, c.Collect(ctx, func(m *event.Message) error {
		_, err := io.Copy(io.Discard, m.Raw())
		return err
	})
}

// content lists what is in a directory, hidden files too.
func content(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && path != dir {
			name, _ := filepath.Rel(dir, path)
			text, _ := os.ReadFile(path)
			fmt.Fprintf(&b, "%s=%s;", name, text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestSwapped changes a file between the end of its window and its deletion.
func TestSwapped(t *testing.T) {
	for name, c := range map[string]struct {
		swap func(t *testing.T, path string)
		want string
		said string
	}{
		"as it was": {func(t *testing.T, path string) {}, "", ""},
		"gone":      {func(t *testing.T, path string) { os.Remove(path) }, "", ""},
		"another file": {func(t *testing.T, path string) {
			write(t, path+".new", "2")
			os.Rename(path+".new", path)
		}, "a.csv=2;", "has changed since it was read, and is not deleted"},
		"appended": {func(t *testing.T, path string) { write(t, path, "12") }, "a.csv=12;", "has changed since it was read, and is not deleted"},
		"written over with the same time": {func(t *testing.T, path string) {
			info, _ := os.Stat(path)
			write(t, path, "2")
			os.Chtimes(path, info.ModTime(), info.ModTime())
		}, "a.csv=2;", "has changed since it was read, and is not deleted"},
		"a link": {func(t *testing.T, path string) {
			os.Rename(path, path+".old")
			os.Symlink(path+".old", path)
		}, "a.csv=1;a.csv.old=1;", "was replaced since it was read, and is not deleted"},
		"a directory": {func(t *testing.T, path string) { os.Remove(path); os.Mkdir(path, 0o755) }, "a.csv=;", "has changed since it was read, and is not deleted"},
		"locked": {func(t *testing.T, path string) {
			f, _ := os.Open(path)
			t.Cleanup(func() { f.Close() })
			if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
				t.Fatal(err)
			}
		}, "a.csv=1;", "was locked by another process since it was read, and is not deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "a.csv")
			write(t, path, "1").Close()
			p := &pipeline{ack: func(stage.Window) { c.swap(t, path) }}
			said, err := deleting(t, dir, p)
			if got := content(t, dir); got != c.want || err != nil || !slices.Equal(p.names, []string{"a.csv"}) {
				t.Errorf("left %q, %v", got, err)
			}
			if text := strings.Join(said, "\n"); text != "" && text != path+": "+c.said || (text == "") != (c.said == "") {
				t.Errorf("said %q", text)
			}
		})
	}
}

// TestNothingSent has files without content, and one whose reports nobody takes.
func TestNothingSent(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "empty.csv"), "")
	p := &pipeline{}
	if said, err := deleting(t, dir, p); content(t, dir) != "empty.csv=;" || err != nil || len(said) > 0 || len(p.names) > 0 {
		t.Errorf("left %s, %v, %q", content(t, dir), err, said)
	}
}

// TestSetAside finds what a run left that was killed while it deleted a file.
func TestSetAside(t *testing.T) {
	for name, c := range map[string]struct {
		left  func(t *testing.T, dir, aside string) (state string)
		want  string
		names []string // that are sent
	}{
		"acknowledged": {func(t *testing.T, dir, aside string) string {
			info, _ := write(t, filepath.Join(aside, "a.csv"), "1").Stat()
			return identity(filepath.Join(dir, "a.csv"), info)
		}, "", nil},
		"not yet set aside": {func(t *testing.T, dir, aside string) string {
			info, _ := write(t, filepath.Join(dir, "a.csv"), "1").Stat()
			return identity(filepath.Join(dir, "a.csv"), info)
		}, "", nil},
		"swapped": {func(t *testing.T, dir, aside string) string {
			write(t, filepath.Join(aside, "a.csv"), "2")
			return "7 1 7 " + filepath.Join(dir, "a.csv")
		}, "", []string{"a.csv"}},
		"no state": {func(t *testing.T, dir, aside string) string { write(t, filepath.Join(aside, "a.csv"), "2"); return "" }, "", []string{"a.csv"}},
		"two of a name": {func(t *testing.T, dir, aside string) string {
			write(t, filepath.Join(aside, "a.csv"), "2")
			write(t, filepath.Join(dir, "a.csv"), "3")
			write(t, filepath.Join(dir, "1~a.csv"), "4")
			return ""
		}, "", []string{"1~a.csv", "2~a.csv", "a.csv"}},
		"its process lives": {func(t *testing.T, dir, aside string) string {
			write(t, filepath.Join(aside, "a.csv"), "2")
			f, err := os.Open(aside)
			if err == nil {
				t.Cleanup(func() { f.Close() })
				err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
			}
			if err != nil {
				t.Fatal(err)
			}
			return ""
		}, ".intelpipe-1=;.intelpipe-1/a.csv=2;", nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			aside := filepath.Join(dir, ".intelpipe-1")
			if err := os.Mkdir(aside, 0o700); err != nil {
				t.Fatal(err)
			}
			p := &pipeline{state: c.left(t, dir, aside)}
			if _, err := deleting(t, dir, p); err != nil {
				t.Fatal(err)
			}
			if got := content(t, dir); got != c.want || !slices.Equal(p.names, c.names) {
				t.Errorf("left %q, sent %q", got, p.names)
			}
		})
	}
	// A run that deletes nothing gives back what it finds.
	dir := t.TempDir()
	os.Mkdir(filepath.Join(dir, ".intelpipe-1"), 0o700)
	write(t, filepath.Join(dir, ".intelpipe-1", "a.csv"), "1")
	got, warnings, err := collect(t, &Command{Path: dir, Postfix: ".csv"})
	if len(got) != 2 || len(warnings) != 1 || err != nil || content(t, dir) != "a.csv=1;" {
		t.Errorf("%q, %q, %v, left %s", got, warnings, err, content(t, dir))
	}
}

func TestConfiguration(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		c    Command
		want string
	}{
		{Command{}, "--path: name a directory"},
		{Command{Path: dir + "/none"}, "no such file"},
		{Command{Path: dir, DeleteFile: true}, "not with an empty --postfix"},
		{Command{Path: dir, DeleteFile: true, Postfix: ".csv"}, "needs a pipeline after -- or then"},
		{Command{Path: dir, Files: []name{"a"}}, "not together"},
		{Command{Path: dir, ChunkSize: -1}, "negative"},
	} {
		if _, _, err := collect(t, &c.c); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	if _, _, err := collect(t, &Command{Files: []name{name(dir)}}); err == nil {
		t.Error("a directory is read")
	}
	if _, _, err := collect(t, &Command{Files: []name{name(dir + "/none")}}); err == nil {
		t.Error("a file that is not there is no error")
	}
}

// TestVectors compares with how the reference splits.
func TestVectors(t *testing.T) {
	f, err := os.Open(filepath.Join(cmp.Or(os.Getenv("INTELPIPE_VECTORS"), "../../../../shared/vectors"), "functions.jsonl"))
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	type data struct {
		Bytes   []byte `json:"__bytes__"`
		Message struct{ Raw []byte }
		Raw     []byte
	}
	n := 0
	in := bufio.NewScanner(f)
	for in.Buffer(nil, 64<<20); in.Scan(); {
		if !bytes.Contains(in.Bytes(), []byte(`"splitreports.`)) {
			continue
		}
		var v struct {
			Function string
			Args     []json.RawMessage
			Kwargs   struct {
				ChunkSize *int64 `json:"chunk_size"`
				Header    bool   `json:"copy_header_line"`
			}
			Output json.RawMessage
		}
		if err := json.Unmarshal(in.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		n++
		var chunk int64
		if v.Kwargs.ChunkSize != nil {
			chunk = *v.Kwargs.ChunkSize
		}
		var input string
		for i, arg := range v.Args {
			var d data
			if json.Unmarshal(arg, &d) == nil && d.Bytes != nil {
				input = string(d.Bytes)
				if i+1 < len(v.Args) {
					json.Unmarshal(v.Args[i+1], &chunk)
				}
			}
		}
		got := pieces(t, input, chunk, v.Kwargs.Header)
		var want []string
		for _, text := range outputs(t, v.Output) {
			b, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, string(b))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s, %d: got %d pieces, want %d", v.Function, chunk, len(got), len(want))
		}
	}
	if n == 0 {
		t.Error("no vector was tried")
	}
}

// outputs finds the base64 texts in what the reference returned.
func outputs(t *testing.T, text json.RawMessage) []string {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	var found []string
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for k, e := range v {
				if s, ok := e.(string); ok && (k == "raw" || k == "__bytes__") {
					found = append(found, s)
				} else {
					walk(e)
				}
			}
		}
	}
	walk(v)
	return found
}
