package kafka

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// Acknowledge gives messages up that have arrived. The offsets of a group are
// committed, as long as the partition is this reader's.
func (r *Reader) Acknowledge(ctx context.Context, deliveries []stage.Delivery) error {
	behind := map[*progress]int64{}
	for _, d := range deliveries {
		m := d.Handle.(*Message)
		behind[m.from] = m.Offset + 1
	}
	var err error
	if r.flags.Group != "" {
		err = r.commit(ctx, behind)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range deliveries {
		d.Handle.(*Message).from.open--
	}
	r.wake()
	return err
}

// again is the pause before a commit is tried again.
const again = 100 * time.Millisecond

// commit commits offsets. While the group is shared out anew that has to wait.
func (r *Reader) commit(ctx context.Context, behind map[*progress]int64) error {
	ctx, cancel := context.WithTimeout(ctx, r.flags.timeout())
	defer cancel()
	for {
		own := r.own(behind)
		if len(own) == 0 {
			return nil // others read that again
		}
		err := r.commitOnce(ctx, own)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return r.client.late(err)
		case errors.Is(err, kgo.ErrClientClosed), !passes(err):
			return r.flags.wrap(err)
		}
		select {
		case <-ctx.Done():
			return r.client.late(err)
		case <-time.After(again):
		}
	}
}

// own are the offsets of partitions that no other member has.
func (r *Reader) own(behind map[*progress]int64) map[string]map[int32]kgo.EpochOffset {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := map[string]map[int32]kgo.EpochOffset{}
	for p, offset := range behind {
		if p.gone {
			continue
		}
		if all[p.topic] == nil {
			all[p.topic] = map[int32]kgo.EpochOffset{}
		}
		all[p.topic][p.number] = kgo.EpochOffset{Epoch: -1, Offset: offset}
	}
	return all
}

// commitOnce commits offsets, each with a note that says who has done so.
func (r *Reader) commitOnce(ctx context.Context, offsets map[string]map[int32]kgo.EpochOffset) (err error) {
	ctx = kgo.PreCommitFnContext(ctx, func(request *kmsg.OffsetCommitRequest) error {
		for _, topic := range request.Topics {
			for i := range topic.Partitions {
				topic.Partitions[i].Metadata = &r.at.own
			}
		}
		return nil
	})
	r.client.CommitOffsetsSync(ctx, offsets, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, reply *kmsg.OffsetCommitResponse, failed error) {
		if err = failed; err != nil {
			return
		}
		for _, topic := range reply.Topics {
			for _, p := range topic.Partitions {
				err = cmp.Or(err, kerr.ErrorForCode(p.ErrorCode))
			}
		}
	})
	return err
}
