package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

const mebibyte = 1 << 20

// size is how much a test sends: little, or with INTELPIPE_BIG=1 as much as
// has been promised.
func size(little, big int64) int64 {
	if os.Getenv("INTELPIPE_BIG") != "" {
		return big
	}
	return little
}

// TestLaunch is no test but a program: it runs a command and writes down how
// much memory it had. The kernel counts for a child what its parent had when
// it was started, so this parent has to be a small one.
func TestLaunch(t *testing.T) {
	report := os.Getenv("INTELPIPE_TEST_LAUNCH")
	if report == "" {
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := &exec.Cmd{Path: self, Args: flag.Args(), Env: append(os.Environ(), "INTELPIPE_TEST_PROCESS=1"), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	os.Stdin.Close()
	os.Stdout.Close()
	cmd.Wait()
	peak := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
	if err := os.WriteFile(report, strconv.AppendInt(nil, peak, 10), 0o644); err != nil {
		t.Fatal(err)
	}
	os.Exit(cmd.ProcessState.ExitCode())
}

// measured is one command of a pipe after its end.
type measured struct {
	name string
	peak int64 // resident memory in bytes
	exit int
}

// pipe runs command lines as a pipe in dir. Feed writes to the first of them,
// drain reads from the last.
func pipe(t *testing.T, dir string, feed func(io.Writer) error, drain func(io.Reader) error, stderr io.Writer, lines ...[]string) []measured {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	first, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	var cmds []*exec.Cmd
	for i, line := range lines {
		out, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(self, append([]string{"-test.run=^TestLaunch$", "--"}, line...)...)
		for _, e := range environment(dir) {
			if !strings.HasPrefix(e, "INTELPIPE_TEST_PROCESS=") {
				cmd.Env = append(cmd.Env, e)
			}
		}
		cmd.Env = append(cmd.Env, "INTELPIPE_TEST_LAUNCH="+filepath.Join(dir, fmt.Sprint("peak", i)))
		cmd.Stdin, cmd.Stdout, cmd.Stderr = first, w, stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		first.Close()
		w.Close()
		first = out
		cmds = append(cmds, cmd)
	}
	fed := make(chan error, 1)
	go func() {
		w := bufio.NewWriterSize(in, mebibyte)
		err := errors.Join(feed(w), w.Flush())
		fed <- errors.Join(err, in.Close())
	}()
	if err := drain(first); err != nil {
		t.Error(err)
	}
	if err := <-fed; err != nil {
		t.Errorf("the input was not read: %v", err)
	}
	var all []measured
	for i, cmd := range cmds {
		cmd.Wait()
		m := measured{name: lines[i][0], exit: cmd.ProcessState.ExitCode()}
		text, err := os.ReadFile(filepath.Join(dir, fmt.Sprint("peak", i)))
		if err == nil {
			m.peak, err = strconv.ParseInt(string(text), 10, 64)
		}
		if err != nil {
			t.Fatal(err)
		}
		if m.peak < mebibyte {
			t.Errorf("%s: %d bytes of memory cannot be", m.name, m.peak)
		}
		t.Logf("%s: %.1f MiB", m.name, float64(m.peak)/mebibyte)
		all = append(all, m)
	}
	return all
}

// writeTable writes rows of 1 KiB until there are size bytes of them.
func writeTable(w io.Writer, size int64) (rows int64, err error) {
	filler := strings.Repeat("abcdefghijklmnopqrstuvwxyz,", 40)
	row := make([]byte, 0, 1<<10)
	for rows = range size >> 10 {
		row = fmt.Appendf(row[:0], "192.0.2.%d,%d,host-%d.example.org,", rows%256, rows%65536, rows)
		row = append(append(row, filler[:1<<10-1-len(row)]...), '\n')
		if _, err := w.Write(row); err != nil {
			return rows, err
		}
	}
	return size >> 10, nil
}

// TestReportsLargerThanMemory sends one report through the main job, once as
// it is and once as a message.
func TestReportsLargerThanMemory(t *testing.T) {
	t.Parallel()
	total := size(256*mebibyte, 2048*mebibyte)
	for name, feed := range map[string]func(io.Writer) error{
		"bare": func(w io.Writer) error {
			_, err := writeTable(w, total)
			return err
		},
		"a line": func(w io.Writer) error {
			io.WriteString(w, `{"feed.name":"Example feed","raw":"`)
			encoder := base64.NewEncoder(base64.StdEncoding, w)
			_, err := writeTable(encoder, total)
			encoder.Close()
			io.WriteString(w, "\"}\n")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			var lines int64
			count := func(r io.Reader) error {
				buf := make([]byte, 256<<10)
				for {
					n, err := r.Read(buf)
					lines += int64(bytes.Count(buf[:n], []byte("\n")))
					if err == io.EOF {
						return nil
					} else if err != nil {
						return err
					}
				}
			}
			for _, m := range pipe(t, t.TempDir(), feed, count, &stderr,
				[]string{"parse-csv", "--columns", "source.ip,source.port,source.fqdn", "--type", "scanner"},
				[]string{"expert-taxonomy"},
				[]string{"output-file", "--file", os.DevNull, "--pass"},
			) {
				if m.exit != 0 || m.peak > 64*mebibyte {
					t.Errorf("%+v: exit code 0 and at most %d bytes were expected", m, 64*mebibyte)
				}
			}
			if lines != total>>10 || stderr.Len() > 0 {
				t.Errorf("%d events of %d rows, stderr %.300q", lines, total>>10, stderr.String())
			}
		})
	}
}

// TestReportLineInFile reads a report from a regular file, where as much can be
// read at once as a buffer holds. That must not cost more than the decoding of
// base64 does: processor time, so that it does not matter what else runs.
func TestReportLineInFile(t *testing.T) {
	dir := t.TempDir()
	var rows, line bytes.Buffer
	writeTable(&rows, 24*mebibyte)
	fmt.Fprintf(&line, `{"feed.name":"Example feed","raw":"%s"}`+"\n", base64.StdEncoding.EncodeToString(rows.Bytes()))
	cost := func(name string, text []byte) float64 {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
		in, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		cmd := command(t, dir, "parse-csv", "--columns", "source.ip,source.port,source.fqdn", "--type", "scanner")
		cmd.Stdin, cmd.Stderr = in, os.Stderr
		if err := cmd.Run(); err != nil {
			t.Error(err)
		}
		return (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	}
	bare, report := cost("bare", rows.Bytes()), cost("line", line.Bytes())
	t.Logf("bare %.3f s, as a line %.3f s", bare, report)
	if report > 10*bare {
		t.Errorf("the report costs %.1f times what its content costs, at most 10 were expected", report/bare)
	}
}

// TestLineAboveRecordLimit sends an event that is too large between two others.
func TestLineAboveRecordLimit(t *testing.T) {
	total := size(64*mebibyte, 1024*mebibyte)
	good := `{"source.ip":"192.0.2.%d","classification.type":"scanner","classification.taxonomy":"information-gathering"}` + "\n"
	const head, tail = `{"source.ip":"192.0.2.9","extra.large":"`, `"}`
	feed := func(w io.Writer) error {
		fmt.Fprintf(w, good, 1)
		io.WriteString(w, head)
		block := bytes.Repeat([]byte("x"), mebibyte)
		for left := total - int64(len(head)+len(tail)); left > 0; left -= int64(len(block)) {
			if _, err := w.Write(block[:min(left, int64(len(block)))]); err != nil {
				return err
			}
		}
		io.WriteString(w, tail+"\n")
		_, err := fmt.Fprintf(w, good, 2)
		return err
	}
	dir := t.TempDir()
	var stdout, stderr bytes.Buffer
	drain := func(r io.Reader) error { _, err := io.Copy(&stdout, r); return err }
	m := pipe(t, dir, feed, drain, &stderr, []string{"expert-taxonomy"})[0]
	if m.exit != 1 || m.peak > 64*mebibyte {
		t.Errorf("%+v: exit code 1 and at most %d bytes were expected", m, 64*mebibyte)
	}
	if want := fmt.Sprintf(good, 1) + fmt.Sprintf(good, 2); stdout.String() != want {
		t.Errorf("got %.300q, want %q", stdout.String(), want)
	}
	if want := "expert-taxonomy: stdin:2: longer than 16777216 bytes, see --record-limit\nexpert-taxonomy: read 3, passed 2, failed 1 (kept: dump list expert-taxonomy)\n"; stderr.String() != want {
		t.Errorf("stderr %.300q, want %q", stderr.String(), want)
	}
	text, err := os.ReadFile(filepath.Join(dir, "state", "expert-taxonomy.dump"))
	var entry struct {
		Line  int64
		Kept  string
		Bytes int64
		Cut   bool
	}
	if err != nil || bytes.Count(text, []byte("\n")) != 1 || json.Unmarshal(text, &entry) != nil {
		t.Fatalf("dump %.300q, %v", text, err)
	}
	info, err := os.Stat(filepath.Join(dir, "state", entry.Kept))
	if err != nil || entry.Line != 2 || entry.Cut || entry.Bytes != total || info.Size() != total {
		t.Errorf("%+v, %v, but the line has %d bytes", entry, err, total)
	}
	var replayed int64
	drain = func(r io.Reader) (err error) { replayed, err = io.Copy(io.Discard, r); return err }
	none := func(io.Writer) error { return nil }
	if m := pipe(t, dir, none, drain, &stderr, []string{"dump", "replay", "expert-taxonomy"})[0]; m.exit != 0 || m.peak > 64*mebibyte || replayed != total+1 {
		t.Errorf("%+v: %d bytes were replayed, not %d", m, replayed, total+1)
	}
}

// TestMillionKeys counts the memory of what was seen.
func TestMillionKeys(t *testing.T) {
	const keys = 1_000_000
	feed := func(w io.Writer) error {
		for round := range 2 { // the second time nothing is new
			for n := range keys {
				if _, err := fmt.Fprintf(w, `{"source.ip":"192.0.2.%d","source.port":%d,"classification.type":"scanner","extra.n":%d}`+"\n", n%256, n%60000, n); err != nil {
					return fmt.Errorf("round %d: %w", round, err)
				}
			}
		}
		return nil
	}
	lines := 0
	drain := func(r io.Reader) error {
		in := bufio.NewScanner(r)
		for in.Scan() {
			lines++
		}
		return in.Err()
	}
	m := pipe(t, t.TempDir(), feed, drain, os.Stderr, []string{"expert-deduplicator",
		"--filter-type", "whitelist", "--filter-keys", "source.ip,source.port,classification.type,extra.n", "--redis-cache-ttl", "86400"})[0]
	if m.exit != 0 || m.peak > 100*mebibyte || lines != keys {
		t.Errorf("%+v: %d of %d events, at most %d bytes were expected", m, lines, keys, 100*mebibyte)
	}
}
