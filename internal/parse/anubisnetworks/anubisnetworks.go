// Package anubisnetworks implements parse-anubisnetworks.
//
// parse-anubisnetworks: parse the sinkhole events of AnubisNetworks (Bitsight) Cyberfeed
//
// Input is one JSON object, as collect-http-stream sends it, or one a line. An
// object with a member that is not known fails. Events about the malware
// TestSinkholingLoss, with which the feed tests itself, are left out. A key in
// feed.url is cut off.
//
// # Examples
//
//	echo '{"_ts":1769854830,"trojanfamily":"Nivdort",
//	  "env":{"remote_addr":"192.0.2.1","server_port":80}}' |
//	  parse-anubisnetworks
package anubisnetworks

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says what the name of a family becomes.
type Command struct {
	feed.Parser
	UseMalwareFamilyAsClassificationIdentifier bool `help:"Store the family of malware as classification.identifier, not as extra.malware.family." default:"true"`
	Familiy                                    bool `name:"use-malware-familiy-as-classification-identifier" help:"The same, as IntelMQ spells it." default:"true" hidden:""`

	table feed.Table
}

// Tables says what the members of an object become.
func (*Command) Tables() []*feed.Table { return []*feed.Table{&table} }

// Start tells the table what the flags say.
func (c *Command) Start(ctx context.Context, env *stage.Env) error {
	c.table = table
	c.table.After = c.after
	return c.Parser.Start(ctx, env)
}

// Process makes an event of each object.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	return c.Parse(&c.table, report, emit)
}

