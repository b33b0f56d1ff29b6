package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/internal/dev/killing"
)

// powerCutFile cuts the power while events go into a file.
func powerCutFile(g *ground, cuts int) {
	powerCut(g, cuts, "expert-deduplicator --state seen | expert-taxonomy | output-file --file out.ndjson",
		func() int64 { return g.size("out.ndjson") },
		func() map[int]int { return numbersOf(read(g.dir, "out.ndjson")) })
}

// powerCutSpool cuts the power while events go from one spool into another.
func powerCutSpool(g *ground, cuts int) {
	powerCut(g, cuts, "expert-deduplicator --state seen | expert-taxonomy | output-spool out",
		func() int64 { return g.size("out/new/*") },
		func() map[int]int {
			if _, err := os.Stat(filepath.Join(g.dir, "out/new")); err != nil {
				return nil
			}
			return g.spooled("out")
		})
}

// powerCut cuts the power at random moments, and goes on from what is on the disk
// then. Each event that was in a sealed segment has to arrive once, and so has each
// that the source had acknowledged.
//
// Where a disk can be mounted, it is copied while the processes are stopped: what
// they had not made durable is not in the copy, unless the system had written it by
// itself. One goes on from the copy in the place of the disk, and afterwards the
// processes go on with the disk. Elsewhere all processes are killed, what is known
// not to be durable is torn, one goes on from that, and then begins anew.
func powerCut(g *ground, cuts int, pipeline string, arrived func() int64, outcome func() map[int]int) {
	const portion = 400
	disk := newChaosDisk(g)
	words := collectSpool("queue", pipeline)
	var feeder, source *task
	var in io.Writer
	events, checked := 0, 0
	for g.row.kills < cuts {
		if feeder == nil {
			feeder, in = g.feeder()
			source = g.start(collectSpool("queue", pipeline, "--follow")...)
		}
		for range portion {
			fmt.Fprintf(in, `{"source.ip":"192.0.2.1","classification.type":"phishing","extra.n":%d}`+"\n", events)
			events++
		}
		g.moment(arrived)
		g.freeze(feeder, source)
		acknowledged, _ := g.sealed(outcome)
		if disk != nil {
			disk.cut()
		} else {
			g.killAll(feeder, source)
			feeder = nil
			g.tear()
		}
		_, sealed := g.sealed(outcome)
		sealed = max(sealed, acknowledged)
		g.finish(words)
		g.row.kills++
		if !g.afterCut(outcome(), sealed, events) {
			g.print(0)
			return
		}
		checked += sealed
		if disk != nil {
			disk.goOn()
			g.thaw(feeder, source)
		} else {
			g.wipe()
			events, g.last = 0, 0
		}
	}
	if checked == 0 {
		g.Error("there was nothing on the disk")
	}
	g.row.events = checked
	g.print(0)
}

// afterCut compares what has arrived after a cut. Events that were not sealed may
// be there, once.
func (g *ground) afterCut(times map[int]int, sealed, events int) bool {
	for n := range times {
		if n >= events {
			g.Errorf("%d was never sent", n)
		}
		if n >= sealed {
			g.row.twice += times[n] - 1
			delete(times, n)
		}
	}
	g.count(times, sealed)
	if bad := g.row.tally; bad != (tally{}) {
		g.Errorf("cut %d: %+v of %d", g.row.kills, bad, sealed)
		return false
	}
	return true
}

// feeder is an output-spool that seals often.
func (g *ground) feeder() (*task, io.WriteCloser) {
	f := &task{command(g, g.dir, "output-spool", "--segment-bytes", "8KiB", "--segment-age", "0.05", "queue"), make(chan struct{})}
	f.Dir, f.Env, f.Stderr = g.dir, g.env, g.stderr
	in, err := f.StdinPipe()
	if err != nil {
		g.Fatal(err)
	}
	g.begin(f)
	g.await("the spool", func() bool { _, err := os.Stat(filepath.Join(g.dir, "queue/new")); return err == nil })
	return f, in
}

// freeze stops all processes of tasks.
func (g *ground) freeze(tasks ...*task) {
	g.await("all processes stand still", func() bool {
		still := true
		for _, t := range tasks {
			for _, pid := range killing.Family(t.Process.Pid) {
				syscall.Kill(pid, syscall.SIGSTOP)
				still = still && stopped(pid)
			}
		}
		return still
	})
}

func (g *ground) thaw(tasks ...*task)    { g.signalAll(syscall.SIGCONT, tasks) }
func (g *ground) killAll(tasks ...*task) { g.signalAll(syscall.SIGKILL, tasks) }

func (g *ground) signalAll(signal syscall.Signal, tasks []*task) {
	var all []int
	for _, t := range tasks {
		all = append(all, killing.Family(t.Process.Pid)...)
	}
	for _, pid := range all {
		syscall.Kill(pid, signal)
	}
	if signal == syscall.SIGKILL {
		g.await("the end of all processes", func() bool { return !slices.ContainsFunc(all, killing.Runs) })
	}
}

