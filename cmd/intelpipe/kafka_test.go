package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/client/kafka/kafkatest"
)

// kafka is the address of a Kafka broker, started for a case that wants one. The
// section kafka has lines "TOPIC TEXT" with the messages of topics of one partition,
// or "TOPIC" for a topic that is empty.
func (c *testCase) kafka(t *testing.T) string {
	if !c.wantsKafka() {
		return ""
	}
	server := kafkatest.Start(t)
	var made []string
	for line := range strings.Lines(c.topics) {
		topic, text, filled := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !slices.Contains(made, topic) {
			server.Topic(topic, 1, nil)
			made = append(made, topic)
		}
		if filled {
			server.Push(topic, text)
		}
	}
	return server.Addr()
}

func (c *testCase) wantsKafka() bool { return slices.Contains(c.args, "@KAFKA@") }
