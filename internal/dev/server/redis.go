package server

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/internal/client/redis"
)

// Redis is a redis-server with a directory of its own, whose append-only file
// is on.
type Redis struct {
	t     testing.TB
	Port  int
	path  string
	dir   string
	flags []string
	cmd   *exec.Cmd
}

// StartRedis starts a redis-server with more flags.
func StartRedis(t testing.TB, flags ...string) *Redis {
	t.Helper()
	path := find(t, "redis-server")
	_, port, _ := net.SplitHostPort(free(t))
	s := &Redis{t: t, path: path, dir: t.TempDir(), flags: flags}
	s.Port, _ = strconv.Atoi(port)
	t.Cleanup(s.Kill)
	s.Restart()
	return s
}

// Restart starts the server again after Kill, with what it has kept, and waits
// until it answers.
func (s *Redis) Restart() {
	s.t.Helper()
	args := []string{"--bind", "127.0.0.1", "--port", strconv.Itoa(s.Port), "--dir", s.dir, "--save", "", "--appendonly", "yes", "--loglevel", "warning"}
	cmd := exec.Command(s.path, append(args, s.flags...)...)
	log, err := os.CreateTemp(s.dir, "log")
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.cmd = cmd
	for range 3000 {
		_, err := s.do("PING")
		if err == nil || strings.Contains(err.Error(), "NOAUTH ") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	text, _ := os.ReadFile(log.Name())
	s.t.Fatalf("redis-server does not answer: %s", text)
}

// Kill ends the server at once, if it runs.
func (s *Redis) Kill() {
	if s.cmd != nil {
		s.cmd.Process.Kill()
		s.cmd.Wait()
		s.cmd = nil
	}
}

func (s *Redis) do(command string, args ...any) (any, error) {
	client, err := redis.Open(redis.Config{Host: "127.0.0.1", Port: s.Port, DB: 2})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return client.Do(context.Background(), command, args...)
}

// Do runs a command in database 2, that of IntelMQ's queues.
func (s *Redis) Do(command string, args ...any) any {
	s.t.Helper()
	reply, err := s.do(command, args...)
	if err != nil {
		s.t.Fatalf("%s: %v", command, err)
	}
	return reply
}

// List is a list from its right end, as it is read.
func (s *Redis) List(name string) []string {
	s.t.Helper()
	var list []string
	for _, m := range slices.Backward(s.Do("LRANGE", name, 0, -1).([]any)) {
		list = append(list, fmt.Sprintf("%s", m))
	}
	return list
}
