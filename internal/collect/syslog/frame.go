package syslog

import (
	"bufio"
	"io"
)

// tornError is why a message has no end.
type tornError struct{ error }

func (e *tornError) Unwrap() error { return e.error }

// readFrame reads a message as RFC 6587 delimits it, and returns at most limit
// octets of it and how many it has. The last message of a connection may end
// without a newline: then io.EOF comes with it. An error in the middle of a message
// is a *tornError, any other one is between two messages.
func readFrame(in *bufio.Reader, limit int) (text []byte, octets int, err error) {
	count, length, err := octetCount(in)
	switch {
	case err != nil && (err != io.EOF || in.Buffered() == 0):
		if n := in.Buffered(); n > 0 {
			return nil, n, &tornError{err}
		}
		return nil, 0, err
	case count > 0:
		in.Discard(length)
		return readOctets(in, count, limit)
	}
	return readLine(in, limit)
}

// octetCount looks at what comes next. If it is a number, a blank and <, it
// returns the number and the length of it with the blank, else 0: a line may begin
// with a number as well, but then no < follows.
func octetCount(in *bufio.Reader) (count, length int, err error) {
	const digits = 9
	for n := 1; n <= digits+2; n++ {
		head, err := in.Peek(n)
		if err != nil {
			return 0, 0, err
		}
		switch c := head[n-1]; {
		case n > 1 && head[n-2] == ' ' && c == '<':
			return count, n - 1, nil
		case n > 1 && head[n-2] == ' ':
			return 0, 0, nil
		case n > 1 && c == ' ':
		case c >= '0' && c <= '9' && n <= digits && (n > 1 || c > '0'):
			count = 10*count + int(c-'0')
		default:
			return 0, 0, nil
		}
	}
	return 0, 0, nil
}

func readOctets(in *bufio.Reader, count, limit int) ([]byte, int, error) {
	text := make([]byte, min(count, limit))
	n, err := io.ReadFull(in, text)
	if err == nil && count > limit {
		var rest int
		rest, err = in.Discard(count - limit)
		n += rest
	}
	if err != nil {
		return nil, n, &tornError{err}
	}
	return text, count, nil
}

func readLine(in *bufio.Reader, limit int) (text []byte, octets int, err error) {
	for {
		part, err := in.ReadSlice('\n')
		octets += len(part)
		text = append(text, part[:min(len(part), limit-len(text))]...)
		switch err {
		case bufio.ErrBufferFull:
		case nil:
			octets--
			return text[:min(len(text), octets)], octets, nil
		case io.EOF:
			return text, octets, err
		default:
			return nil, octets, &tornError{err}
		}
	}
}
