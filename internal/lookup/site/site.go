// Package site says in an event whether a web site is there: in its field status, with the
// reason why it is not in extra.reason.
package site

import (
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/plain"
)

// maxReason bounds a reason, in bytes.
const maxReason = 500

// State is what became of a request.
type State struct {
	Code   int    `json:"code,omitempty"` // of the answer; 0 if there was none
	Reason string `json:"reason,omitempty"`
}

// Answered is the state of a site that answers with a status such as "404 Not Found". The
// reason is the phrase of it.
func Answered(code int, status string) State {
	_, phrase, _ := strings.Cut(status, " ")
	return State{code, plain.Clip(plain.Line(strings.TrimSpace(phrase)), maxReason)}
}

// Failed is the state of a site that does not answer.
func Failed(err error) State { return State{Reason: plain.Clip(plain.Line(err.Error()), maxReason)} }

// OK reports whether the answer has a status that is no error.
func (s State) OK() bool { return s.Code > 0 && s.Code < 400 }

// Online says that a site is there.
func Online(m *event.Message, overwrite bool) { set(m, "status", "online", overwrite) }

// Offline says that a site is not there, and why, as far as that is known.
func Offline(m *event.Message, reason string, overwrite bool) {
	set(m, "status", "offline", overwrite)
	set(m, "extra.reason", reason, overwrite)
}

func set(m *event.Message, key, text string, overwrite bool) {
	if overwrite || !m.Has(key) {
		m.SetIf(key, text)
	}
}
