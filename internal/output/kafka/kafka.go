// Package kafka implements output-kafka.
//
// output-kafka: write events to topics of Kafka
//
// Each event becomes one message, JSON with sorted keys, with __type and raw, so
// that collect-kafka --events takes it up again as it was. With --format-topic
// the topic is made of each event: {event[feed.code]} stands for a field. The
// topics have to be there. --key names the field by which events are placed:
// those with the same value are in the same partition, in their order. --headers
// names fields that are put into headers of the same names.
//
// Events are sent in batches: when a batch is full, after a second at the latest,
// and at each checkpoint. They count as written when all replicas that are in
// sync have them. While brokers are away a batch is tried for --retry-for, and its
// events arrive once; then output-kafka ends with exit code 3. In the pipeline of a
// source, windows that were not acknowledged come again after a crash: the header
// intelpipe-id is the same then, so that consumers can drop what they have. In a
// bare pipe the events that could not be sent are in the dump; some may have
// arrived.
//
// An event that is too large for its topic, or has none, goes into the dump, and
// the others go on. A fixed topic that is not there, and a user who may not write
// to it, end output-kafka with exit code 3 at once. TLS and login are flags that
// --help-all shows.
//
// # Examples
//
//	echo '{"source.ip":"192.0.2.1"}' |
//	  output-kafka --topic events --key source.ip --dry-run
//	echo '{"source.ip":"192.0.2.1","feed.code":"a"}' |
//	  output-kafka --topic 'events-{event[feed.code]}' --format-topic --dry-run
//
//intelpipe:full
package kafka

import (
	"context"
	"fmt"

	"github.com/intelpipe/intelpipe/harmonization"
	client "github.com/intelpipe/intelpipe/internal/client/kafka"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/export"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/python/strformat"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command is output-kafka.
type Command struct {
	client.Producer
	Topic              string   `help:"The topic, or with --format-topic the template of its name." placeholder:"TOPIC" required:""`
	FormatTopic        bool     `help:"Make the topic from the event."`
	Key                string   `help:"Place events by the value of this field." placeholder:"FIELD" field:"event"`
	Headers            []string `help:"Put these fields into headers." placeholder:"FIELD,…" field:"event"`
	HierarchicalOutput bool     `help:"Nest the fields: source.ip becomes ip inside of source."`
	WithType           bool     `help:"Include __type." default:"true"`
	KeepRawField       bool     `help:"Include raw." default:"true"`
	SingleKey          string   `help:"Write the value of this field alone: raw decoded, output as the JSON it holds." placeholder:"FIELD" field:"event,false"`

	export   export.Flags
	template *strformat.Template
	writer   *client.Writer
}

// Start connects.
func (c *Command) Start(ctx context.Context, env *stage.Env) error {
	if err := c.Check(); err != nil {
		return err
	}
	c.export = export.Flags{HierarchicalOutput: c.HierarchicalOutput, MessageWithType: c.WithType, KeepRawField: c.KeepRawField, SingleKey: c.SingleKey}
	var topics []string
	if !c.FormatTopic {
		if err := client.CheckTopic(c.Topic); err != nil {
			return fmt.Errorf("--topic: %w", err)
		}
		topics = []string{c.Topic}
	} else if err := c.compile(env.Dictionary); err != nil {
		return fmt.Errorf("--topic %s: %w", c.Topic, err)
	}
	if env.DryRun {
		return nil
	}
	var err error
	c.writer, err = c.Open(ctx, topics...)
	return stage.Fatal(err)
}

// compile reads the template of the topic.
func (c *Command) compile(d *harmonization.Dictionary) (err error) {
	if c.template, err = strformat.Compile(c.Topic, "event", "ev"); err != nil {
		return err
	}
	for _, index := range c.template.Fields {
		if len(index) != 1 {
			return fmt.Errorf("a field is written {event[feed.code]}")
		}
		if err := d.Check(harmonization.Event, index[0]); err != nil {
			return err
		}
	}
	return nil
}

// Encode makes a message of an event. What stands beside its value is in the Key
// of the item: the key and the headers, null for a field that is not there.
func (c *Command) Encode(m *event.Message) (item stage.Item, err error) {
	if item.Group, err = c.topic(m); err != nil {
		return item, err
	}
	if item.Data, err = c.export.Append(nil, m); err != nil {
		return item, err
	}
	if len(item.Data) == 0 {
		return item, fmt.Errorf("%s: there is nothing in it to write", c.SingleKey)
	}
	beside := []*string{value(m, c.Key)}
	for _, field := range c.Headers {
		beside = append(beside, value(m, field))
	}
	text, err := json.Marshal(beside)
	item.Key = string(text)
	return item, err
}

// topic is the one that an event goes to.
func (c *Command) topic(m *event.Message) (string, error) {
	if c.template == nil {
		return c.Topic, nil
	}
	name, err := c.template.Execute(nil, func(_ string, index []string) (harmonization.Value, bool) { return m.Value(index[0]) })
	if err == nil {
		err = client.CheckTopic(string(name))
	}
	if err != nil {
		return "", fmt.Errorf("--topic %s: %w", c.Topic, err)
	}
	return string(name), nil
}

// value is that of a field, nil if there is none.
func value(m *event.Message, field string) *string {
	v, ok := m.Value(field)
	if field == "" || !ok {
		return nil
	}
	return &v.Text
}

// Send writes events.
func (c *Command) Send(ctx context.Context, items []stage.Item) (stage.Result, error) {
	records := make([]client.Record, len(items))
	for i, item := range items {
		var beside []*string
		if err := json.Unmarshal([]byte(item.Key), &beside); err != nil {
			return stage.Result{}, stage.Fatal(err) // Encode has written it
		}
		r := client.Record{Topic: item.Group, Value: item.Data}
		if beside[0] != nil {
			r.Key = []byte(*beside[0])
		}
		for n, field := range c.Headers {
			if text := beside[n+1]; text != nil {
				r.Headers = append(r.Headers, client.Header{Key: field, Value: []byte(*text)})
			}
		}
		if item.ID != "" {
			r.Headers = append(r.Headers, client.Header{Key: "intelpipe-id", Value: []byte(item.ID)})
		}
		records[i] = r
	}
	return c.writer.Send(ctx, records)
}

// Close ends the connections.
func (c *Command) Close() error {
	if c.writer != nil {
		c.writer.Close()
	}
	return nil
}
