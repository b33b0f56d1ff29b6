package voice

import (
	"fmt"
	"io"
	"time"
)

// Progress tells a person at a terminal how far the stream has come. Only the
// head of a pipeline shows it. A nil one shows nothing.
type Progress struct {
	w        io.Writer
	name     string
	messages int64
	bytes    int64 // of input
	begun    time.Time
	shown    time.Time
}

// NewProgress begins to count. Nothing is shown in the first second.
func NewProgress(w io.Writer, name string) *Progress {
	now := time.Now()
	return &Progress{w: w, name: name, begun: now, shown: now.Add(time.Second)}
}

// Count counts messages.
func (p *Progress) Count(n int) {
	if p == nil {
		return
	}
	before := p.messages / 256
	if p.messages += int64(n); p.messages/256 > before {
		p.show()
	}
}

// Read counts bytes of input, of which one message may have very many.
func (p *Progress) Read(n int) {
	if p != nil {
		p.bytes += int64(n)
		p.show()
	}
}

func (p *Progress) show() {
	now := time.Now()
	if now.Sub(p.shown) < 250*time.Millisecond {
		return
	}
	p.shown = now
	fmt.Fprintf(p.w, "\r\x1b[K%s: %d messages, %d MiB", p.name, p.messages, p.bytes>>20)
}

// Clear removes the line, so that something else can be written.
func (p *Progress) Clear() {
	if p != nil && p.shown.After(p.begun.Add(time.Second)) {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
