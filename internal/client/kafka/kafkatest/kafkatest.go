// Package kafkatest starts clusters of one broker that speak Kafka's protocol, for
// tests. There is no Kafka in Debian.
package kafkatest

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Server is a broker on 127.0.0.1, with a directory in which it keeps what it has.
type Server struct {
	t       testing.TB
	Port    int
	Cluster *kfake.Cluster
	options []kfake.Opt
	client  *kgo.Client
}

// Start starts a broker, which ends with the test.
func Start(t testing.TB, options ...kfake.Opt) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	s := &Server{t: t, Port: l.Addr().(*net.TCPAddr).Port}
	s.options = append(options, kfake.Ports(s.Port), kfake.DataDir(t.TempDir()), kfake.SyncWrites(), kfake.GroupMinSessionTimeout(time.Second))
	s.Restart()
	t.Cleanup(s.Kill)
	return s
}

// Addr is where the broker listens.
func (s *Server) Addr() string { return fmt.Sprintf("127.0.0.1:%d", s.Port) }

// Restart starts the broker again after Kill, with what it has kept.
func (s *Server) Restart() {
	s.t.Helper()
	var err error
	for range 100 { // the port may not be free at once
		if s.Cluster, err = kfake.NewCluster(s.options...); err == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.t.Fatal(err)
}

// Kill ends the broker, if it runs.
func (s *Server) Kill() {
	if s.client != nil {
		s.client.Close()
		s.client = nil
	}
	if s.Cluster != nil {
		s.Cluster.Close()
		s.Cluster = nil
	}
}

// Client is a client for tests. It cannot log in, nor use TLS.
func (s *Server) Client() *kgo.Client {
	s.t.Helper()
	if s.client == nil {
		var err error
		s.client, err = kgo.NewClient(kgo.SeedBrokers(s.Addr()), kgo.DisableClientMetrics(), kgo.RecordPartitioner(kgo.ManualPartitioner()))
		if err != nil {
			s.t.Fatal(err)
		}
	}
	return s.client
}

// Topic makes a topic, maybe in the place of another one.
func (s *Server) Topic(name string, partitions int32, configs map[string]string) {
	s.t.Helper()
	if s.client != nil {
		s.client.Close() // which knows the other one
		s.client = nil
	}
	if err := s.Cluster.CreateTopic(name, partitions, configs); err != nil {
		s.t.Fatal(err)
	}
}

// Push writes messages to partition 0 of a topic.
func (s *Server) Push(topic string, values ...string) {
	s.t.Helper()
	records := make([]*kgo.Record, len(values))
	for i, v := range values {
		records[i] = &kgo.Record{Topic: topic, Value: []byte(v)}
	}
	s.Produce(records...)
}

// Produce writes messages.
func (s *Server) Produce(records ...*kgo.Record) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.Client().ProduceSync(ctx, records...).FirstErr(); err != nil {
		s.t.Fatal(err)
	}
}

// Records are all messages of a topic, partition by partition.
func (s *Server) Records(topic string) (all []*kgo.Record) {
	s.t.Helper()
	for _, p := range s.Cluster.PartitionInfos(topic) {
		client, err := kgo.NewClient(kgo.SeedBrokers(s.Addr()), kgo.DisableClientMetrics(), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {p.Partition: kgo.NewOffset().AtStart()}}))
		if err != nil {
			s.t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		for next := p.LogStartOffset; next < p.HighWatermark; {
			fetches := client.PollFetches(ctx)
			if err := fetches.Err(); err != nil {
				s.t.Fatal(err)
			}
			fetches.EachRecord(func(r *kgo.Record) {
				next = r.Offset + 1
				all = append(all, r)
			})
		}
		cancel()
		client.Close()
	}
	return all
}

// Values are the values of Records.
func (s *Server) Values(topic string) (all []string) {
	s.t.Helper()
	for _, r := range s.Records(topic) {
		all = append(all, string(r.Value))
	}
	return all
}

// Committed is the offset that a group has for partition 0 of a topic, -1 if it has
// none.
func (s *Server) Committed(group, topic string) int64 {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	offsets, err := kadm.NewClient(s.Client()).FetchOffsets(ctx, group)
	if err != nil {
		return -1
	}
	if o, ok := offsets.Lookup(topic, 0); ok {
		return o.At
	}
	return -1
}
