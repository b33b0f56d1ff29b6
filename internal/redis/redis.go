// Package redis is the little that commands want of a Redis server: a cache of
// texts that expire. It speaks RESP2 and asks for nothing that servers of the
// last ten years lack.
package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"
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

// A Client is a connection to a server. It may be used by several goroutines;
// what they send at once goes out at once.
type Client struct {
	conn rueidis.Client
	name string
}

// Open connects to the server.
func Open(c Config) (*Client, error) {
	network, addr := c.address()
	conn, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{addr},
		DialCtxFn: func(ctx context.Context, _ string, d *net.Dialer, _ *tls.Config) (net.Conn, error) {
			return d.DialContext(ctx, network, addr)
		},
		Dialer:            net.Dialer{Timeout: timeout},
		ConnWriteTimeout:  timeout,
		SelectDB:          c.DB,
		Password:          c.Password,
		ClientSetInfo:     rueidis.DisableClientSetInfo,
		AlwaysRESP2:       true,
		DisableCache:      true,
		ForceSingleClient: true,
		PipelineMultiplex: -1, // one connection
		// A command that got no answer may have been carried out.
		DisableRetry:        true,
		ReadBufferEachConn:  64 << 10,
		WriteBufferEachConn: 64 << 10,
	})
	if err != nil {
		return nil, fmt.Errorf("redis %s: %w", addr, err)
	}
	return &Client{conn, addr}, nil
}

// Close ends the connection.
func (c *Client) Close() { c.conn.Close() }

// Get returns the value of key, if there is one.
func (c *Client) Get(ctx context.Context, key string) (value string, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	value, err = c.conn.Do(ctx, c.conn.B().Get().Key(key).Build()).ToString()
	if rueidis.IsRedisNil(err) {
		return "", false, nil
	}
	return value, err == nil, c.wrap(err)
}

// Set stores value for ttl seconds, or for ever if ttl is 0.
func (c *Client) Set(ctx context.Context, key, value string, ttl int64) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	set := c.conn.B().Set().Key(key).Value(value)
	command := set.Build
	if ttl > 0 {
		command = set.ExSeconds(ttl).Build
	}
	return c.wrap(c.conn.Do(ctx, command()).Error())
}

// SetNew is Set for a key that must not be there; it reports whether it was
// stored.
func (c *Client) SetNew(ctx context.Context, key, value string, ttl int64) (stored bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err = c.conn.Do(ctx, c.setNew(key, value, ttl)).Error()
	if rueidis.IsRedisNil(err) {
		return false, nil
	}
	return err == nil, c.wrap(err)
}

func (c *Client) setNew(key, value string, ttl int64) rueidis.Completed {
	set := c.conn.B().Set().Key(key).Value(value).Nx()
	if ttl > 0 {
		return set.ExSeconds(ttl).Build()
	}
	return set.Build()
}

// SetAllNew is SetNew for many keys with the same value, in few round trips.
func (c *Client) SetAllNew(ctx context.Context, keys []string, value string, ttl int64) error {
	const batch = 1000
	for len(keys) > 0 {
		n := min(batch, len(keys))
		commands := make(rueidis.Commands, 0, n)
		for _, key := range keys[:n] {
			commands = append(commands, c.setNew(key, value, ttl))
		}
		keys = keys[n:]
		if err := c.do(ctx, commands); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) do(ctx context.Context, commands rueidis.Commands) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for _, result := range c.conn.DoMulti(ctx, commands...) {
		if err := result.Error(); err != nil && !rueidis.IsRedisNil(err) {
			return c.wrap(err)
		}
	}
	return nil
}

func (c *Client) wrap(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("redis %s: no answer within %v", c.name, timeout)
	}
	return fmt.Errorf("redis %s: %w", c.name, err)
}
