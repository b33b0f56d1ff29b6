package redis

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gomodule/redigo/redis"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// Reader takes messages off a queue, the oldest first. They are in NAME-internal
// until they are acknowledged, and what an earlier reader has left there comes
// first. One goroutine may call Receive while another one calls Acknowledge.
//
// The key NAME-internal-acknowledged holds the position of the last message that
// was removed. It changes in the step that removes, so that the reader knows what
// is to be removed if a crash came between its owner's state and that step.
type Reader struct {
	closed  atomic.Bool
	taking  sync.Mutex // held by Receive
	take    *Queue
	ready   [][]byte // taken, not yet handed out
	at      string   // position of the last message handed out
	left    int      // by an earlier reader, not yet taken
	removes *Queue

	mu   sync.Mutex
	open int // messages at the right end of the internal list that were taken
}

// wait is how long the server is asked to wait for a message. So long Close and
// the end of a context may have to wait for Receive.
const wait = time.Second

var errClosed = errors.New("the queue is closed")

// OpenReader connects to the queue. Position is that of the last message that the
// owner of the reader has noted as acknowledged, or empty.
func (f *Flags) OpenReader(ctx context.Context, position string) (*Reader, error) {
	take, err := f.Open(ctx)
	if err != nil {
		return nil, err
	}
	removes, err := f.Open(ctx)
	if err != nil {
		take.Close()
		return nil, err
	}
	r := &Reader{take: take, removes: removes}
	if err := r.settle(position); err != nil {
		take.Close()
		removes.Close()
		return nil, err
	}
	return r, nil
}

func (q *Queue) marker() string { return q.held + "-acknowledged" }

// settle removes what was acknowledged and is still there: the messages behind
// the mark, if they lead to the position. Others are sent again.
func (r *Reader) settle(position string) error {
	q := r.removes
	mark, err := redis.String(q.do("GET", q.marker()))
	if errors.Is(err, redis.ErrNil) {
		mark = rand.Text()
		_, err = q.do("SET", q.marker(), mark)
	}
	if err != nil {
		return err
	}
	if r.at = position; position == "" {
		r.at = mark
	}
	if r.at != mark {
		acknowledged, err := q.leading(mark, position)
		if err != nil {
			return err
		}
		if _, err := q.remove(acknowledged, position); err != nil {
			return err
		}
	}
	r.left, err = redis.Int(q.do("LLEN", q.held))
	return err
}

// leading returns the oldest messages of the internal list that lead from one
// position to another, or none if they do not.
func (q *Queue) leading(from, to string) (texts [][]byte, err error) {
	for {
		more, err := q.oldest(q.held, len(texts), step)
		if err != nil {
			return nil, err
		}
		for _, text := range more {
			texts = append(texts, text)
			if from = next(from, text); from == to {
				return texts, nil
			}
		}
		if len(more) < step {
			return nil, nil
		}
	}
}

// next is the position of a message that stands behind another one.
func next(position string, text []byte) string {
	h := sha256.New()
	io.WriteString(h, position)
	h.Write(text)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Receive returns the next message, whose text is its Handle. If there is none it
// waits, or returns io.EOF if it is not to follow the queue. The position is a
// hash of all messages up to this one: it is the same when the reader is opened
// again and takes the message once more.
func (r *Reader) Receive(ctx context.Context, follow bool) (stage.Delivery, error) {
	r.taking.Lock()
	defer r.taking.Unlock()
	for len(r.ready) == 0 {
		if err := r.fill(ctx, follow); err != nil {
			return stage.Delivery{}, err
		}
	}
	text := r.ready[0]
	r.ready = r.ready[1:]
	r.at = next(r.at, text)
	return stage.Delivery{Position: r.at, Name: r.take.held, Bytes: int64(len(text)), Handle: text}, nil
}

// fill takes some messages, unless none comes within a while.
func (r *Reader) fill(ctx context.Context, follow bool) error {
	switch {
	case r.closed.Load():
		return errClosed
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	if err := r.take.ready(ctx); err != nil {
		return err
	}
	if r.left > 0 {
		return r.takeLeft()
	}
	return r.takeNew(follow)
}

// takeLeft reads messages that an earlier reader has left. Nothing may be removed
// meanwhile, since that moves them.
func (r *Reader) takeLeft() (err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ready, err = r.take.oldest(r.take.held, r.open, min(step, r.left))
	r.open += len(r.ready)
	if r.left -= len(r.ready); len(r.ready) == 0 {
		r.left = 0 // another reader was faster
	}
	return err
}

// takeNew moves messages into the internal list.
func (r *Reader) takeNew(follow bool) (err error) {
	q := r.take
	if r.ready, err = q.move(step); err == nil && len(r.ready) == 0 {
		if !follow {
			return io.EOF
		}
		r.ready, err = q.wait()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open += len(r.ready)
	return err
}

// wait waits for a message, and moves it.
func (q *Queue) wait() ([][]byte, error) {
	text, err := redis.Bytes(redis.DoWithTimeout(q.conn, q.timeout+wait, "BRPOPLPUSH", q.name, q.held, int(wait/time.Second)))
	q.used = time.Now()
	if errors.Is(err, redis.ErrNil) {
		return nil, nil
	} else if err != nil {
		return nil, q.wrap(err)
	}
	return [][]byte{text}, nil
}

// Acknowledge removes messages, the oldest ones that were received, all at once.
// If one is not there any longer, somebody else reads the same queue.
func (r *Reader) Acknowledge(ctx context.Context, messages []stage.Delivery) error {
	if len(messages) == 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	q := r.removes
	if err := q.ready(ctx); err != nil {
		return err
	}
	texts := make([][]byte, len(messages))
	for i, m := range messages {
		texts[i] = m.Handle.([]byte)
	}
	missing, err := q.remove(texts, messages[len(messages)-1].Position)
	if err != nil {
		return err
	}
	r.open -= len(messages)
	if missing > 0 {
		return stage.Fatal(q.wrap(fmt.Errorf("%s has been changed by somebody else: %d of %d messages that have arrived were not there any longer; only one reader can have a queue", q.held, missing, len(messages))))
	}
	return nil
}

// remove removes messages from the right end of the internal list and sets the
// mark, in one step. It returns how many were not there.
func (q *Queue) remove(texts [][]byte, position string) (missing int, err error) {
	q.conn.Send("MULTI") // an error of Send is one of EXEC as well
	for _, text := range texts {
		q.conn.Send("LREM", q.held, -1, text)
	}
	q.conn.Send("SET", q.marker(), position)
	replies, err := redis.Values(q.do("EXEC"))
	if err != nil {
		return 0, err
	}
	for _, reply := range replies[:len(texts)] {
		n, err := redis.Int(reply, nil)
		if err != nil {
			return 0, q.wrap(err)
		}
		missing += 1 - n
	}
	return missing, nil
}

// Close ends the connections, when Receive has returned.
func (r *Reader) Close() {
	r.closed.Store(true)
	r.taking.Lock()
	defer r.taking.Unlock()
	r.take.Close()
	r.removes.Close()
}
