package file

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/tool"
)

// TestStdoutIsNotDurable: what stands in the pipeline of a source is told before
// anything is read, and what meets control lines elsewhere ends the stream.
func TestStdoutIsNotDurable(t *testing.T) {
	specs := []tool.Spec{{Name: "output-file", New: func() any { return new(Command) }}}
	for _, c := range []struct {
		stdin, source string
		code          int
		stderr        string
	}{
		{`{"a":1}`, "", 0, ""},
		{`{"a":1}`, "collect-spool-0f", 2, "output-file: --file -: not in the pipeline of a source"},
		{`{"__type":"Commit","id":"S:0:n"}`, "", 3, "output-file: --file -: stdout cannot keep what a checkpoint promises"},
	} {
		var stdout, stderr bytes.Buffer
		env := map[string]string{"HOME": t.TempDir(), stage.InPipeline: c.source}
		code := tool.Run(context.Background(), specs, tool.System{
			Args: []string{"output-file", "--file", "-"}, Stdin: strings.NewReader(c.stdin + "\n"),
			Stdout: &stdout, Stderr: &stderr, Getenv: func(name string) string { return env[name] },
		})
		if code != c.code || !strings.HasPrefix(stderr.String(), c.stderr) || (stdout.String() == "{\"a\": 1}\n") != (code == 0) {
			t.Errorf("%+v: exit %d, %q, %q", c, code, &stdout, &stderr)
		}
	}
}

// TestReloadAtOnce: the new file is there before the next event is, and the
// reader of a pipe does not see an end.
func TestReloadAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	s := start(t, &Command{File: path})
	s.event(a)
	s.check(os.Rename(path, path+".1"))
	s.check(s.c.Reload(s.ctx))
	expect(t, path+".1", "a") // written, not held back
	expect(t, path, "")
	s.check(s.c.Reload(s.ctx)) // nothing has moved
	s.event(b)
	s.end()
	expect(t, path, "b")

	fifo := filepath.Join(t.TempDir(), "fifo")
	s.check(unix.Mkfifo(fifo, 0o600))
	read := make(chan string)
	go func() {
		f, err := os.Open(fifo)
		if err != nil {
			read <- err.Error()
			return
		}
		text, _ := io.ReadAll(f)
		read <- string(text)
	}()
	s = start(t, &Command{File: fifo})
	s.event(a)
	s.check(s.c.Reload(s.ctx))
	s.event(b)
	s.end()
	s.close()
	if got := <-read; got != "{\"a\": 1}\n{\"b\": 1}\n" {
		t.Errorf("the pipe's reader got %q", got)
	}
}
