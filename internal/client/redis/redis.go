// Package redis is the little that commands want of a Redis server: a cache of
// texts that expire. It asks for nothing that servers of the last ten years
// lack.
package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"
)

// Config says which server it is.
type Config struct {
	Host     string // a name or address; /path or unix:///path is a socket
	Port     int
	DB       int
	Password string
}

const timeout = 5 * time.Second

func (c *Config) address() (network, addr string) {
	if path := strings.TrimPrefix(c.Host, "unix://"); strings.HasPrefix(path, "/") {
		return "unix", path
	}
	return "tcp", net.JoinHostPort(strings.Trim(c.Host, "[]"), strconv.Itoa(c.Port))
}

// A Client talks to a server. It may be used by several goroutines.
type Client struct {
	pool *redis.Pool
	name string
}

// Open connects to the server.
func Open(c Config) (*Client, error) {
	network, addr := c.address()
	client := &Client{name: addr, pool: &redis.Pool{
		MaxIdle: 2,
		DialContext: func(ctx context.Context) (redis.Conn, error) {
			return redis.DialContext(ctx, network, addr,
				redis.DialConnectTimeout(timeout), redis.DialReadTimeout(timeout), redis.DialWriteTimeout(timeout),
				redis.DialPassword(c.Password), redis.DialDatabase(c.DB))
		},
	}}
	conn, err := client.pool.GetContext(context.Background())
	if err != nil {
		return nil, client.wrap(err)
	}
	return client, client.wrap(conn.Close())
}

// Close ends the connection.
func (c *Client) Close() { c.pool.Close() }

// Get returns the value of key, if there is one.
func (c *Client) Get(ctx context.Context, key string) (value string, ok bool, err error) {
	value, err = redis.String(c.Do(ctx, "GET", key))
	if errors.Is(err, redis.ErrNil) {
		return "", false, nil
	}
	return value, err == nil, err
}

// TTL returns for how long key will be there, a hundred years for one that does
// not expire.
func (c *Client) TTL(ctx context.Context, key string) (time.Duration, error) {
	ms, err := redis.Int64(c.Do(ctx, "PTTL", key))
	switch {
	case err != nil:
		return 0, err
	case ms == -1:
		return 100 * 365 * 24 * time.Hour, nil
	}
	return time.Duration(max(ms, 0)) * time.Millisecond, nil
}

// Set stores value for ttl seconds, or for ever if ttl is 0.
func (c *Client) Set(ctx context.Context, key, value string, ttl int64) error {
	_, err := c.Do(ctx, "SET", set(key, value, ttl)...)
	return err
}

// SetNew is Set for a key that must not be there; it reports whether it was
// stored.
func (c *Client) SetNew(ctx context.Context, key, value string, ttl int64) (stored bool, err error) {
	reply, err := c.Do(ctx, "SET", append(set(key, value, ttl), "NX")...)
	return reply != nil && err == nil, err
}

func set(key, value string, ttl int64) []any {
	if ttl > 0 {
		return []any{key, value, "EX", ttl}
	}
	return []any{key, value}
}

// SetAllNew is SetNew for many keys with the same value, in few round trips.
func (c *Client) SetAllNew(ctx context.Context, keys []string, value string, ttl int64) error {
	const batch = 1000
	for len(keys) > 0 {
		n := min(batch, len(keys))
		if err := c.wrap(c.setAllNew(ctx, keys[:n], value, ttl)); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

func (c *Client) setAllNew(ctx context.Context, keys []string, value string, ttl int64) error {
	conn, err := c.pool.GetContext(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, key := range keys {
		if err := conn.Send("SET", append(set(key, value, ttl), "NX")...); err != nil {
			return err
		}
	}
	if err := conn.Flush(); err != nil {
		return err
	}
	for range keys {
		if _, err := redis.ReceiveContext(conn, ctx); err != nil {
			return err
		}
	}
	return nil
}

// Transaction runs commands, all of them or none. One that fails all the same, as for a
// key of another type, is an error.
func (c *Client) Transaction(ctx context.Context, commands [][]any) error {
	conn, err := c.pool.GetContext(ctx)
	if err != nil {
		return c.wrap(err)
	}
	defer conn.Close()
	conn.Send("MULTI") // an error of Send is one of EXEC as well
	for _, words := range commands {
		conn.Send(words[0].(string), words[1:]...)
	}
	replies, err := redis.Values(redis.DoContext(conn, ctx, "EXEC"))
	for _, reply := range replies {
		if failed, ok := reply.(redis.Error); ok && err == nil {
			err = failed
		}
	}
	return c.wrap(err)
}

// Hash returns the fields of a hash; one that is not there has none.
func (c *Client) Hash(ctx context.Context, key string) (map[string]string, error) {
	return redis.StringMap(c.Do(ctx, "HGETALL", key))
}

// Keys yields the keys that match a pattern, some perhaps more than once.
func (c *Client) Keys(ctx context.Context, pattern string, yield func(key string)) error {
	for cursor := "0"; ; {
		reply, err := redis.Values(c.Do(ctx, "SCAN", cursor, "MATCH", pattern, "COUNT", 1000))
		if err != nil {
			return err
		}
		var keys []string
		if _, err := redis.Scan(reply, &cursor, &keys); err != nil {
			return c.wrap(err)
		}
		for _, key := range keys {
			yield(key)
		}
		if cursor == "0" {
			return nil
		}
	}
}

// Do runs a command.
func (c *Client) Do(ctx context.Context, command string, args ...any) (any, error) {
	conn, err := c.pool.GetContext(ctx)
	if err != nil {
		return nil, c.wrap(err)
	}
	defer conn.Close()
	reply, err := redis.DoContext(conn, ctx, command, args...)
	return reply, c.wrap(err)
}

// wrap names the server.
func (c *Client) wrap(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("redis %s: no answer within %v", c.name, timeout)
	}
	return fmt.Errorf("redis %s: %w", c.name, err)
}
