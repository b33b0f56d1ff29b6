package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/internal/tool"
)

// A smallDisk is a home with a file system of 4 MiB in disk, which has the
// state directory and whatever else a test puts there.
type smallDisk struct {
	*testing.T
	home, disk string
}

func newSmallDisk(t *testing.T) *smallDisk {
	t.Helper()
	d := &smallDisk{T: t, home: home(t)}
	d.disk = filepath.Join(d.home, "disk")
	if err := os.Mkdir(d.disk, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", d.disk, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("not allowed here: mounting a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(d.disk, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return d
}

// fill leaves so much room on the disk.
func (d *smallDisk) fill(leave int64) {
	d.Helper()
	var fs unix.Statfs_t
	if err := unix.Statfs(d.disk, &fs); err != nil {
		d.Fatal(err)
	}
	if err := os.WriteFile(d.filler(), make([]byte, int64(fs.Bavail)*fs.Bsize-leave), 0o600); err != nil {
		d.Fatal(err)
	}
}

func (d *smallDisk) free() {
	d.Helper()
	if err := os.Remove(d.filler()); err != nil {
		d.Fatal(err)
	}
}

func (d *smallDisk) filler() string { return filepath.Join(d.disk, "filler") }

// readOnly makes it read-only, or ends that.
func (d *smallDisk) readOnly(flag uintptr) {
	d.Helper()
	if err := unix.Mount("", d.disk, "", unix.MS_REMOUNT|flag, ""); err != nil {
		d.Fatal(err)
	}
}

func (d *smallDisk) env() string { return "STATE_DIRECTORY=" + filepath.Join(d.disk, "state") }

// shell runs a script in the home.
func (d *smallDisk) shell(script string) result {
	d.Helper()
	return shell(d.T, d.home, script, d.env())
}

func (d *smallDisk) must(script string) {
	d.Helper()
	if r := d.shell(script); r.exit != tool.ExitOK {
		d.Fatalf("%s: %+v", script, r)
	}
}

// start starts a script and returns what waits for its end.
func (d *smallDisk) start(script string) *background {
	d.Helper()
	b := &background{said: filepath.Join(d.TempDir(), "stderr")}
	stderr, err := os.Create(b.said)
	if err != nil {
		d.Fatal(err)
	}
	defer stderr.Close()
	b.cmd = exec.Command("bash", "-c", "exec "+script)
	b.cmd.Dir, b.cmd.Stderr = d.home, stderr
	b.cmd.Env = append(environment(d.home), "PATH="+filepath.Join(d.home, "bin")+":"+os.Getenv("PATH"), d.env())
	if err := b.cmd.Start(); err != nil {
		d.Fatal(err)
	}
	b.ended = make(chan struct{})
	go func() {
		b.cmd.Wait()
		close(b.ended)
	}()
	d.Cleanup(func() {
		b.cmd.Process.Kill()
		<-b.ended
	})
	return b
}

type background struct {
	cmd   *exec.Cmd
	said  string // file with stderr
	ended chan struct{}
}

func (b *background) stderr() string {
	text, _ := os.ReadFile(b.said)
	return string(text)
}

// says waits for a word on stderr.
func (b *background) says(t *testing.T, word string) {
	t.Helper()
	if !eventually(func() bool { return strings.Contains(b.stderr(), word) }) {
		t.Fatalf("it does not say %q: %s", word, b.stderr())
	}
}

// exit waits for the end.
func (b *background) exit(t *testing.T) int {
	t.Helper()
	select {
	case <-b.ended:
	case <-time.After(2 * time.Minute):
		t.Fatalf("it does not end: %s", b.stderr())
	}
	return b.cmd.ProcessState.ExitCode()
}

// wantOnce looks for each event of numbered(n) in a file, where it may be up to
// most times.
func (d *smallDisk) wantOnce(file string, n, most int) {
	d.Helper()
	times := make([]int, n+1)
	torn := 0
	text := read(d.home, file)
	for line := range strings.Lines(text) {
		m := eventNumber.FindStringSubmatch(line)
		if m == nil {
			torn++
			continue
		}
		i, _ := strconv.Atoi(m[1])
		times[min(i, n)]++
	}
	lost, repeated := 0, 0
	for _, got := range times[1:] {
		if got == 0 {
			lost++
		}
		if got > 1 {
			repeated++
		}
	}
	d.Logf("%s: %d events, %d lost, %d there more than once, %d torn lines", file, n, lost, repeated, torn)
	if lost > 0 || slices.Max(times) > most || torn > 0 {
		d.Errorf("one is there %d times, at most %d were expected", slices.Max(times), most)
	}
}

var eventNumber = regexp.MustCompile(`^\{.*"extra\.n": ?([0-9]+).*\}\n$`)

// wantEmpty looks for segments that were left behind.
func (d *smallDisk) wantEmpty(queue string) {
	d.Helper()
	if left, _ := filepath.Glob(filepath.Join(d.home, queue, "*/[^.]*")); len(left) > 0 {
		d.Errorf("left in the spool: %q", left)
	}
}

// wantBroken holds a run to exit code 3, and to one line that names a path and
// the reason. Others of the same pipeline may have their own to say.
func (d *smallDisk) wantBroken(r result, path, reason string) {
	d.Helper()
	named := 0
	for line := range strings.Lines(r.stderr) {
		if strings.Contains(line, path) && strings.Contains(line, reason) && oneLine.MatchString(line) {
			named++
		}
	}
	if r.exit != tool.ExitBroken || named != 1 {
		d.Errorf("exit %d, %d lines name %s and say %q: %s", r.exit, named, path, reason, r.stderr)
	}
}

const (
	diskEvents = 20000 // 800 KB, and more in the output
	noSpace    = "no space left on device"
)

// TestFullDiskStopsSender fills the disk by output-spool. In a stream without
// control lines the sender knows the exit code only, so that after 3 it sends
// everything again: what had become a segment is there twice then. What may not
// happen is that an event is missing after a run that has ended with 0.
func TestFullDiskStopsSender(t *testing.T) {
	for _, freed := range []string{"by a consumer", "by somebody else"} {
		t.Run(freed, func(t *testing.T) {
			d := newSmallDisk(t)
			write(t, d.home, "in", numbered(diskEvents))
			d.must("output-spool disk/queue </dev/null")
			d.fill(300 << 10)
			d.wantBroken(d.shell("output-spool --segment-bytes 32KiB disk/queue <in"), "disk/queue/tmp/", noSpace)
			if r := d.shell("collect-spool disk/queue"); r.exit != 0 || !strings.HasPrefix(numbered(diskEvents), r.stdout) || len(r.stdout) < 100<<10 {
				t.Errorf("%d bytes are in the spool, exit %d, %s", len(r.stdout), r.exit, r.stderr)
			}
			if freed == "by a consumer" {
				// It gets along with no room at all: its state is on that disk.
				var room unix.Statfs_t
				if unix.Statfs(d.disk, &room); room.Bavail > 0 {
					write(t, d.disk, "rest", strings.Repeat("x", int(room.Bavail)*int(room.Bsize)))
				}
				d.must("collect-spool disk/queue -- output-file --file out")
			}
			d.free()
			d.must("output-spool --segment-bytes 32KiB disk/queue <in")
			d.must("collect-spool disk/queue -- output-file --file out")
			d.wantOnce("out", diskEvents, 2)
			d.wantEmpty("disk/queue")
		})
	}
}

// TestQuotaKeepsRoom has a sender wait that would fill the disk otherwise.
func TestQuotaKeepsRoom(t *testing.T) {
	const quota, segment = 150 << 10, 16 << 10
	d := newSmallDisk(t)
	write(t, d.home, "in", numbered(diskEvents))
	d.must("output-spool disk/queue </dev/null")
	d.fill(quota + 5*segment) // nothing else is written there
	sender := d.start("output-spool --quota 150KiB --segment-bytes 16KiB disk/queue <in")
	sender.says(t, "waiting for consumers")
	most := d.usage("disk/queue")
	select {
	case <-sender.ended:
		t.Fatalf("it has ended: %s", sender.stderr())
	default:
	}
	consumer := d.start("collect-spool --follow disk/queue -- output-file --file out")
	for waiting := true; waiting; {
		most = max(most, d.usage("disk/queue"))
		select {
		case <-sender.ended:
			waiting = false
		case <-consumer.ended:
			t.Fatalf("the consumer has ended: %s", consumer.stderr())
		default:
		}
	}
	if code := sender.exit(t); code != tool.ExitOK {
		t.Errorf("exit %d, %s", code, sender.stderr())
	}
	consumer.cmd.Process.Signal(syscall.SIGTERM)
	if code := consumer.exit(t); code != tool.ExitOK {
		t.Errorf("exit %d, %s", code, consumer.stderr())
	}
	d.must("collect-spool disk/queue -- output-file --file out")
	t.Logf("%d bytes at most, the quota is %d, a segment %d", most, quota, segment)
	if most > quota+segment || most <= quota {
		t.Errorf("%d bytes at most", most)
	}
	d.wantOnce("out", diskEvents, 1)
	d.wantEmpty("disk/queue")
}

// usage is how many bytes the segments have, each counted once even if it moves
// while they are counted.
func (d *smallDisk) usage(queue string) int64 {
	sizes := map[uint64]int64{}
	filepath.WalkDir(filepath.Join(d.home, queue), func(path string, e fs.DirEntry, err error) error {
		if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
			sizes[info.Sys().(*syscall.Stat_t).Ino] = info.Size()
		}
		return nil
	})
	var sum int64
	for _, size := range sizes {
		sum += size
	}
	return sum
}

// TestFullDiskInPipeline fills the disk in the middle of a pipeline whose
// spool, state and output are all on it. In each the deduplicator remembers
// what has arrived and nothing else, so that it drops no event that comes
// again because of the disk.
func TestFullDiskInPipeline(t *testing.T) {
	const processes = "disk/queue -- sh -c 'expert-deduplicator --state seen | expert-taxonomy | output-file --file disk/out'"
	full := func(t *testing.T) *smallDisk {
		d := newSmallDisk(t)
		write(t, d.home, "in", numbered(diskEvents))
		d.must("output-spool --segment-bytes 16KiB disk/queue <in")
		d.fill(200 << 10)
		return d
	}
	for name, script := range map[string]string{
		"processes": "collect-spool --restarts 2 " + processes,
		"fused":     "intelpipe collect-spool disk/queue then expert-deduplicator --state seen then expert-taxonomy then output-file --file disk/out",
		"spools":    "collect-spool --restarts 2 disk/queue -- sh -c 'expert-deduplicator --state seen | output-spool disk/second'",
	} {
		t.Run(name+" give up", func(t *testing.T) {
			d := full(t)
			r := d.shell(script)
			if r.exit != tool.ExitBroken || !strings.Contains(r.stderr, noSpace) || !strings.Contains(r.stderr, "disk/") {
				t.Errorf("%+v", r)
			}
			for line := range strings.Lines(r.stderr) {
				if !oneLine.MatchString(line) {
					t.Errorf("stderr has %q", line)
				}
			}
			if left, _ := filepath.Glob(d.disk + "/queue/*/*.ndjson"); len(left) == 0 || bytes.Count([]byte(read(d.disk, "out")), []byte("\n")) == diskEvents {
				t.Fatal("the disk was large enough")
			}
			d.free()
			d.must(script)
			if name == "spools" {
				d.must("collect-spool disk/second -- output-file --file disk/out")
				d.wantEmpty("disk/second")
			}
			d.wantOnce("disk/out", diskEvents, 1)
			d.wantEmpty("disk/queue")
		})
	}
	t.Run("processes wait", func(t *testing.T) {
		d := full(t)
		b := d.start("collect-spool --restarts 1000 " + processes)
		b.says(t, "is started again")
		d.free()
		if code := b.exit(t); code != tool.ExitOK || !strings.Contains(b.stderr(), noSpace) {
			t.Errorf("exit %d, %s", code, b.stderr())
		}
		d.wantOnce("disk/out", diskEvents, 1)
		d.wantEmpty("disk/queue")
	})
}

// TestReadOnlyDisk has a disk that cannot be written, which is no matter of
// permissions: not even root can. A service is told to try again.
func TestReadOnlyDisk(t *testing.T) {
	const queue = "output-spool queue <in"
	for _, c := range []struct{ name, before, script, path string }{
		{"state", "mkdir disk/state", "expert-deduplicator --state seen <in >>out", "disk/state/seen"},
		{"state of a chain", queue, "intelpipe collect-spool queue then expert-deduplicator --state disk/seen then output-file --file out", "disk/seen"},
		{"state of processes", queue + "; mkdir disk/state", "collect-spool --restarts 1 queue -- sh -c 'expert-deduplicator --state disk/seen | output-file --file out'", "disk/state/collect-spool-"},
		{"state directory", queue, "collect-spool queue -- output-file --file out", "disk/state"},
		{"files to delete", "mkdir disk/in; cp in disk/in/a.json", "intelpipe collect-file --path disk/in --postfix .json --delete-file then parse-json --splitlines then output-file --file out", "disk/state"},
		{"dump", "mkdir disk/state; echo '{' >>in", "expert-taxonomy <in >>out", "disk/state"},
		{"spool to write", "output-spool disk/queue </dev/null", "output-spool disk/queue <in", "disk/queue/tmp"},
		{"spool to make", "", "output-spool disk/queue <in", "disk/queue"},
		{"spool to read", "output-spool disk/queue <in; mkdir disk/state", "STATE_DIRECTORY=state collect-spool disk/queue -- output-file --file out", "disk/queue/"},
		{"output", queue, "STATE_DIRECTORY=state intelpipe collect-spool queue then output-file --file disk/out", "disk/out"},
		{"output of processes", queue, "STATE_DIRECTORY=state collect-spool --restarts 1 queue -- output-file --file disk/out", "disk/out"},
		{"output without control lines", "", "output-file --file disk/out <in", "disk/out"},
		{"output by name", "", "output-file --format-filename --file 'disk/{event[source.ip]}/out' <in", "disk/192.0.2.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newSmallDisk(t)
			write(t, d.home, "in", numbered(100))
			if c.before != "" {
				d.must(c.before)
			}
			before := contents(t, d.disk)
			d.readOnly(unix.MS_RDONLY)
			r := d.shell(c.script)
			d.wantBroken(r, c.path, "read-only file system")
			if got := d.delivered(); strings.Contains(got, "}") {
				t.Errorf("there are %d lines", strings.Count(got, "\n"))
			}
			d.readOnly(0)
			for name, text := range before {
				if after := contents(t, d.disk)[name]; after != text {
					t.Errorf("%s has changed", name)
				}
			}
			if r := d.shell(c.script); r.exit > tool.ExitFailed || (r.exit == tool.ExitFailed) != (c.name == "dump") {
				t.Errorf("then: %+v", r)
			}
			write(t, d.home, "all", d.delivered())
			d.wantOnce("all", 100, 1)
		})
	}
}

// delivered is what has come out, wherever that is.
func (d *smallDisk) delivered() string {
	out := read(d.home, "out") + read(d.disk, "out") + read(d.disk, "192.0.2.1/out")
	files, _ := filepath.Glob(d.disk + "/queue/new/*")
	if _, err := os.Stat(filepath.Join(d.home, "out")); err == nil {
		files = nil // it is the input
	}
	for _, path := range files {
		out += read("", path)
	}
	return out
}
