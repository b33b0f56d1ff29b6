package tool

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
)

func isTerminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}

// progress tells a person at a terminal how far the stream has come. Only the
// head of a pipeline shows it.
type progress struct {
	w     io.Writer
	name  string
	n     int64 // messages
	bytes int64 // of input
	begun time.Time
	shown time.Time
}

func newProgress(r *run, head *node) *progress {
	p := r.process
	if !isTerminal(p.Stderr) || isTerminal(p.Stdout) || head.collector == nil && r.readsPipe() {
		return nil
	}
	now := time.Now()
	return &progress{w: p.Stderr, name: head.spec.Name, begun: now, shown: now.Add(time.Second)}
}

func (p *progress) count() {
	if p != nil {
		if p.n++; p.n%256 == 0 {
			p.show()
		}
	}
}

// read counts input, of which one message may have very much.
func (p *progress) read(n int) {
	if p != nil {
		p.bytes += int64(n)
		p.show()
	}
}

func (p *progress) show() {
	now := time.Now()
	if now.Sub(p.shown) < 250*time.Millisecond {
		return
	}
	p.shown = now
	fmt.Fprintf(p.w, "\r\x1b[K%s: %d messages, %d MiB", p.name, p.n, p.bytes>>20)
}

// clear removes the line, so that something else can be written.
func (p *progress) clear() {
	if p != nil && p.shown.After(p.begun.Add(time.Second)) {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

func isPipe(f any) bool {
	file, ok := f.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&(os.ModeNamedPipe|os.ModeSocket) != 0
}
