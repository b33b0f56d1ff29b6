package stream

import (
	"bytes"
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Host is what a reader needs of the chain that it reads for.
type Host interface {
	Controlled() bool // control lines have come
	Full() error      // why nothing more may be read: what fails would have no place
	Fail(m *event.Message, reason error) error
	FailLarge(write func(io.Writer) error, place event.Place, reason error) error
	Scratch() (*os.File, error) // for what is too large for memory
	Idle() error                // before a read that may block: lets go of what is held
	Wait(fd int) error          // until fd, if it is one, can be read
	Unattended(read func())     // calls read, while others may work on the chain
	Read(bytes int)             // so many were read
	Describe(*event.Message) error
}

// buffer is what was read and is not consumed, and where it comes from.
type buffer struct {
	src   io.Reader
	host  Host
	fd    int // of src, or -1
	buf   []byte
	start int // of what is not consumed
	end   int
	eof   bool
	err   error // of a read, kept until what was read before is consumed
	limit int   // of a line
}

// readSize is how much is read at once, unless it is from a pipe, of which all may
// be taken that it holds.
const readSize = 128 << 10

func newBuffer(src io.Reader, host Host, limit int) *buffer {
	b := &buffer{src: src, host: host, fd: -1, limit: limit}
	size := readSize
	if f, ok := src.(*os.File); ok {
		b.fd = int(f.Fd())
		if enlarge(f) {
			size = pipeSize
		}
	}
	b.buf = make([]byte, size)
	return b
}

var (
	errTooLong = errors.New("line too long")
	// errTorn says that whoever wrote the stream has died in the middle of a
	// line. It is no message that has failed: its source sends it again.
	errTorn = errors.New("the stream ended in the middle of a line")
)

// text is what was read and is not consumed.
func (b *buffer) text() []byte { return b.buf[b.start:b.end] }

// line returns the next line without its newline. A line longer than the limit
// gives errTooLong; its first bytes are what text returns then.
func (b *buffer) line() ([]byte, error) {
	for scanned := 0; ; {
		if i := bytes.IndexByte(b.buf[b.start+scanned:b.end], '\n'); i >= 0 {
			if scanned+i > b.limit {
				return nil, errTooLong
			}
			line := b.buf[b.start : b.start+scanned+i]
			b.start += scanned + i + 1
			return line, nil
		}
		scanned = b.end - b.start
		if b.eof {
			if b.err != nil {
				return nil, b.err
			}
			if scanned == 0 {
				return nil, io.EOF
			}
			line := b.buf[b.start:b.end]
			b.start = b.end
			return line, nil
		}
		if scanned > b.limit {
			return nil, errTooLong
		}
		if err := b.fill(); err != nil {
			return nil, err
		}
	}
}

// torn says that the line that was returned last had no newline and should have
// had one.
func (b *buffer) torn() bool {
	return b.eof && b.start == b.end && b.buf[b.end-1] != '\n' && b.host.Controlled()
}

// fill reads once more, and makes room before. If what would fail has no place
// any longer, it stays where it is.
func (b *buffer) fill() error {
	if err := b.host.Full(); err != nil && !b.host.Controlled() {
		return stage.Fatal(err)
	}
	if b.start > 0 && b.end == len(b.buf) || b.start == b.end {
		copy(b.buf, b.buf[b.start:b.end])
		b.start, b.end = 0, b.end-b.start
	}
	if b.end == len(b.buf) {
		size := 2 * len(b.buf)
		if size >= b.limit {
			size = b.limit + 64<<10 // in one step, rather than to copy the limit twice
		}
		buf := make([]byte, size)
		copy(buf, b.buf)
		b.buf = buf
	}
	if b.blocks() {
		if err := b.host.Idle(); err != nil {
			return err
		}
		if err := b.host.Wait(b.fd); err != nil {
			return err
		}
	}
	n, err := b.read(b.buf[b.end:])
	b.end += n
	b.host.Read(n)
	if err != nil {
		b.eof = true
		if err != io.EOF {
			b.err = err
		}
	}
	return nil
}

// read lets others work on the chain where nobody knows how long it takes.
func (b *buffer) read(p []byte) (n int, err error) {
	if b.fd >= 0 {
		return b.src.Read(p)
	}
	b.host.Unattended(func() { n, err = b.src.Read(p) })
	return n, err
}

// blocks reports whether a read has to wait.
func (b *buffer) blocks() bool {
	if b.fd < 0 {
		return true
	}
	fds := []unix.PollFd{{Fd: int32(b.fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	return err != nil || n == 0
}
