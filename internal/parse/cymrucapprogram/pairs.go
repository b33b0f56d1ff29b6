package cymrucapprogram

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/feed"
)

// items reads the information of the present form: pairs of a name and a value, and text.
func (r *row) items(c *category, information string) {
	for item := range strings.SplitSeq(repaired(information), ";") {
		item = strings.TrimSpace(item)
		name, value, pair := strings.Cut(item, ":")
		switch {
		case item == "":
		case pair && !strings.HasPrefix(item, "http"):
			r.pair(strings.TrimSpace(name), strings.TrimSpace(value))
		case r.category == "bot": // all of it is text
			c.tell(r, information)
			return
		default:
			c.tell(r, item)
		}
	}
}

// repaired puts a semicolon where the feed has forgotten it, between the name of a
// host and its port.
func repaired(information string) string {
	before, rest, ok := strings.Cut(information, "hostname: ")
	host, _, _ := strings.Cut(rest, ";")
	if i := strings.Index(host, "port: "); ok && i > 0 {
		return before + "hostname: " + rest[:i] + ";" + rest[i:]
	}
	return information
}

// destinationPorts are those of a line, or one that is empty.
func destinationPorts(information string) []string {
	for item := range strings.SplitSeq(information, ";") {
		name, value, ok := strings.Cut(item, ":")
		if field, _ := fields.Find(strings.TrimSpace(name)); ok && field == "destination.port" {
			value, _, _ = strings.Cut(value, "(total_count:") // a list that was cut off
			return strings.Split(strings.TrimSpace(value), ",")
		}
	}
	return []string{""}
}

// fields are those of the names that need no work.
var fields = feed.Words{
	{"dest_addr", "destination.ip"},
	{"destaddr", "destination.ip"},
	{"dest_port", "destination.port"},
	{"ports_scanned", "destination.port"},
	{"honeypot_port", "destination.port"},
	{"darknet_port", "destination.port"},
	{"destination_port_numbers", "destination.port"},
	{"port", "source.port"},
	{"srcport", "source.port"},
	{"username", "source.account"},
}

// protocols are the numbers that the feed has.
var protocols = feed.Words{{"1", "icmp"}, {"6", "tcp"}, {"11", "nvp-ii"}, {"17", "udp"}, {"47", "gre"}, {"59", "ipv6-nonxt"}}

// pair adds one value of the information.
func (r *row) pair(name, value string) {
	field, _ := fields.Find(name)
	switch {
	case field == "destination.port":
		r.add(r.port, field)
	case field != "":
		r.add(value, field)
	case name == "family":
		r.malware(value)
	case name == "hostname" && value == r.Get("source.ip"):
	case name == "hostname":
		r.add(value, "source.fqdn")
	case name == "protocol":
		r.protocol(value)
	case name == "proxy_type":
		r.proxy(value)
	case name == "additional_asns":
		r.asns(value)
	default:
		r.Fail(fmt.Errorf("the name %q is not known", name))
	}
}

// protocol adds a protocol by its number; those that IANA has not assigned stay numbers.
func (r *row) protocol(number string) {
	name, _ := protocols.Find(number)
	n, err := strconv.Atoi(number)
	switch {
	case name != "":
		r.add(name, "protocol.transport")
	case err != nil || n < 143 || n > 255:
		r.Fail(fmt.Errorf("the protocol %q is not known", number))
	default:
		r.put(harmonization.Int(int64(n)), "extra.protocol.transport")
	}
}

// asns adds all AS numbers of the address.
func (r *row) asns(list string) {
	all := "[" + r.Get("source.asn")
	if all == "[" {
		r.Fail(fmt.Errorf("additional_asns %q, but there is no first one", list))
	}
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 32)
		if err != nil {
			r.Fail(fmt.Errorf("additional_asns: %q is no AS number", text))
		}
		all += ", " + strconv.FormatUint(n, 10)
	}
	r.put(harmonization.JSON(all+"]"), "extra.source.asns")
}
