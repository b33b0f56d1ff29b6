package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/intelpipe/intelpipe/internal/dev/killing"
)

// bare is a variant without a source: a pipe that is killed, and started again
// with the events that it has not taken yet.
type bare struct {
	*arrivals
	sh *exec.Cmd
	in io.WriteCloser
}

func runBare(a *arrivals, kills int) {
	row := chaosRow{name: "  as a bare pipe", events: kills * chaosPortion}
	b := &bare{arrivals: a}
	for n := range kills {
		b.start()
		b.feed(b.events(n * chaosPortion))
		if b.kill() {
			row.kills++
		}
		b.in.Close()
		b.sh.Wait()
	}
	row.restarts[1] = kills - 1
	row.tally = b.compare(row.events, "out.ndjson", b.arrivesAtEnd)
	row.print()
	if b.v.side != "" {
		side := chaosRow{name: "    its side path", events: row.events, kills: row.kills, tally: b.compare(row.events, b.v.side, b.takesSide)}
		side.print()
	}
	if row.kills != kills || row.lost == row.events {
		b.Errorf("the bare pipe has shown nothing: %+v", row)
	}
}

// start starts the pipe, and waits until all commands run.
func (b *bare) start() {
	b.sh = b.pipe()
	var err error
	if b.in, err = b.sh.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	if err := b.sh.Start(); err != nil {
		b.Fatal(err)
	}
	for _, commands := pipes(b.sh.Process.Pid); commands < b.v.commands(); _, commands = pipes(b.sh.Process.Pid) {
		if !killing.Runs(b.sh.Process.Pid) {
			b.Fatal("the pipe has ended at once")
		}
		time.Sleep(time.Millisecond)
	}
}

// feed writes a portion of the events, and waits until some of it has arrived,
// so that kills find a pipe that is at work.
func (b *bare) feed(portion string) {
	before := b.arrived()
	if _, err := io.WriteString(b.in, portion); err != nil {
		b.Fatal(err)
	}
	for b.arrived() == before && killing.Runs(b.sh.Process.Pid) {
		time.Sleep(time.Millisecond / 2)
	}
	time.Sleep(time.Duration(b.rnd.Int64N(int64(10 * time.Millisecond))))
}

func (b *bare) arrived() int64 {
	info, err := os.Stat(filepath.Join(b.dir, "out.ndjson"))
	if err != nil {
		return 0
	}
	return info.Size()
}

// kill kills a process of the pipe.
func (b *bare) kill() bool {
	all, _ := pipes(b.sh.Process.Pid)
	return len(all) > 0 && syscall.Kill(all[b.rnd.IntN(len(all))], syscall.SIGKILL) == nil
}
