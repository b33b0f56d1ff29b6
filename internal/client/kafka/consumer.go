package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Consumer says what is read, and where it begins.
type Consumer struct {
	Flags
	Topic           []string   `help:"Read these topics." placeholder:"TOPIC,…" required:""`
	Group           string     `help:"Read as a member of this consumer group: its members share the topics, and the group keeps the offsets. Without a group all is read, and the state directory keeps the offsets." placeholder:"NAME"`
	GroupInstanceID string     `name:"group-instance-id" help:"The name of this member of the group. One that is back within 45 s under its name keeps its partitions." placeholder:"NAME"`
	StartOffset     string     `help:"Where to begin in a partition that has no offset yet: earliest, latest, or a time such as 2026-01-31T12:00:00Z." default:"earliest" placeholder:"earliest|latest|TIME"`
	MaxMessage      stage.Size `help:"Let messages fail that are larger." default:"16MiB" placeholder:"SIZE"`

	start time.Time // of --start-offset
}

const (
	// unpacked is how much a compressed batch of messages may be, at least.
	unpacked = 64 << 20
	// maxMessage is more than any broker takes by default.
	maxMessage = 1 << 30
)

// Check looks at the values.
func (c *Consumer) Check() error {
	for _, topic := range c.Topic {
		if err := CheckTopic(topic); err != nil {
			return fmt.Errorf("--topic: %w", err)
		}
	}
	switch {
	case len(c.Topic) == 0:
		return errors.New("--topic: name a topic")
	case c.Group == "" && c.GroupInstanceID != "":
		return errors.New("--group-instance-id: only a group has members, see --group")
	case c.MaxMessage < 1 || c.MaxMessage > maxMessage:
		return errors.New("--max-message: choose a size between 1 and 1GiB")
	}
	if c.StartOffset != "earliest" && c.StartOffset != "latest" {
		var err error
		if c.start, err = time.Parse(time.RFC3339, c.StartOffset); err != nil {
			return fmt.Errorf("--start-offset: %s: earliest, latest or a time such as 2026-01-31T12:00:00Z is expected", plain.Quote(c.StartOffset))
		}
	}
	return c.Flags.Check()
}

// CheckTopic says whether a text can be the name of a topic.
func CheckTopic(name string) error {
	for _, c := range []byte(name) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-') {
			return fmt.Errorf("%s: the name of a topic has letters, digits, dots, dashes and underscores", plain.Quote(name))
		}
	}
	if name == "" || name == "." || name == ".." || len(name) > 249 {
		return fmt.Errorf("%s: a name between 1 and 249 letters is expected", plain.Quote(name))
	}
	return nil
}

// String names what is read, for people and for states.
func (c *Consumer) String() string {
	topics := slices.Sorted(slices.Values(c.Topic))
	text := c.Flags.String() + "/" + strings.Join(topics, ",")
	if c.Group != "" {
		text += "/" + c.Group
	}
	return text
}

// reading are the options of a client that reads.
func (c *Consumer) reading() []kgo.Opt {
	batch := max(unpacked, 4*int(c.MaxMessage))
	return []kgo.Opt{
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxWait(time.Second),
		kgo.FetchMaxBytes(16 << 20),
		kgo.BrokerMaxReadBytes(int32(min(maxMessage, 2*batch))),
		kgo.MaxDecompressBatchBytes(batch),
		kgo.KeepControlRecords(), // so that the end of a partition is seen
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
	}
}

// A partition of a topic.
type partition struct {
	topic  string
	number int32
}

func (p partition) String() string { return fmt.Sprintf("%s/%d", p.topic, p.number) }

func compare(a, b partition) int {
	return cmp.Or(strings.Compare(a.topic, b.topic), cmp.Compare(a.number, b.number))
}

// span is what a partition has: the first offset, the one behind the last, and
// where one begins that has read nothing yet.
type span struct{ first, end, begin int64 }

// spans asks the brokers for all partitions.
func (c *Consumer) spans(ctx context.Context, admin *kadm.Client) (map[partition]span, error) {
	list := func(ask func(context.Context, ...string) (kadm.ListedOffsets, error)) (kadm.ListedOffsets, error) {
		offsets, err := ask(ctx, c.Topic...)
		return offsets, c.wrap(cmp.Or(err, offsets.Error()))
	}
	first, err := list(admin.ListStartOffsets)
	if err != nil {
		return nil, err
	}
	end, err := list(admin.ListCommittedOffsets)
	if err != nil {
		return nil, err
	}
	begin := first
	switch {
	case c.StartOffset == "latest":
		begin = end
	case !c.start.IsZero():
		begin, err = list(func(ctx context.Context, topics ...string) (kadm.ListedOffsets, error) {
			return admin.ListOffsetsAfterMilli(ctx, c.start.UnixMilli(), topics...)
		})
		if err != nil {
			return nil, err
		}
	}
	all := map[partition]span{}
	first.Each(func(o kadm.ListedOffset) {
		last, ok1 := end.Lookup(o.Topic, o.Partition)
		from, ok2 := begin.Lookup(o.Topic, o.Partition)
		if ok1 && ok2 {
			if from.Offset < 0 {
				from.Offset = last.Offset
			}
			all[partition{o.Topic, o.Partition}] = span{o.Offset, last.Offset, from.Offset}
		}
	})
	return all, nil
}

// kept is an offset that a group keeps, and what its last writer has put beside it.
type kept struct {
	offset int64
	note   string
}

// committed are the offsets that the group keeps.
func (c *Consumer) committed(ctx context.Context, admin *kadm.Client) (map[partition]kept, error) {
	replies, err := admin.FetchOffsets(ctx, c.Group)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return nil, c.wrap(err)
	}
	all := map[partition]kept{}
	for topic, partitions := range replies {
		for number, reply := range partitions {
			switch {
			case reply.Err != nil:
				return nil, c.wrap(reply.Err)
			case reply.At >= 0:
				all[partition{topic, number}] = kept{reply.At, reply.Metadata}
			}
		}
	}
	return all, nil
}

// position is how a Reader says how far it is: a text of its own, by which it knows
// its notes at the group again, and the next offset of each partition.
type position struct {
	own   string
	next  map[partition]int64
	order []partition
	texts []string // of own, and of the partitions in order
}

func parsePosition(text string) (*position, error) {
	p := &position{next: map[partition]int64{}}
	own, rest, _ := strings.Cut(text, " ")
	p.own, p.texts = own, []string{own}
	for word := range strings.FieldsSeq(rest) {
		var part partition
		var offset int64
		slash := strings.LastIndexByte(word, '/')
		if slash < 0 {
			return nil, fmt.Errorf("the state is damaged: %s", plain.Quote(text))
		}
		part.topic = word[:slash]
		if _, err := fmt.Sscanf(word[slash:], "/%d:%d", &part.number, &offset); err != nil {
			return nil, fmt.Errorf("the state is damaged: %s", plain.Quote(text))
		}
		p.set(part, offset)
	}
	return p, nil
}

// set notes the next offset of a partition.
func (p *position) set(part partition, offset int64) {
	i, found := slices.BinarySearchFunc(p.order, part, compare)
	if !found {
		p.order = slices.Insert(p.order, i, part)
		p.texts = slices.Insert(p.texts, i+1, "")
	}
	p.next[part] = offset
	p.texts[i+1] = fmt.Sprintf("%s:%d", part, offset)
}

func (p *position) String() string { return strings.Join(p.texts, " ") }

// sorted are the partitions of a map in their order.
func sorted[V any](m map[partition]V) []partition { return slices.SortedFunc(maps.Keys(m), compare) }