// stopped says that all threads of a process stand still, or that it has ended.
func stopped(pid int) bool {
	stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err == nil && !strings.Contains(string(text), ") T ") && !strings.Contains(string(text), ") Z ") {
			return false
		}
	}
	return true
}

// sealed looks at what is in the spool and has arrived: how many events, from the
// first one on, the source has acknowledged, and how many were in sealed segments.
func (g *ground) sealed(outcome func() map[int]int) (acknowledged, sealed int) {
	for n := range outcome() {
		sealed = max(sealed, n+1)
	}
	acknowledged = sealed
	for _, dir := range []string{"new", "cur"} {
		files, _ := filepath.Glob(filepath.Join(g.dir, "queue", dir, "[0-9]*"))
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				g.Fatal(err)
			}
			for n := range numbersOf(string(text)) {
				acknowledged, sealed = min(acknowledged, n), max(sealed, n+1)
			}
		}
	}
	return acknowledged, sealed
}

// wipe leaves nothing but the commands.
func (g *ground) wipe() {
	for _, pattern := range []string{"queue", "out*", ".out*", "seen*", ".seen*", "state"} {
		files, _ := filepath.Glob(filepath.Join(g.dir, pattern))
		for _, file := range files {
			if err := os.RemoveAll(file); err != nil {
				g.Fatal(err)
			}
		}
	}
}

// tear cuts off, or fills with zeros, some of what was not yet made durable: what
// stands behind the last length that the journal of output-file has, and what the
// feeder has not sealed.
func (g *ground) tear() {
	durable := map[string]int64{}
	unsealed, _ := filepath.Glob(filepath.Join(g.dir, "queue/tmp/*"))
	for _, file := range unsealed {
		durable[file] = 0
	}
	if sizes := notedSize.FindAllStringSubmatch(read(g.dir, ".out.ndjson.checkpoints"), -1); len(sizes) > 0 {
		size, _ := strconv.ParseInt(sizes[len(sizes)-1][1], 10, 64)
		durable[filepath.Join(g.dir, "out.ndjson")] = size
	}
	for file, least := range durable {
		info, err := os.Stat(file)
		if err != nil || info.Size() < least {
			g.Fatalf("%s: %d bytes are durable, %+v, %v", file, least, info, err)
		}
		if err := os.Truncate(file, least+g.rnd.Int64N(info.Size()-least+1)); err != nil {
			g.Fatal(err)
		}
		if g.rnd.IntN(3) == 0 { // the length was written, and the blocks were not
			if err := os.Truncate(file, info.Size()); err != nil {
				g.Fatal(err)
			}
		}
	}
}

var notedSize = regexp.MustCompile(`"size":(\d+)`)

// chaosDisk is a file system of its own, in a file, that is mounted at the
// directory of a ground.
type chaosDisk struct {
	*ground
	file, copy string
}

// newChaosDisk makes a disk, and a home on it. It is nil where that cannot be done.
func newChaosDisk(g *ground) *chaosDisk {
	dir := g.TempDir()
	d := &chaosDisk{g, filepath.Join(dir, "disk"), filepath.Join(dir, "copy")}
	out, err := exec.Command("sh", "-c", "truncate -s 64M \"$1\" && mkfs.ext4 -q -F \"$1\" && mount -o loop \"$1\" \"$2\"", "sh", d.file, g.dir).CombinedOutput()
	if err != nil {
		g.Logf("a disk cannot be made, so that all processes are killed instead: %s", out)
		return nil
	}
	g.Cleanup(func() {
		for unix.Unmount(g.dir, unix.MNT_DETACH) == nil {
		}
	})
	links(g.T, filepath.Join(g.dir, "bin"))
	unix.Sync()
	return d
}

// cut copies the disk, and mounts the copy over it.
func (d *chaosDisk) cut() {
	for again := true; again; { // until the system has not written meanwhile
		text, err := os.ReadFile(d.file)
		if err != nil {
			d.Fatal(err)
		}
		now, err := os.ReadFile(d.file)
		if err != nil {
			d.Fatal(err)
		}
		if again = !bytes.Equal(text, now); again {
			continue
		}
		if err := os.WriteFile(d.copy, text, 0o600); err != nil {
			d.Fatal(err)
		}
	}
	if out, err := exec.Command("mount", "-o", "loop", d.copy, d.dir).CombinedOutput(); err != nil {
		d.Fatalf("the copy cannot be mounted: %s", out)
	}
}

// goOn returns to the disk.
func (d *chaosDisk) goOn() {
	d.await("the copy is not used", func() bool { return unix.Unmount(d.dir, 0) == nil })
}
