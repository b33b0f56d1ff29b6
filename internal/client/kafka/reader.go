package kafka

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// Reader takes messages from topics. Those that are acknowledged are committed to
// the group, and before that the owner of the reader has kept the position of the
// last one. Without a group that position is all there is.
//
// Each partition is taken in its order. What the group gives to another member is
// first waited for: until it is acknowledged, or for half a minute. One goroutine
// may call Receive while another one calls Acknowledge.
type Reader struct {
	flags  *Consumer
	client *client
	admin  *kadm.Client
	asks   *client // of admin
	env    *stage.Env
	follow bool
	peek   bool // nothing is acknowledged

	mu       sync.Mutex
	at       *position
	parts    map[partition]*progress // that this reader has now
	ready    []*Message              // received, not yet handed out
	coming   map[partition]bool      // given by the group, of which the offset is not known yet
	joined   bool                    // the group has given what it has for this reader
	closed   bool
	changed  chan struct{} // is closed when something was acknowledged
	looked   time.Time     // for new partitions
	received time.Time     // when there was something last, for the end
	fetches  int64         // that were answered by then
}

// progress is how far a partition is.
type progress struct {
	partition
	next  int64 // offset that is received next
	end   int64 // where a reader ends that does not follow
	open  int   // messages that are handed out and not acknowledged
	given bool  // to another member of the group, or about to be
	gone  bool  // to another member: nothing may be committed any longer
}

// Message is what stands at one offset of a partition. There is also one before
// the first of a partition, without a value, which says where that is.
type Message struct {
	Topic     string
	Partition int32
	Offset    int64
	Time      time.Time
	Key       []byte // nil if there is none
	Value     []byte
	Headers   []Header

	from *progress
}

// Place names the partition.
func (m *Message) Place() string { return m.from.String() }

// Header stands beside a message.
type Header struct {
	Key   string
	Value []byte
}

const (
	// poll is how long Receive waits before it looks around.
	poll = 500 * time.Millisecond
	// most is how many messages are received at once.
	most = 1000
	// giveAway is how long the group waits for what this reader has in its hands.
	giveAway = 30 * time.Second
	// lookEvery is how often is looked for new partitions.
	lookEvery = time.Minute
	// quiet is how long nothing comes, from brokers that answer, behind the last
	// message of a partition whose end is not a message: compaction does that.
	quiet = 5 * time.Second
)

var errClosed = errors.New("the reader is closed")

// Open connects, and begins at a position that a Reader has given, or where the
// flags say.
func (c *Consumer) Open(ctx context.Context, position string, env *stage.Env) (*Reader, error) {
	r := &Reader{flags: c, env: env, follow: env.Follow}
	return r, r.open(ctx, position)
}

// Peek is Open for somebody who only looks: it joins no group, and ends behind the
// last message.
func (c *Consumer) Peek(ctx context.Context, env *stage.Env) (*Reader, error) {
	r := &Reader{flags: c, env: env, peek: true}
	return r, r.open(ctx, "")
}

func (r *Reader) open(ctx context.Context, position string) (err error) {
	r.parts, r.coming, r.changed = map[partition]*progress{}, map[partition]bool{}, make(chan struct{})
	if r.at, err = parsePosition(position); err != nil {
		return err
	}
	if position == "" {
		r.at.own = rand.Text()
		r.at.texts[0] = r.at.own
	}
	if r.asks, err = r.flags.dial(); err != nil {
		return err
	}
	r.admin = kadm.NewClient(r.asks.Client)
	if err = r.asks.meet(ctx, r.flags.Topic); err == nil {
		err = r.begin(ctx)
	}
	if err != nil {
		r.Close()
	}
	return err
}

// begin begins to read.
func (r *Reader) begin(ctx context.Context) error {
	options := r.flags.reading()
	if r.flags.Group != "" && !r.peek {
		options = append(options, r.membership()...)
	} else {
		spans, err := r.flags.spans(ctx, r.admin)
		if err != nil {
			return err
		}
		offsets, err := r.take(ctx, sorted(spans), spans)
		if err != nil {
			return err
		}
		options = append(options, kgo.ConsumePartitions(offsets))
		r.joined, r.looked = true, time.Now()
	}
	client, err := r.flags.dial(options...)
	r.mu.Lock() // the group may have called back already
	defer r.mu.Unlock()
	r.client = client
	return err
}

// membership are the options of a member of a group.
func (r *Reader) membership() []kgo.Opt {
	options := []kgo.Opt{
		kgo.ConsumerGroup(r.flags.Group), kgo.ConsumeTopics(r.flags.Topic...), kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsAssigned(r.assigned), kgo.AdjustFetchOffsetsFn(r.adjust),
		kgo.OnPartitionsRevoked(r.revoked), kgo.OnPartitionsLost(r.lost),
		kgo.RebalanceTimeout(2 * giveAway),
	}
	if r.flags.GroupInstanceID != "" {
		options = append(options, kgo.InstanceID(r.flags.GroupInstanceID))
	}
	return options
}

