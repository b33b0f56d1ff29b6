package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// Flags name a queue, as IntelMQ's parameters do. They are embedded in the
// commands that use one.
type Flags struct {
	RedisServerIP   string       `name:"redis-server-ip" help:"The server, a name, an address or the path of a socket." default:"127.0.0.1" placeholder:"HOST"`
	RedisServerPort int          `help:"The server's port." default:"6379" placeholder:"PORT"`
	RedisDb         int          `help:"The server's database." default:"2" placeholder:"N"`
	RedisPassword   stage.Secret `help:"The file that holds the server's password." name:"redis-password-file" placeholder:"FILE"`
	RedisQueue      string       `help:"The queue, such as file-output-queue." placeholder:"NAME" required:""`
	RedisTimeout    int          `help:"Give up after so many milliseconds without an answer." default:"5000" placeholder:"MS"`
}

// Check looks at the values.
func (f *Flags) Check() error {
	switch {
	case f.RedisQueue == "":
		return errors.New("--redis-queue: the name of a queue is expected")
	case f.RedisTimeout < 1:
		return errors.New("--redis-timeout: a number of milliseconds above 0 is expected")
	case f.RedisDb < 0:
		return errors.New("--redis-db: a number from 0 is expected")
	}
	return nil
}

// Open connects to the queue.
func (f *Flags) Open(ctx context.Context) (*Queue, error) {
	q := &Queue{
		name:    f.RedisQueue,
		held:    f.RedisQueue + "-internal",
		timeout: time.Duration(f.RedisTimeout) * time.Millisecond,
		config:  Config{Host: f.RedisServerIP, Port: f.RedisServerPort, DB: f.RedisDb, Password: string(f.RedisPassword)},
	}
	return q, q.connect(ctx)
}

// String names the queue for people and for states.
func (f *Flags) String() string {
	c := Config{Host: f.RedisServerIP, Port: f.RedisServerPort}
	_, addr := c.address()
	return fmt.Sprintf("%s/%d/%s", addr, f.RedisDb, f.RedisQueue)
}

// Queue is a queue as IntelMQ keeps it: a list that is written at its left end
// and read at its right one. What a Reader has taken is moved into a second
// list, NAME-internal, until it is done with. One goroutine uses it at a time.
type Queue struct {
	name, held string
	timeout    time.Duration
	config     Config
	conn       redis.Conn
	used       time.Time
}

// loadingPause is how often a server is asked that still reads its data.
const loadingPause = 200 * time.Millisecond

// connect waits for a server that is only just starting.
func (q *Queue) connect(ctx context.Context) error {
	for {
		err := q.dial(ctx)
		if err == nil || !strings.HasPrefix(err.Error(), "LOADING") {
			return q.wrap(err)
		}
		select {
		case <-ctx.Done():
			return q.wrap(err)
		case <-time.After(loadingPause):
		}
	}
}

func (q *Queue) dial(ctx context.Context) error {
	network, addr := q.config.address()
	conn, err := redis.DialContext(ctx, network, addr,
		redis.DialConnectTimeout(q.timeout), redis.DialReadTimeout(q.timeout), redis.DialWriteTimeout(q.timeout),
		redis.DialPassword(q.config.Password), redis.DialDatabase(q.config.DB))
	if err != nil {
		return err
	}
	if _, err := conn.Do("PING"); err != nil {
		conn.Close()
		return err
	}
	q.conn, q.used = conn, time.Now()
	return nil
}

// idle is after how long a connection may have been cut by a firewall, or by
// the server's own timeout.
const idle = 30 * time.Second

// ready makes sure that there is a connection. It is asked for before a
// command is sent, since one that failed may have been done all the same.
func (q *Queue) ready(ctx context.Context) error {
	if q.conn.Err() == nil && time.Since(q.used) < idle {
		return nil
	}
	if _, err := q.conn.Do("PING"); err != nil {
		q.conn.Close()
		return q.connect(ctx)
	}
	return nil
}

// Close ends the connection.
func (q *Queue) Close() { q.conn.Close() }

