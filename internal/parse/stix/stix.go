// Package stix implements parse-stix.
//
// parse-stix: parse indicators and observables of STIX 2
//
// Input is an object, as collect-taxii sends it, a bundle, the answer of a TAXII
// server, several of these or an array of objects. An indicator makes events of
// what its pattern compares with = or IN:
//
//	url, domain-name     source.url, source.fqdn
//	ipv4-addr, ipv6-addr source.ip, or source.network of a network
//	network-traffic      the same of dst_ref and src_ref; dst_port is source.port
//	email-addr           source.account, and so is the sender of an email-message
//	autonomous-system    source.asn
//	file:hashes          malware.hash.md5, .sha1, .sha256
//
// OR makes several events; AND makes one with all the fields, unless it names one
// field twice. Observations joined by AND, OR or FOLLOWEDBY are several events.
// Other comparisons are left out. An observable of these kinds makes an event,
// too. An indicator without valid_from is dated 1970. What has been revoked, or is
// an indicator of what is benign, makes no event, which is said.
//
// extra.kill_chain has the phases that an object names, extra.relationships what
// it is related to within its bundle; the name of such malware is malware.name. An
// object or bundle may have 16 MiB.
//
// # Examples
//
//	echo '{"type":"indicator","pattern_type":"stix","pattern":
//	  "[ipv4-addr:value = '\''192.0.2.1'\'']",
//	  "valid_from":"2026-01-31T10:20:30Z"}' | parse-stix
package stix

import (
	"context"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/stix"
)

// Command has no flags of its own.
type Command struct{ env *stage.Env }

// Start keeps what the runtime offers.
func (c *Command) Start(_ context.Context, env *stage.Env) error {
	c.env = env
	return nil
}

// Process makes events of each object.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	for x := range feed.Objects(report, emit) {
		for o := range stix.Objects(&x.Object, c.env.Warn) {
			var g feed.Group
			for _, fields := range o.All() {
				e := g.Add(x.Piece(o.Text))
				o.Fill(e, fields)
				if e.Err() != nil {
					break
				}
			}
			if err := g.Emit(emit); err != nil {
				return err
			}
		}
	}
	return nil
}