// assigned is called when the group has given partitions, maybe none.
func (r *Reader) assigned(_ context.Context, _ *kgo.Client, given map[string][]int32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.joined = true
	for _, p := range listed(given) {
		r.coming[p] = true
	}
	r.stir()
}

// listed are partitions as the client names them.
func listed(given map[string][]int32) (all []partition) {
	for topic, numbers := range given {
		for _, number := range numbers {
			all = append(all, partition{topic, number})
		}
	}
	slices.SortFunc(all, compare)
	return all
}

// adjust says where to begin in partitions that the group has given.
func (r *Reader) adjust(ctx context.Context, given map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	var all []partition
	for topic, numbers := range given {
		for number := range numbers {
			all = append(all, partition{topic, number})
		}
	}
	slices.SortFunc(all, compare)
	spans, err := r.flags.spans(ctx, r.admin)
	if err != nil {
		return nil, err
	}
	return r.take(ctx, all, spans)
}

// take begins to read partitions.
func (r *Reader) take(ctx context.Context, all []partition, spans map[partition]span) (map[string]map[int32]kgo.Offset, error) {
	var known map[partition]kept
	if r.flags.Group != "" {
		var err error
		if known, err = r.flags.committed(ctx, r.admin); err != nil {
			return nil, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	offsets := map[string]map[int32]kgo.Offset{}
	for _, part := range all {
		s, ok := spans[part]
		if !ok {
			continue // it was only just made, and is found later
		}
		offset, isNew := r.place(part, s, known)
		p := &progress{partition: part, next: offset, end: s.end}
		r.parts[part] = p
		delete(r.coming, part)
		if offsets[part.topic] == nil {
			offsets[part.topic] = map[int32]kgo.Offset{}
		}
		offsets[part.topic][part.number] = kgo.NewOffset().At(offset)
		if isNew { // so that it is known where that was, even if nothing comes
			r.ready = append(r.ready, &Message{Topic: part.topic, Partition: part.number, Offset: offset - 1, from: p})
		}
	}
	r.stir()
	return offsets, nil
}

// place says where to begin in a partition, and whether nobody has kept that.
func (r *Reader) place(part partition, s span, known map[partition]kept) (offset int64, isNew bool) {
	offset, ok := r.at.next[part]
	resumed := len(r.at.next) > 0
	if r.flags.Group != "" {
		k, kept := known[part]
		// What this reader has noted beside the offset says that nobody else has
		// moved that since: then the position, which is kept first, is right.
		if kept && (!ok || k.note != r.at.own || offset < k.offset) {
			offset, ok = k.offset, true
		}
		resumed = resumed || len(known) > 0
	}
	switch {
	case !ok && resumed: // a partition that was added: it begins where it begins
		return s.first, true
	case !ok:
		return s.begin, true
	case offset < s.first:
		r.env.Fail("%s: the broker has deleted %d messages before they were read, from offset %d", part, s.first-offset, offset)
		return s.first, true
	case offset > s.end:
		r.env.Warn("%s: there is no offset %d, the topic ends at %d and must be another one; it is read from its beginning", part, offset, s.end)
		return s.first, true
	}
	return offset, false
}

// revoked is called when the group wants partitions back.
func (r *Reader) revoked(ctx context.Context, _ *kgo.Client, given map[string][]int32) {
	deadline := time.After(giveAway)
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.release(given)
	for !r.closed && slices.ContainsFunc(all, func(p *progress) bool { return p.open > 0 }) {
		changed := r.changed
		r.mu.Unlock()
		select {
		case <-changed:
			r.mu.Lock()
			continue
		case <-deadline:
		case <-ctx.Done():
		}
		r.mu.Lock()
		break
	}
	r.forget(all)
}

// lost is called when the group has given partitions to somebody else already.
func (r *Reader) lost(_ context.Context, _ *kgo.Client, given map[string][]int32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(r.release(given))
}

// release lets nothing more of some partitions be handed out.
func (r *Reader) release(given map[string][]int32) (all []*progress) {
	for _, part := range listed(given) {
		delete(r.coming, part)
		if p := r.parts[part]; p != nil {
			p.given = true
			all = append(all, p)
		}
	}
	r.ready = slices.DeleteFunc(r.ready, func(m *Message) bool { return m.from.given })
	return all
}

func (r *Reader) forget(all []*progress) {
	for _, p := range all {
		p.gone = true
		delete(r.parts, p.partition)
	}
	r.stir()
}

// stir notes that there is something new.
func (r *Reader) stir() {
	close(r.changed)
	r.changed = make(chan struct{})
	r.received = time.Now()
	if r.client != nil {
		r.fetches = r.client.watch.fetches.Load()
	}
}

// Receive returns the next message as its Handle. If there is none it waits, or
// returns io.EOF behind the last message that was there when it began to read, if
// it is not to follow.
func (r *Reader) Receive(ctx context.Context) (stage.Delivery, error) {
	since := time.Now()
	for {
		if d, ok := r.handOut(); ok {
			return d, nil
		}
		switch {
		case r.isClosed():
			return stage.Delivery{}, errClosed
		case ctx.Err() != nil:
			return stage.Delivery{}, context.Cause(ctx)
		case !r.follow && r.atEnd():
			return stage.Delivery{}, io.EOF
		}
		if err := r.client.silent(since); err != nil {
			if !r.answers(ctx) {
				return stage.Delivery{}, err
			}
			since = time.Now() // the group takes its time, which it may
		}
		if err := r.look(ctx); err != nil {
			return stage.Delivery{}, err
		}
		if err := r.poll(ctx); err != nil {
			return stage.Delivery{}, err
		}
	}
}

// answers asks whether there is a broker.
func (r *Reader) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, min(r.flags.timeout(), leave))
	defer cancel()
	return r.asks.Ping(ctx) == nil
}

