// Package whois asks servers of the whois protocol, RFC 3912.
package whois

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// maxAnswer bounds an answer, in bytes.
const maxAnswer = 1 << 20

// Ask sends a line and returns all that the server, HOST:PORT, answers to it, until it
// closes the connection. An answer that is no UTF-8 is read as ISO 8859-1, as old
// servers write it. A server that is away, or that does not answer within the time, is
// a *stage.RetryAfter.
func Ask(ctx context.Context, server, query string, timeout time.Duration) (string, error) {
	if strings.ContainsAny(query, "\r\n\x00") {
		return "", fmt.Errorf("%q is no line", query)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	text, err := ask(ctx, server, query)
	if err != nil {
		return "", fmt.Errorf("%s: %w", server, err)
	}
	if !utf8.Valid(text) {
		if text, err = charmap.ISO8859_1.NewDecoder().Bytes(text); err != nil {
			return "", fmt.Errorf("%s: %w", server, err)
		}
	}
	return string(text), nil
}

func ask(ctx context.Context, server, query string) ([]byte, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", server)
	if err != nil {
		return nil, away(ctx, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })() // ends reading and writing
	if _, err := io.WriteString(conn, query+"\n"); err != nil {                  // servers take that as well as CR LF
		return nil, away(ctx, err)
	}
	text, err := io.ReadAll(io.LimitReader(conn, maxAnswer+1))
	switch {
	case err != nil:
		return nil, away(ctx, err)
	case len(text) > maxAnswer:
		return nil, errors.New("the answer has more than 1 MiB")
	}
	return text, nil
}

// away is the error of a server that may answer later.
func away(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = errors.New("no answer in time")
	}
	return &stage.RetryAfter{Err: err}
}
