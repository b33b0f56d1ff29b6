// Package cznichaas implements parse-cznic-haas.
//
// parse-cznic-haas: parse the sessions of honeypots of CZ.NIC, Honeypot as a Service
//
// A session in which somebody has logged in is a compromise, others are
// attempts.
//
// # Examples
//
//	echo '[{"ip":"192.0.2.1","time":"2026-01-31T10:20:30",
//	  "country":"AT","login_successful":false}]' | parse-cznic-haas
package cznichaas

import (
	"errors"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
)

var errMissing = errors.New("login_successful, or the commands of a login, are missing")

// login says what kind of session it was.
func login(e *event.Message, session *feed.Record) error {
	in := session.Value("login_successful")
	switch {
	case in.Kind != harmonization.Boolean, in.Text == "true" && !session.Has("commands"):
		return errMissing
	case in.Text == "true":
		e.Set("classification.type", "system-compromise")
	default:
		e.Set("classification.type", "brute-force")
		e.SetInt("extra.count", 1)
	}
	return nil
}

// Table says what the members of a session become.
var Table = feed.Table{
	Format:    feed.JSON{},
	KeepEmpty: true,
	Rows: []feed.Column{
		{From: "ip", To: "source.ip", Need: feed.Required},
		{From: "time", To: "time.source", Convert: "utc", Need: feed.Required},
		{From: "country", To: "source.geolocation.cc", Need: feed.Present},
		{From: "time_closed", To: "extra.time_closed"},
		{From: "commands", To: "extra.commands"},
	},
	After: login,
	Const: feed.Words{{"protocol.transport", "tcp"}, {"protocol.application", "ssh"}, {"destination.port", "22"}},
}
