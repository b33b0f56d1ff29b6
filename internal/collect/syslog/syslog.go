// Package syslog implements collect-syslog.
//
// collect-syslog: make a report of each syslog message
//
// collect-syslog listens on UDP, on TCP, or on both, and makes a report of
// each message. The raw of the report is the message as it was received; RFC
// 3164 and RFC 5424 are not told apart, and nothing is parsed. feed.url is the
// address that received the message, extra.source_ip the address that sent it.
//
// On TCP a message ends as RFC 6587 says: one that begins with a number, a
// blank and < has that many octets, any other one ends with the line. A
// message without text is skipped. A message longer than --max-message is cut
// to that length; a line on stderr says so, extra.octets of its report says
// how long it was, and the exit code is 1.
//
// Up to --max-connections connections are served at once; further ones wait
// until another one ends. A connection that sends nothing for --idle-timeout
// seconds is closed.
//
// UDP has no acknowledgement: when messages come faster than the pipeline
// takes them, the kernel drops what does not fit into its buffer, and nobody
// is told. Raise net.core.rmem_max to 4 MiB or more, and use TCP where the
// sender can: there the sender waits. Neither has an acknowledgement that the
// message has arrived. With a pipeline of its own, after -- or then,
// collect-syslog therefore writes messages to a spool in the state directory
// before it sends them; what is not in the spool yet when collect-syslog dies is
// lost. In a bare pipe messages are printed as they come.
//
// # Examples
//
//	timeout --preserve-status 3 collect-syslog --listen-udp 127.0.0.1:5514 |
//	  parse-key-value --keys 'json:{"SRC":"source.ip","DPT":"destination.port"}'
//	timeout --preserve-status 3 collect-syslog --listen-tcp 127.0.0.1:5514 \
//	  --name Firewall -- output-file --file messages.ndjson
package syslog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command is collect-syslog.
type Command struct {
	Flags

	env    *stage.Env
	server *server
}

const (
	// A delivery has no more messages, and not many more bytes.
	deliveryMessages = 256
	deliveryBytes    = 1 << 20

	maxMessage = 16 << 20
	maxIdle    = 1_000_000 // seconds
)

// Origin says that nobody sends a message again.
func (*Command) Origin() stage.OriginKind { return stage.OriginNone }

// Start checks the flags.
func (c *Command) Start(_ context.Context, env *stage.Env) error {
	c.env = env
	switch {
	case c.ListenUDP == "" && c.ListenTCP == "":
		return errors.New("--listen-udp, --listen-tcp: name an address to listen on, such as 127.0.0.1:5514")
	case c.MaxMessage < 1 || c.MaxMessage > maxMessage:
		return errors.New("--max-message: choose a size between 1 and 16MiB")
	case c.MaxConnections < 1:
		return errors.New("--max-connections: a number above 0 is expected")
	case !(c.IdleTimeout >= 0 && c.IdleTimeout <= maxIdle):
		return fmt.Errorf("--idle-timeout: choose a number of seconds between 0 and %d", maxIdle)
	}
	return cmp.Or(checkAddress("--listen-udp", c.ListenUDP), checkAddress("--listen-tcp", c.ListenTCP))
}

func checkAddress(flag, text string) error {
	if _, _, err := net.SplitHostPort(text); text != "" && err != nil {
		return fmt.Errorf("%s: %w: write it like 127.0.0.1:5514", flag, err)
	}
	return nil
}

// Open listens.
func (c *Command) Open(ctx context.Context, _ string) (err error) {
	c.server, err = listen(ctx, c.Flags, c.env)
	return err
}

// Receive waits for a message, and takes those that have come with it. When ctx
// ends nothing more is received, and what was received is returned before io.EOF.
func (c *Command) Receive(ctx context.Context) (stage.Delivery, error) {
	s := c.server
	defer context.AfterFunc(ctx, s.stop)()
	first, ok := <-s.messages
	if !ok {
		return stage.Delivery{}, s.reason()
	}
	all, size := []message{first}, int64(len(first.text))
	for more := true; more && len(all) < deliveryMessages && size < deliveryBytes; {
		select {
		case m, ok := <-s.messages:
			if more = ok; ok {
				all, size = append(all, m), size+int64(len(m.text))
			}
		default:
			more = false
		}
	}
	send := func(emit stage.Emit) error { return c.send(all, emit) }
	return stage.Delivery{Name: first.url, Bytes: size, Send: send}, nil
}

// send makes reports of messages.
func (c *Command) send(all []message, emit stage.Emit) error {
	r := event.New(event.Report, c.env.Dictionary)
	for _, m := range all {
		r.Reset(event.Report, c.env.Dictionary)
		r.Try("feed.url", harmonization.Text(m.url))
		r.Try("extra.source_ip", harmonization.Text(m.sender))
		if m.octets > len(m.text) {
			r.Try("extra.octets", harmonization.Int(int64(m.octets)))
		}
		r.SetRaw(m.text)
		if err := emit(r); err != nil {
			return err
		}
	}
	return nil
}

// Acknowledge has nobody to tell.
func (*Command) Acknowledge(context.Context, []stage.Delivery) error { return nil }

// Close closes all sockets.
func (c *Command) Close() error {
	if c.server != nil {
		c.server.close()
	}
	return nil
}