// Push appends messages, all of them or none.
func (q *Queue) Push(ctx context.Context, messages [][]byte) error {
	if len(messages) == 0 {
		return nil
	}
	if err := q.ready(ctx); err != nil {
		return err
	}
	args := make([]any, 0, len(messages)+1)
	args = append(args, q.name)
	for _, m := range messages {
		args = append(args, m)
	}
	_, err := q.do("LPUSH", args...)
	return err
}

func (q *Queue) do(command string, args ...any) (any, error) {
	reply, err := q.conn.Do(command, args...)
	q.used = time.Now()
	return reply, q.wrap(err)
}

// step is how many messages are asked for at once, before it is known how
// large they are.
const step = 64

// oldest reads n messages at the right end of a list, but for those that are
// older than them.
func (q *Queue) oldest(list string, offset, n int) ([][]byte, error) {
	messages, err := redis.ByteSlices(q.do("LRANGE", list, -offset-n, -offset-1))
	for i, j := 0, len(messages)-1; i < j; i, j = i+1, j-1 {
		messages[i], messages[j] = messages[j], messages[i]
	}
	return messages, err
}

// move moves up to n messages into the internal queue, each for itself, as all
// versions of the server can do it.
func (q *Queue) move(n int) (moved [][]byte, err error) {
	for range n {
		if err := q.conn.Send("RPOPLPUSH", q.name, q.held); err != nil {
			return nil, q.wrap(err)
		}
	}
	if err := q.conn.Flush(); err != nil {
		return nil, q.wrap(err)
	}
	for range n {
		m, err := redis.Bytes(q.conn.Receive())
		if errors.Is(err, redis.ErrNil) {
			continue
		} else if err != nil {
			return nil, q.wrap(err)
		}
		moved = append(moved, m)
	}
	q.used = time.Now()
	return moved, nil
}

// Peek yields what is waiting, the oldest message first and what a reader has
// left before all others, without taking it. It ends with ctx, and with an error of
// yield; another error is Fatal.
func (f *Flags) Peek(ctx context.Context, yield func(list string, message []byte) error) error {
	q, err := f.Open(ctx)
	if err != nil {
		return stage.Fatal(err)
	}
	defer q.Close()
	for _, list := range []string{q.held, q.name} {
		for offset := 0; ; offset += step {
			messages, err := q.oldest(list, offset, step)
			if err != nil {
				return stage.Fatal(err)
			}
			for _, m := range messages {
				if ctx.Err() != nil {
					return nil
				}
				if err := yield(list, m); err != nil {
					return err
				}
			}
			if len(messages) < step {
				break
			}
		}
	}
	return nil
}

// hints say what to do about errors of the server, and which of them stay: to try
// again is of no use.
var hints = [...]struct {
	prefix, text string
	stays        bool
}{
	{"OOM ", "it has no memory left for the queue: raise its maxmemory, or start what reads the queue", false},
	{"MISCONF ", "it cannot write to its disk: make room there, its log says more", false},
	{"NOAUTH ", "it asks for a password, see --redis-password-file", true},
	{"WRONGPASS ", "see --redis-password-file", true},
	{"NOPERM ", "the user lacks a permission", true},
	{"ERR invalid password", "see --redis-password-file", true},
	{"WRONGTYPE ", "there is something else of that name in the database", true},
	{"READONLY ", "it is a replica, name the server it follows", false},
	{"ERR DB index is out of range", "see --redis-db", true},
}

// wrap names the server, and the way out where one is known.
func (q *Queue) wrap(err error) error {
	if err == nil || errors.Is(err, redis.ErrNil) {
		return err
	}
	_, addr := q.config.address()
	for _, h := range hints {
		if strings.HasPrefix(err.Error(), h.prefix) {
			err = fmt.Errorf("redis %s: %s (%w)", addr, h.text, err)
			if h.stays {
				err = stage.Fatal(err)
			}
			return err
		}
	}
	var timed net.Error
	if errors.As(err, &timed) && timed.Timeout() {
		return fmt.Errorf("redis %s: no answer within %v, see --redis-timeout", addr, q.timeout)
	}
	return fmt.Errorf("redis %s: %w", addr, err)
}
