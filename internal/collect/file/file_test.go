package file

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// pieces splits text, read in small pieces.
func pieces(t *testing.T, text string, chunk int64, header bool) []string {
	t.Helper()
	var got []string
	c := &Command{ChunkSize: chunk, ChunkReplicateHeader: header}
	err := c.split(iotest.OneByteReader(strings.NewReader(text)), chunk == 0, func(r io.Reader) error {
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
		{"header alone", "h\n", 6, true, nil},
		{"a long line", "a\n" + strings.Repeat("x", 99) + "\nb\n", 4, false, []string{"a\n", strings.Repeat("x", 99) + "\n", "b\n"}},
		{"a long line at the end", "a\n" + strings.Repeat("x", 99), 4, false, []string{"a\n", strings.Repeat("x", 99)}},
	} {
		if got := pieces(t, c.text, c.chunk, c.header); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
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
	ctx := stage.WithEnv(context.Background(), &stage.Env{Dictionary: harmonization.Default(),
		Warn: func(format string, _ ...any) { warnings = append(warnings, format) }})
	if err := c.Start(ctx); err != nil {
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
	if len(warnings) != 1 || !strings.Contains(warnings[0], "locked") {
		t.Errorf("warnings %q", warnings)
	}
	if got, warnings, err = collect(t, &Command{Path: dir}); len(got) != 8 || len(warnings) != 2 || err != nil {
		t.Errorf("all files: %q, %q, %v", got, warnings, err)
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