func (r *Reader) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// handOut makes a delivery of the next message.
func (r *Reader) handOut() (d stage.Delivery, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ready) == 0 {
		return d, false
	}
	m := r.ready[0]
	r.ready = r.ready[1:]
	m.from.open++
	r.at.set(m.from.partition, m.Offset+1)
	d = stage.Delivery{Position: r.at.String(), Name: m.from.String(), Bytes: int64(len(m.Key) + len(m.Value)), Handle: m}
	return d, true
}

// atEnd says whether all is received that was there at the beginning.
func (r *Reader) atEnd() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.joined || len(r.coming) > 0 {
		return false
	}
	for _, p := range r.parts {
		if p.next < p.end {
			return time.Since(r.received) > quiet && r.client.watch.fetches.Load() > r.fetches+2
		}
	}
	return true
}

// look looks for partitions that were added to the topics. A group does that
// by itself.
func (r *Reader) look(ctx context.Context) error {
	if !r.follow || r.flags.Group != "" || time.Since(r.looked) < lookEvery {
		return nil
	}
	r.looked = time.Now()
	spans, err := r.flags.spans(ctx, r.admin)
	if err != nil {
		return nil // if that lasts, silent says so
	}
	var added []partition
	for _, part := range sorted(spans) {
		if r.parts[part] == nil {
			added = append(added, part)
		}
	}
	offsets, err := r.take(ctx, added, spans)
	if err == nil && len(offsets) > 0 {
		r.client.AddConsumePartitions(offsets)
	}
	return err
}

// poll waits for messages for a while.
func (r *Reader) poll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, poll)
	defer cancel()
	fetches := r.client.PollRecords(ctx, most)
	defer r.client.AllowRebalance()
	var failed error
	fetches.EachError(func(topic string, number int32, err error) {
		var loss *kgo.ErrDataLoss
		switch {
		case ctx.Err() != nil && errors.Is(err, ctx.Err()), errors.Is(err, kgo.ErrClientClosed):
		case errors.As(err, &loss):
			r.env.Fail("%v", err)
		case passes(err):
			r.client.watch.trouble.Store(&err)
		case failed == nil && topic != "":
			failed = r.flags.wrap(&partError{partition{topic, number}, err})
		case failed == nil:
			failed = r.flags.wrap(err)
		}
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	fetches.EachRecord(r.add)
	return failed
}

// add takes a message.
func (r *Reader) add(record *kgo.Record) {
	p := r.parts[partition{record.Topic, record.Partition}]
	if p == nil || p.given || record.Offset < p.next {
		return
	}
	p.next = record.Offset + 1
	r.received, r.fetches = time.Now(), r.client.watch.fetches.Load()
	if record.Attrs.IsControl() {
		return
	}
	m := &Message{
		Topic: record.Topic, Partition: record.Partition, Offset: record.Offset,
		Time: record.Timestamp, Key: record.Key, Value: record.Value, from: p,
	}
	for _, h := range record.Headers {
		m.Headers = append(m.Headers, Header{h.Key, h.Value})
	}
	r.ready = append(r.ready, m)
}

// partError is an error of one partition.
type partError struct {
	partition
	err error
}

func (e *partError) Error() string { return e.String() + ": " + e.err.Error() }
func (e *partError) Unwrap() error { return e.err }

// passes says that the client deals with an error by itself, or waits until it is
// over.
func passes(err error) bool {
	if stays(err) {
		return false
	}
	for _, e := range []error{kerr.RebalanceInProgress, kerr.IllegalGeneration, kerr.UnknownMemberID, kerr.FencedMemberEpoch, kerr.StaleMemberEpoch} {
		if errors.Is(err, e) {
			return true
		}
	}
	var code *kerr.Error
	return !errors.As(err, &code) && !errors.Is(err, kgo.ErrMaxDecompress) || code != nil && code.Retriable && !errors.Is(err, kerr.UnknownTopicOrPartition)
}

// Close lets go, and makes a Receive that waits return.
func (r *Reader) Close() {
	r.mu.Lock()
	r.closed = true
	close(r.changed)
	r.changed = make(chan struct{})
	r.mu.Unlock()
	if r.client != nil {
		ctx, cancel := context.WithTimeout(context.Background(), leave)
		defer cancel()
		r.client.AllowRebalance()
		r.client.LeaveGroupContext(ctx) // of no use is an error: the group finds out
		r.client.CloseAllowingRebalance()
	}
	if r.asks != nil {
		r.asks.Close()
	}
}

// leave is how long it may take to leave the group.
const leave = 5 * time.Second
