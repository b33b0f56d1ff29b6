// Package kafka implements collect-kafka.
//
// collect-kafka: make a report of each message in Kafka
//
// Each message of the topics becomes a report, with the message as raw. With
// --events the messages are reports and events already, as output-kafka writes
// them, and stay as they are. --metadata adds where a message stood: extra.kafka
// with topic, partition, offset, timestamp, key and headers.
//
// In a bare pipe collect-kafka prints what the topics have, and changes nothing.
// With a pipeline of its own, after -- or then, it goes on where it was: what is
// acknowledged by the end of the pipeline is committed to the consumer group
// --group, or without a group kept in the state directory. After a crash some
// messages come again; none is lost. At the end of the topics collect-kafka ends,
// which suits cron; with --follow it waits for more, until SIGTERM.
//
// Members of a group share the partitions. Before a partition goes to another
// member, what this one has taken of it is acknowledged and committed; that is
// waited for up to 30 seconds, and then may come twice. Members have to use the
// strategy cooperative-sticky. A partition begins at --start-offset, and only if
// nobody has kept an offset for it.
//
// TLS and login are flags that --help-all shows.
//
// Messages that are too large, or with --events are no messages, go into the
// dump, and the exit code is 1. It is 1, too, if a broker has deleted messages
// before they were read. A topic that is not there, a user who may not
// read it, and brokers that are away for longer than --timeout end collect-kafka
// with exit code 3. Messages without a value are passed over.
//
// # Examples
//
//	collect-kafka --topic feeds --metadata | parse-json
//	collect-kafka --topic events --events --group archive -- \
//	  sh -c 'expert-taxonomy | output-file --file events.ndjson'
//
//intelpipe:full
package kafka

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/harmonization"
	client "github.com/intelpipe/intelpipe/internal/client/kafka"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command is collect-kafka.
type Command struct {
	client.Consumer
	Events   bool `help:"Take messages as reports and events in JSON, instead of as the raw of a report."`
	Metadata bool `help:"Add where a message stood: extra.kafka.topic, partition, offset, timestamp, key and headers."`

	env    *stage.Env
	reader *client.Reader
	m      event.Message
}

// Origin says that the messages of a partition come again in the same order.
func (*Command) Origin() stage.OriginKind { return stage.OriginPosition }

// Identity is what is read.
func (c *Command) Identity() string { return c.Consumer.String() }

// Start checks the flags.
func (c *Command) Start(_ context.Context, env *stage.Env) error {
	c.env = env
	return c.Check()
}

// Open connects to the brokers.
func (c *Command) Open(ctx context.Context, position string) (err error) {
	c.reader, err = c.Consumer.Open(ctx, position, c.env)
	return err
}

// Receive takes a message.
func (c *Command) Receive(ctx context.Context) (stage.Delivery, error) {
	d, err := c.reader.Receive(ctx)
	d.Send = func(emit stage.Emit) error { return c.send(d.Handle.(*client.Message), emit) }
	return d, err
}

// Acknowledge commits.
func (c *Command) Acknowledge(ctx context.Context, deliveries []stage.Delivery) error {
	return c.reader.Acknowledge(ctx, deliveries)
}

// Close disconnects.
func (c *Command) Close() error {
	if c.reader != nil {
		c.reader.Close()
	}
	return nil
}

// Collect prints what is there, and leaves it.
func (c *Command) Collect(ctx context.Context, emit stage.Emit) error {
	reader, err := c.Peek(ctx, c.env)
	if err != nil {
		return stage.Fatal(err)
	}
	defer reader.Close()
	for {
		d, err := reader.Receive(ctx)
		switch {
		case err == io.EOF, err != nil && ctx.Err() != nil:
			return nil
		case err != nil:
			return stage.Fatal(err)
		}
		if err := c.send(d.Handle.(*client.Message), emit); err != nil {
			return err
		}
	}
}

var errControlLine = errors.New("a control line is no message")

// send emits a message.
func (c *Command) send(message *client.Message, emit stage.Emit) error {
	if len(message.Value) == 0 {
		return nil // it only says that its key has none
	}
	m := &c.m
	m.Reset(event.Report, c.env.Dictionary)
	m.SetPlace(event.Place{File: message.Place(), Line: message.Offset})
	tooLarge := len(message.Value) > int(c.MaxMessage)
	if c.Events && !tooLarge {
		err := m.Decode(message.Value)
		m.SetPlace(event.Place{File: message.Place(), Line: message.Offset})
		switch {
		case err != nil:
			m.Fail(err)
		case m.Kind > event.Report:
			m.Fail(errControlLine)
		case c.Metadata:
			describe(m, message)
		}
		return emit(m)
	}
	if c.Metadata {
		describe(m, message)
	}
	m.SetRaw(message.Value)
	if tooLarge {
		m.Fail(fmt.Errorf("%d bytes are too large, see --max-message", len(message.Value)))
	}
	return emit(m)
}

// describe adds where a message stood.
func describe(m *event.Message, from *client.Message) {
	m.Set("extra.kafka.topic", from.Topic)
	m.SetValue("extra.kafka.partition", harmonization.Int(int64(from.Partition)))
	m.SetValue("extra.kafka.offset", harmonization.Int(from.Offset))
	m.Set("extra.kafka.timestamp", harmonization.FormatTime(from.Time.UTC()))
	if from.Key != nil {
		m.Set("extra.kafka.key", text(from.Key))
	}
	if len(from.Headers) == 0 {
		return
	}
	object := []byte("{")
	for i, h := range from.Headers {
		if i > 0 {
			object = append(object, ',')
		}
		object = json.AppendString(object, text([]byte(h.Key)))
		object = json.AppendString(append(object, ':'), text(h.Value))
	}
	v, err := event.ParseValue(string(append(object, '}')))
	if err != nil {
		m.Fail(fmt.Errorf("headers: %w", err))
		return
	}
	m.SetValue("extra.kafka.headers", v)
}

// text is bytes as a field has them: base64 if they are no text.
func text(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return base64.StdEncoding.EncodeToString(b)
}
