package procgroup

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/shell"
)

// running is a process of a group, as /proc describes it.
type running struct {
	pid     int
	words   []string // its command line
	in, out string   // what stdin and stdout are, such as pipe:[4711]
}

// shells take no part in what passes through a pipe: they wait for those that do.
var shells = []string{"sh", "dash", "bash", "ash", "ksh", "mksh", "zsh", "fish", "busybox"}

func (p *running) name() string  { return filepath.Base(p.words[0]) }
func (p *running) isShell() bool { return slices.Contains(shells, strings.TrimPrefix(p.name(), "-")) }

// isOurs says whether it is a command of intelpipe: this executable, or one
// that is called like a command.
func (p *running) isOurs() bool {
	switch family, _, isPart := strings.Cut(p.name(), "-"); {
	case isPart && slices.Contains([]string{"collect", "parse", "expert", "output"}, family), p.name() == "through":
		return true
	}
	a, err1 := os.Stat("/proc/self/exe")
	b, err2 := os.Stat(fmt.Sprintf("/proc/%d/exe", p.pid))
	return err1 == nil && err2 == nil && os.SameFile(a, b)
}

// waitsForInput says that the process stands in a read of its stdin.
func (p *running) waitsForInput() bool {
	if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", p.pid)); err == nil {
		return strings.HasPrefix(string(text), fmt.Sprintf("%d 0x0 ", unix.SYS_READ))
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/wchan", p.pid)) // not all kernels show the call
	return err == nil && strings.HasSuffix(string(text), "pipe_read")
}

// wrote says whether the process has written anything. Where that cannot be
// known it has.
func (p *running) wrote() bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", p.pid))
	return err != nil || !bytes.Contains(text, []byte("wchar: 0\n"))
}

// members are the processes of a group that run.
func members(group int) []running {
	var found []running
	for _, pid := range pids() {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		// 4711 (name) S PARENT GROUP …, where the name may have any character.
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if len(fields) < 3 || fields[2] != strconv.Itoa(group) {
			continue
		}
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		words := strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")
		in, err1 := os.Readlink(fmt.Sprintf("/proc/%d/fd/0", pid))
		out, err2 := os.Readlink(fmt.Sprintf("/proc/%d/fd/1", pid))
		if words[0] != "" && err1 == nil && err2 == nil {
			found = append(found, running{pid, words, in, out})
		}
	}
	return found
}

func pids() []int {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	var found []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			found = append(found, pid)
		}
	}
	slices.Sort(found)
	return found
}

// Swallower returns the command line of the process that has taken the first
// line of the pipeline and does not pass it on: it is no command of intelpipe,
// has written nothing at all, and waits for more input. As long as nobody is
// like that, since those who come first are still starting, it returns nil.
func (g *Group) Swallower() []string {
	at := pipeName(g.Stdin)
	all := members(g.cmd.Process.Pid)
	for range all {
		next := ""
		for _, p := range all {
			switch {
			case p.in != at || p.out == at:
			case p.isOurs(), p.wrote():
				next = p.out
			case !p.isShell() && p.waitsForInput():
				return p.words
			}
		}
		if next == "" || next == at {
			return nil
		}
		at = next
	}
	return nil
}

// Look looks for a Swallower, first after a time, and calls found when there is
// one, until stop is called. After each look in vain it calls vain, if it is not
// nil.
func (g *Group) Look(after time.Duration, vain func(), found func(words []string)) (stop func()) {
	var over atomic.Bool
	var timer *time.Timer
	timer = time.AfterFunc(time.Hour, func() {
		words := g.Swallower()
		switch {
		case over.Load():
		case words != nil:
			found(words)
		default: // somebody may still be starting
			if vain != nil {
				vain()
			}
			timer.Reset(after)
		}
	})
	timer.Reset(after)
	return func() {
		over.Store(true)
		timer.Stop()
	}
}

// Swallows says what is wrong with a filter, and how to write it instead.
func Swallows(words []string) string {
	return fmt.Sprintf("%s does not pass checkpoints on; write: through %s", shell.Quote(words[0]), plain.Clip(shell.Quote(words...), 200))
}

// Feeder returns the command line of the nearest process before stdin in the
// group of this process that is no command of intelpipe, or nil.
func Feeder(stdin *os.File) []string {
	at := pipeName(stdin)
	all := members(unix.Getpgrp())
	for range all {
		next := ""
		for _, p := range all {
			switch {
			case p.out != at || p.in == at || p.isShell():
			case p.isOurs():
				next = p.in
			default:
				return p.words
			}
		}
		at = next
	}
	return nil
}

// KillBelow kills all that this process has started, and what that has started
// in turn. It is for a process that ends at once.
func KillBelow() {
	found := []int{os.Getpid()}
	for i := 0; i < len(found); i++ {
		lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", found[i]))
		for _, list := range lists {
			text, _ := os.ReadFile(list)
			for _, word := range strings.Fields(string(text)) {
				if pid, err := strconv.Atoi(word); err == nil {
					found = append(found, pid)
				}
			}
		}
	}
	for _, pid := range found[1:] {
		syscall.Kill(pid, syscall.SIGKILL)
	}
}

// pipeName is what the link of /proc to one end of a pipe says.
func pipeName(f *os.File) string {
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprintf("pipe:[%d]", stat.Ino)
}

// Using names the other processes that have the file at path open, for people.
func Using(path string) []string {
	want, err := os.Stat(path)
	if err != nil {
		return nil
	}
	var found []string
	for _, pid := range pids() {
		dir := fmt.Sprintf("/proc/%d/fd", pid)
		files, _ := os.ReadDir(dir)
		if pid == os.Getpid() || !slices.ContainsFunc(files, func(f os.DirEntry) bool {
			info, err := os.Stat(filepath.Join(dir, f.Name()))
			return err == nil && os.SameFile(info, want)
		}) {
			continue
		}
		name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		found = append(found, fmt.Sprintf("%d (%s)", pid, strings.TrimSpace(string(name))))
	}
	return found
}
