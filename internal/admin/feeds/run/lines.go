package run

import (
	"bytes"
	"io"
	"sync"
)

// shared is a writer that several jobs write to, whole lines at a time.
type shared struct {
	mu  sync.Mutex
	w   io.Writer
	err error // of the first write that failed
}

// longLine is how much of a line waits for its end. Of a longer one the rest is
// written as it comes, and the others wait.
const longLine = 1 << 20

// lines is the end of one job.
type lines struct {
	to     *shared
	prefix []byte // before each line
	part   []byte // of a line whose end has not come
	holds  bool   // it is in the middle of a line, and has the lock
}

// Write writes the whole lines among what has come.
func (l *lines) Write(p []byte) (int, error) {
	n := len(p)
	if l.holds {
		end := bytes.IndexByte(p, '\n') + 1
		if end == 0 {
			return n, l.to.write(p)
		}
		err := l.to.write(p[:end])
		l.holds = false
		l.to.mu.Unlock()
		if p = p[end:]; err != nil {
			return n, err
		}
	}
	end := bytes.LastIndexByte(p, '\n') + 1
	if end > 0 {
		l.part = append(l.part, p[:end]...)
		if err := l.flush(); err != nil {
			return n, err
		}
	}
	if l.part = append(l.part, p[end:]...); len(l.part) < longLine {
		return n, nil
	}
	l.to.mu.Lock()
	l.holds = true
	err := l.to.write(append(bytes.Clone(l.prefix), l.part...))
	l.part = l.part[:0]
	return n, err
}

// flush writes whole lines.
func (l *lines) flush() error {
	text := l.part
	if len(l.prefix) > 0 {
		text = nil
		for line := range bytes.Lines(l.part) {
			text = append(append(text, l.prefix...), line...)
		}
	}
	l.to.mu.Lock()
	defer l.to.mu.Unlock()
	l.part = l.part[:0]
	return l.to.write(text)
}

// end completes the last line.
func (l *lines) end() {
	if l.holds || len(l.part) > 0 {
		l.Write([]byte{'\n'}) // what cannot be written is known already
	}
}

// write is called with the lock.
func (s *shared) write(p []byte) error {
	if s.err == nil {
		_, s.err = s.w.Write(p)
	}
	return s.err
}
