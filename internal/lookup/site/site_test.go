package site

import (
	"errors"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/event"
)

func TestState(t *testing.T) {
	for _, test := range []struct {
		state State
		want  State
		ok    bool
	}{
		{Answered(200, "200 OK"), State{200, "OK"}, true},
		{Answered(399, "399"), State{399, ""}, true},
		{Answered(404, "404 Not  Found "), State{404, "Not  Found"}, false},
		{Answered(500, "500 \x1b[2J"), State{500, `\x1b[2J`}, false},
		{Answered(500, "500 "+strings.Repeat("x", 1000)), State{500, strings.Repeat("x", maxReason) + "…"}, false},
		{Failed(errors.New("a\nb")), State{0, `a\x0ab`}, false},
	} {
		if test.state != test.want || test.state.OK() != test.ok {
			t.Errorf("got %+v, want %+v", test.state, test.want)
		}
	}
}

func TestFields(t *testing.T) {
	for _, test := range []struct {
		do   func(*event.Message)
		want string
	}{
		{func(m *event.Message) { Online(m, true) }, `{"status":"online","extra.reason":"old"}`},
		{func(m *event.Message) { Offline(m, "new", true) }, `{"status":"offline","extra.reason":"new"}`},
		{func(m *event.Message) { Offline(m, "", true) }, `{"status":"offline","extra.reason":"old"}`},
		{func(m *event.Message) { Offline(m, "new", false) }, `{"status":"x","extra.reason":"old"}`},
		{func(m *event.Message) { m.Delete("extra.reason"); Offline(m, "new", false) }, `{"status":"x","extra.reason":"new"}`},
	} {
		m := event.New(event.Event, nil)
		m.Set("status", "x")
		m.Set("extra.reason", "old")
		if test.do(m); m.String() != test.want {
			t.Errorf("got %s, want %s", m, test.want)
		}
	}
}