// after stores what several members say together.
func (c *Command) after(e *event.Message, row *feed.Record) error {
	if e.Get("malware.name") == "testsinkholingloss" {
		return feed.ErrSkip
	}
	if url, _, ok := strings.Cut(e.Get("feed.url"), "?key="); ok {
		e.Set("feed.url", url)
	}
	switch family := row.Get("malw.family"); {
	case c.UseMalwareFamilyAsClassificationIdentifier && c.Familiy:
		e.SetIf("classification.identifier", family)
	case family != "" && !row.Has("malw.variant"):
		return errors.New("malw.variant is missing")
	case family != row.Get("malw.variant"):
		e.SetIf("extra.malware.family", family)
	}
	if proto, host := row.Get("comm.proto"), row.Get("comm.http.host"); proto != "" && host != "" && row.Has("comm.http.path") {
		e.Set("destination.url", proto+"://"+host+row.Get("comm.http.path"))
	}
	ip, mask := row.Get("_geo_env_remote_addr.ip"), row.Get("_geo_env_remote_addr.netmask")
	if ip != "" && mask != "" {
		if err := e.Add("source.network", harmonization.Text(ip+"/"+mask)); err != nil {
			return err
		}
	}
	var metadata event.Object
	if text := row.Get("metadata"); text != "" && metadata.Parse([]byte(text)) == nil {
		for name := range metadata.All {
			e.SetValue(feed.ExtraKey("metadata."+name), metadata.Value(name))
		}
	}
	for name := range row.Object().All {
		if err := geo(e, row, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// geo stores where an address is, of an object whose name says which.
func geo(e *event.Message, row *feed.Record, name string) error {
	prefix, path := "", ""
	n, forwarded := strings.CutPrefix(name, "_geo_comm_http_x_forwarded_for_#")
	switch {
	case name == "_geo_src_ip":
		prefix = "source"
	case name == "_geo_tracking_last_ip":
		prefix, path = "tracking.last", "tracking.last_ip"
	case name == "_geo_comm_http_host":
		prefix, path = "communication.http.host", "comm.http.host"
	case forwarded:
		prefix = "communication.http.x_forwarded_for_" + n
	default:
		return nil
	}
	var o event.Object
	if err := o.Parse([]byte(row.Get(name))); err != nil {
		return err
	}
	if path != "" && o.Has("path") && o.Get("path") != path {
		return fmt.Errorf("path is %q, expected is %q", o.Get("path"), path)
	}
	for member := range o.All {
		key, v := places(member), o.Value(member)
		switch member {
		case "ip", "path":
			continue
		case "netmask":
			v = harmonization.Text(o.Get("ip") + "/" + v.Text)
		}
		if key == "" {
			return fmt.Errorf("%s is not known", member)
		}
		key = prefix + "." + key
		if _, err := e.Dict().Field(harmonization.Event, key); err != nil {
			key = "extra." + key
		}
		if err := e.Add(key, v); err != nil {
			return err
		}
	}
	return nil
}

// places are the fields for members of a _geo object, below that for its address.
func places(member string) string {
	switch member {
	case "ip", "path":
		return member
	case "netmask":
		return "network"
	case "asn":
		return "asn"
	case "asn_name":
		return "as_name"
	case "country_code":
		return "geolocation.cc"
	case "country_name":
		return "geolocation.country"
	case "region", "region_code", "postal_code", "city", "latitude", "longitude", "dma_code", "area_code", "metro_code":
		return "geolocation." + member
	}
	return ""
}

var table = feed.Table{
	Format: feed.JSON{Objects: true},
	Rows: []feed.Column{
		{From: "_ts", To: "time.source", Convert: "epoch"},
		{From: "trojanfamily", To: "malware.name"},
		{From: "env.remote_addr", To: "source.ip"},
		{From: "env.remote_port", To: "source.port"},
		{From: "env.server_addr", To: "destination.ip"},
		{From: "env.server_port", To: "destination.port"},
		{From: "env.server_name", To: "destination.fqdn", Need: feed.Soft},
		{From: "env.request_method|malw.request_method|comm.request_method", To: "extra.request_method"},
		{From: "env.cookies|malw.cookies|comm.cookies", To: "extra.cookies"},
		{From: "env.path_info|malw.path_info|comm.path_info", To: "extra.path_info"},
		{From: "env.http_referer|malw.http_referer|comm.http_referer", To: "extra.http_referer"},
		{From: "src.ip", To: "source.ip"},
		{From: "src.port", To: "source.port"},
		{From: "dst.ip", To: "destination.ip"},
		{From: "dst.port", To: "destination.port"},
		{From: "_geo_env_remote_addr.country_code", To: "source.geolocation.cc"},
		{From: "_geo_env_remote_addr.country_name", To: "source.geolocation.country"},
		{From: "_geo_env_remote_addr.region", To: "source.geolocation.region"},
		{From: "_geo_env_remote_addr.city", To: "source.geolocation.city"},
		{From: "_geo_env_remote_addr.asn_name", To: "source.as_name"},
		{From: "_geo_env_remote_addr.asn", To: "source.asn"},
		{From: "_geo_env_remote_addr.longitude", To: "source.geolocation.longitude"},
		{From: "_geo_env_remote_addr.latitude", To: "source.geolocation.latitude"},
		{From: "_geo_env_remote_addr"}, // and what else is in it
		{From: "qtype|comm.dns.qtype", To: "extra.dns_query_type"},
		{From: "app_proto", To: "protocol.application"},
		{From: "comm.proto", To: "protocol.application", Overwrite: true},
		{From: "malw.severity", To: "extra.malware.severity"},
		{From: "malw.categories|comm.categories", To: "extra.malware.categories"},
		{From: "malw.variant", To: "malware.name"},
		{From: "malw.family"},
		{From: "comm.method", To: "extra.communication.type"},
		{From: "comm.http.method", To: "extra.request_method"},
		{From: "comm.http.path", To: "destination.urlpath"},
		{From: "comm.http.user_agent", To: "extra.user_agent"},
		{From: "comm.http.more_headers", To: "extra.communication.headers"},
		{From: "comm.http.host", To: "destination.fqdn", Need: feed.Soft, Or: []feed.Column{{To: "extra.communication.http_host", With: otherHost}}},
		{From: "comm.http.cookies", To: "extra.communication.cookies"},
		{From: "comm.http.unverified_domain", To: "extra.communication.unverified_domain"},
		{From: "comm.http.x_forwarded_for", To: "extra.communication.x_forwarded_for"},
		{From: "comm.dns.name", To: "destination.fqdn"},
		{From: "tracking.id", To: "extra.tracking.id"},
		{From: "tracking.last_ip", To: "extra.tracking.last.ip"},
		{From: "tracking.changes", To: "extra.tracking.changes"},
		{From: "tracking.checkins", To: "extra.tracking.checkins"},
		{From: "tracking.same_ip", To: "extra.tracking.same_ip"},
		{From: "tracking.tr", To: "extra.tracking.tr"},
		{From: "tracking.first", To: "extra.first_seen"},
		{From: "tracking.seen", To: "extra.last_seen"},
		{From: "tracking.days", To: "extra.days_seen"},
		{From: "_geo_src_ip"},
		{From: "_geo_tracking_last_ip"},
		{From: "_geo_comm_http_host"},
		{From: "_geo_comm_http_x_forwarded_for_#1"},
		{From: "_geo_comm_http_x_forwarded_for_#2"},
		{From: "_geo_comm_http_x_forwarded_for_#3"},
		{From: "_geo_comm_http_x_forwarded_for_#4"},
		{From: "_origin", To: "extra._origin"},
		{From: "_provider", To: "extra._provider"},
		{From: "pattern_verified", To: "extra.pattern_verified"},
		{From: "metadata"},
	},
	Const: feed.Words{
		{"classification.taxonomy", "malicious-code"},
		{"classification.type", "infected-system"},
		{"event_description.text", "Sinkhole attempted connection"},
	},
	Rest: feed.Refuse,
}

// otherHost leaves out a host that is the address of the destination.
func otherHost(v harmonization.Value, row *feed.Record) (harmonization.Value, error) {
	if v.Text == row.Get("dst.ip") {
		return harmonization.Value{}, nil
	}
	return v, nil
}
