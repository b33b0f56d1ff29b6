package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// Producer says how is written.
type Producer struct {
	Flags
	Compression string     `help:"Compress the batches." enum:"none,gzip,snappy,lz4,zstd" default:"none"`
	MaxMessage  stage.Size `help:"Let events fail that are larger. What brokers take is max.message.bytes of the topic." default:"1000000" placeholder:"SIZE"`
}

// mostMessage leaves room for a request below the limit of the client.
const mostMessage = 512 << 20

// Check looks at the values.
func (p *Producer) Check() error {
	if p.MaxMessage < 1000 || p.MaxMessage > mostMessage {
		return errors.New("--max-message: choose a size between 1000 and 512MiB")
	}
	return p.Flags.Check()
}

// codec is what --compression names.
func (p *Producer) codec() kgo.CompressionCodec {
	return map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}[p.Compression]
}

// Open connects. The topics, if there are any, have to be there.
func (p *Producer) Open(ctx context.Context, topics ...string) (*Writer, error) {
	w := &Writer{flags: p, fixed: len(topics) > 0}
	if err := w.connect(); err != nil {
		return nil, err
	}
	if !w.fixed {
		topics = []string{} // any answer will do
	}
	if err := w.client.meet(ctx, topics); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// Record is a message to be written.
type Record struct {
	Topic   string
	Key     []byte // nil: any partition
	Value   []byte
	Headers []Header
}

// Writer writes messages. All replicas that are in sync have them before it says
// so, and what is sent again after an answer was lost is there once.
type Writer struct {
	flags   *Producer
	client  *client
	fixed   bool // the topics are those of Open
	pending *sending
}

func (w *Writer) connect() (err error) {
	w.client, err = w.flags.dial(
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerBatchCompression(w.flags.codec()),
		kgo.ProducerBatchMaxBytes(int32(w.flags.MaxMessage)),
		kgo.BrokerMaxWriteBytes(int32(max(100<<20, 2*w.flags.MaxMessage))),
		kgo.MaxBufferedRecords(1<<20), // the batches of the runtime are smaller
	)
	return err
}

// sending are records on their way.
type sending struct {
	records []Record
	done    chan struct{}
	errs    []error // of each record
}

// is says whether these are the very same records.
func (s *sending) is(records []Record) bool {
	if len(records) != len(s.records) {
		return false
	}
	for i := range records {
		if &records[i].Value[0] != &s.records[i].Value[0] {
			return false
		}
	}
	return true
}

// Send writes records, and says which of them will never be taken and which ones
// can be sent again. If the brokers do not answer in time it returns an error; the
// records are still on their way then, and Send, called again with the same ones,
// goes on to wait for them, so that none is there twice. The values of records must
// not be empty.
func (w *Writer) Send(ctx context.Context, records []Record) (result stage.Result, err error) {
	if w.pending != nil && !w.pending.is(records) {
		w.Close() // and with it what has become of them
		if err := w.connect(); err != nil {
			return result, err
		}
	}
	if w.pending == nil {
		s := &sending{records: records, done: make(chan struct{}), errs: make([]error, len(records))}
		w.pending = s
		all := make([]int, len(records))
		for i := range all {
			all[i] = i
		}
		client := w.client
		go func() {
			defer close(s.done)
			s.produce(client, all)
		}()
	}
	late := time.NewTimer(w.flags.timeout())
	defer late.Stop()
	select {
	case <-w.pending.done:
	case <-ctx.Done():
		return result, w.client.late(context.Cause(ctx))
	case <-late.C:
		return result, w.client.late(errors.New("the brokers are silent"))
	}
	s := w.pending
	w.pending = nil
	return w.result(s)
}

// produce sends records and waits for the answers. A batch that is too large for
// the topic, of records that might not be, is sent in halves.
func (s *sending) produce(client *client, numbers []int) {
	batch := make([]*kgo.Record, len(numbers))
	number := make(map[*kgo.Record]int, len(numbers))
	for i, n := range numbers {
		r := s.records[n]
		batch[i] = &kgo.Record{Topic: r.Topic, Key: r.Key, Value: r.Value}
		for _, h := range r.Headers {
			batch[i].Headers = append(batch[i].Headers, kgo.RecordHeader{Key: h.Key, Value: h.Value})
		}
		number[batch[i]] = n
	}
	for _, r := range client.ProduceSync(context.Background(), batch...) {
		s.errs[number[r.Record]] = r.Err
	}
	var large []int
	for _, n := range numbers {
		if errors.Is(s.errs[n], kerr.MessageTooLarge) {
			large = append(large, n)
		}
	}
	if half := len(large) / 2; half > 0 {
		s.produce(client, large[:half])
		s.produce(client, large[half:])
	}
}

// result sorts the answers.
func (w *Writer) result(s *sending) (result stage.Result, err error) {
	var temporary error
	for i, failed := range s.errs {
		switch {
		case failed == nil:
		case w.refuses(failed):
			result.Refused = append(result.Refused, stage.Refused{Index: i, Err: w.why(s.records[i].Topic, failed)})
		case stays(failed), errors.Is(failed, kerr.UnknownTopicOrPartition):
			return result, stage.Fatal(w.flags.wrap(w.why(s.records[i].Topic, failed)))
		default:
			temporary = failed
			result.Again = append(result.Again, i)
		}
	}
	if len(result.Again) == len(s.records) {
		return stage.Result{}, w.flags.wrap(temporary)
	}
	return result, nil
}

// refuses says that another record may fare better than this one.
func (w *Writer) refuses(err error) bool {
	for _, e := range []error{kerr.MessageTooLarge, kerr.InvalidRecord, kerr.InvalidTimestamp} {
		if errors.Is(err, e) {
			return true
		}
	}
	for _, e := range []error{kerr.UnknownTopicOrPartition, kerr.InvalidTopicException, kerr.TopicAuthorizationFailed} {
		if errors.Is(err, e) {
			return !w.fixed
		}
	}
	return false
}

func (w *Writer) why(topic string, err error) error {
	switch {
	case errors.Is(err, kerr.MessageTooLarge):
		return fmt.Errorf("topic %s: larger than the topic takes (max.message.bytes) or than --max-message", topic)
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		return fmt.Errorf("topic %s: there is no such topic, it has to be made first", topic)
	}
	return fmt.Errorf("topic %s: %w", topic, err)
}

// Close ends the connections. What is on its way may arrive or not.
func (w *Writer) Close() {
	w.client.Close()
	if w.pending != nil {
		<-w.pending.done
		w.pending = nil
	}
}
