// Package kafka is what commands want of a Kafka cluster: a Reader, which takes
// messages and gives them up when they have arrived, and a Writer. Servers that
// speak the protocol of Kafka 2.1 or later will do, Redpanda among them.
package kafka

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// client is a connection to a cluster that knows how well it is.
type client struct {
	*kgo.Client
	flags *Flags
	watch *watch
}

// dial makes a client. It does not connect yet.
func (f *Flags) dial(options ...kgo.Opt) (*client, error) {
	common, err := f.options()
	if err != nil {
		return nil, err
	}
	c := &client{flags: f, watch: &watch{}}
	c.Client, err = kgo.NewClient(append(append(common, kgo.WithHooks(c.watch)), options...)...)
	return c, f.wrap(err)
}

// meet connects to the first broker that answers, and makes sure that the topics
// are there. It does not try again: who starts wants to know at once.
func (c *client) meet(ctx context.Context, topics []string) error {
	var first error
	for _, broker := range c.SeedBrokers() {
		reply, err := c.metadata(ctx, broker, topics)
		if err == nil {
			return c.check(ctx, broker, reply)
		}
		if first = cmp.Or(first, err); stays(err) {
			break
		}
	}
	return c.flags.wrap(first)
}

// metadata asks one broker, of all topics if topics is nil.
func (c *client) metadata(ctx context.Context, broker *kgo.Broker, topics []string) (*kmsg.MetadataResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, c.flags.timeout())
	defer cancel()
	request := kmsg.NewPtrMetadataRequest()
	if topics != nil {
		request.Topics = []kmsg.MetadataRequestTopic{} // none, which is not the same as all
	}
	for _, name := range topics {
		topic := kmsg.NewMetadataRequestTopic()
		topic.Topic = kmsg.StringPtr(name)
		request.Topics = append(request.Topics, topic)
	}
	reply, err := broker.Request(ctx, request)
	if err != nil {
		return nil, err
	}
	return reply.(*kmsg.MetadataResponse), nil
}

func (c *client) check(ctx context.Context, broker *kgo.Broker, reply *kmsg.MetadataResponse) error {
	for _, topic := range reply.Topics {
		err := kerr.ErrorForCode(topic.ErrorCode)
		switch {
		case err == nil || kerr.IsRetriable(err) && !errors.Is(err, kerr.UnknownTopicOrPartition):
			continue
		case errors.Is(err, kerr.UnknownTopicOrPartition):
			return c.unknown(ctx, broker, *topic.Topic)
		}
		return c.flags.wrap(fmt.Errorf("topic %s: %w", *topic.Topic, err))
	}
	return nil
}

// unknown is the error for a topic that is not there.
func (c *client) unknown(ctx context.Context, broker *kgo.Broker, name string) error {
	var names []string
	if all, err := c.metadata(ctx, broker, nil); err == nil {
		for _, topic := range all.Topics {
			if topic.Topic != nil && !topic.IsInternal {
				names = append(names, *topic.Topic)
			}
		}
	}
	hint := "it has to be made first, and the user must be allowed to see it"
	if near := plain.Nearest(name, slices.Values(names)); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	return stage.Fatal(fmt.Errorf("kafka %s: there is no topic %s; %s", c.flags, plain.Quote(name), hint))
}

// watch notes when a broker has answered, and what went wrong last.
type watch struct {
	answered atomic.Int64 // in nanoseconds
	fetches  atomic.Int64 // that were answered
	trouble  atomic.Pointer[error]
}

// OnBrokerConnect is called by the client.
func (w *watch) OnBrokerConnect(_ kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	switch {
	case err == nil:
		w.trouble.Store(nil)
	case !errors.Is(err, context.Canceled):
		w.trouble.Store(&err)
	}
}

// OnBrokerRead is called by the client.
func (w *watch) OnBrokerRead(_ kgo.BrokerMetadata, key int16, _ int, _, _ time.Duration, err error) {
	if err != nil {
		return
	}
	w.answered.Store(time.Now().UnixNano())
	if key == kmsg.Fetch.Int16() {
		w.fetches.Add(1)
	}
}

// silent is the error for a cluster that has not answered for too long, since a
// time at which somebody began to wait.
func (c *client) silent(since time.Time) error {
	if last := time.Unix(0, c.watch.answered.Load()); last.After(since) {
		since = last
	}
	if time.Since(since) < c.flags.timeout() {
		return nil
	}
	return c.late(errors.New("there is no connection"))
}

// late is the error for something that took too long. What is wrong with the
// connection says more than that.
func (c *client) late(err error) error {
	if trouble := c.watch.trouble.Load(); trouble != nil {
		err = *trouble
	}
	return c.flags.wrap(fmt.Errorf("no answer within %v, see --timeout: %w", c.flags.timeout(), err))
}

// hints say what to do about errors. To try again is of no use where one stays.
var hints = [...]struct {
	err   error
	text  string
	stays bool
}{
	{kerr.SaslAuthenticationFailed, "the user or the password is wrong, see --sasl-username and --sasl-password-file", true},
	{kerr.UnsupportedSaslMechanism, "see --sasl-mechanism", true},
	{kerr.IllegalSaslState, "see --sasl-mechanism", true},
	{kerr.TopicAuthorizationFailed, "the user may not use this topic", true},
	{kerr.GroupAuthorizationFailed, "the user may not use this group, see --group", true},
	{kerr.ClusterAuthorizationFailed, "the user lacks a permission of the cluster, such as IdempotentWrite", true},
	{kerr.FencedInstanceID, "another member of the group has this name, see --group-instance-id", true},
	{kerr.GroupMaxSizeReached, "the group has no room for another member", true},
	{kerr.InconsistentGroupProtocol, "other members of the group share it in another way: they have to use cooperative-sticky, or another group", true},
	{kerr.InvalidGroupID, "see --group", true},
	{kgo.ErrMaxDecompress, "raise --max-message if that is right", true},
	{kerr.OffsetOutOfRange, "the broker has deleted it, or the topic was made anew; start again to read on from there", true},
}

// hint finds the hint for an error.
func hint(err error) (text string, stays, ok bool) {
	for _, h := range hints {
		if errors.Is(err, h.err) {
			return h.text, h.stays, true
		}
	}
	switch {
	case errors.As(err, new(*kgo.ErrFirstReadEOF)), errors.Is(err, io.EOF): // some brokers say no more about a wrong password
		return "see --ssl, --sasl-username, --sasl-password-file and --sasl-mechanism", false, true
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return "see --ssl-cafile and --ssl-check-hostname", true, true
	case errors.As(err, new(tls.RecordHeaderError)):
		return "the broker does not use TLS on this port, see --ssl", true, true
	case errors.Is(err, context.DeadlineExceeded):
		return "see --ssl and --timeout", false, true
	}
	return "", false, false
}

// stays says that to try again is of no use.
func stays(err error) bool {
	_, stays, _ := hint(err)
	return stays
}

// wrap names the cluster, and the way out where one is known.
func (f *Flags) wrap(err error) error {
	if err == nil {
		return nil
	}
	text, stays, ok := hint(err)
	err = errors.New(plain.Line(strings.TrimSuffix(err.Error(), ".")))
	if ok {
		err = fmt.Errorf("kafka %s: %w: %s", f, err, text)
	} else {
		err = fmt.Errorf("kafka %s: %w", f, err)
	}
	if stays {
		err = stage.Fatal(err)
	}
	return err
}
