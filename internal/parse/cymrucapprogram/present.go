package cymrucapprogram

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
)

// present is the form that reports have now.
func (r *row) present(columns []string) {
	if name, cc, ok := cutLast(columns[5], ", "); ok {
		r.add("source.as_name", name)
		r.add("source.geolocation.cc", cc)
	} else {
		r.add("source.geolocation.cc", columns[5])
	}
	switch r.category {
	case "bot":
		r.is("infected-system", "")
	case "bruteforce":
		r.is("brute-force", "")
	case "controller":
		r.is("c2-server", "")
	case "darknet":
		r.is("scanner", "darknet")
	case "honeypot":
		r.is("scanner", "")
	case "scanner":
		r.is("scanner", "scanner")
	case "phishing":
		r.is("phishing", "phishing")
	case "proxy":
		r.is("proxy", "openproxy")
	case "openresolver", "openresolvers":
		r.is("vulnerable-system", "dns-open-resolver")
		r.add("protocol.application", "dns")
	case "spam":
		r.is("spam", "spam")
	case "conficker":
		r.is("infected-system", "")
		r.malware("conficker")
	default:
		r.unknown()
	}
	for item := range strings.SplitSeq(repaired(r.information), ";") {
		item = strings.TrimSpace(item)
		key, value, pair := strings.Cut(item, ":")
		switch {
		case item == "":
		case pair && !strings.HasPrefix(item, "http"):
			r.pair(strings.TrimSpace(key), strings.TrimSpace(value))
		case r.category == "bot":
			r.words(r.information)
			return
		default:
			r.single(item)
		}
	}
}

// single adds what an item says that has no name.
func (r *row) single(item string) {
	switch r.category {
	case "proxy":
		r.proxy(item)
	case "bruteforce":
		r.add("classification.identifier", item)
		r.add("protocol.application", item)
	case "phishing":
		r.add("source.url", item)
	default:
		r.fail(fmt.Errorf("%q: a name and a value are expected", item))
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

// isPorts tells the names of destination ports.
func isPorts(key string) bool {
	switch key {
	case "dest_port", "ports_scanned", "honeypot_port", "darknet_port", "destination_port_numbers":
		return true
	}
	return false
}

// destinationPorts are those of a line, or one that is empty.
func destinationPorts(information string) []string {
	for item := range strings.SplitSeq(information, ";") {
		if key, value, ok := strings.Cut(item, ":"); ok && isPorts(strings.TrimSpace(key)) {
			value, _, _ = strings.Cut(value, "(total_count:") // a list that was cut off
			return strings.Split(strings.TrimSpace(value), ",")
		}
	}
	return []string{""}
}

// pair adds one value of the information.
func (r *row) pair(key, value string) {
	switch key {
	case "family":
		r.malware(value)
	case "dest_addr", "destaddr":
		r.add("destination.ip", value)
	case "protocol":
		r.protocol(value)
	case "hostname":
		if value != r.Get("source.ip") {
			r.add("source.fqdn", value)
		}
	case "proxy_type":
		r.proxy(value)
	case "port", "srcport":
		r.add("source.port", value)
	case "username":
		r.add("source.account", value)
	case "additional_asns":
		r.asns(value)
	default:
		if !isPorts(key) {
			r.fail(fmt.Errorf("the name %q is not known", key))
			return
		}
		r.add("destination.port", strings.TrimSpace(r.port))
	}
}

// protocol adds a protocol by its number; those that IANA has not assigned stay numbers.
func (r *row) protocol(number string) {
	switch number {
	case "1":
		r.add("protocol.transport", "icmp")
	case "6":
		r.add("protocol.transport", "tcp")
	case "11":
		r.add("protocol.transport", "nvp-ii")
	case "17":
		r.add("protocol.transport", "udp")
	case "47":
		r.add("protocol.transport", "gre")
	case "59":
		r.add("protocol.transport", "ipv6-nonxt")
	default:
		n, err := strconv.Atoi(number)
		if err != nil || n < 143 || n > 255 {
			r.fail(fmt.Errorf("the protocol %q is not known", number))
			return
		}
		r.fail(r.Add("extra.protocol.transport", harmonization.Int(int64(n))))
	}
}

// proxy adds "http-8080", or "http".
func (r *row) proxy(text string) {
	name, port, _ := strings.Cut(text, "-")
	if strings.Contains(port, "-") {
		r.fail(fmt.Errorf("%q: a protocol, a dash and a port are expected", text))
		return
	}
	r.add("protocol.application", name)
	r.add("source.port", port)
}

// asns adds all AS numbers of the address.
func (r *row) asns(list string) {
	first := r.Get("source.asn")
	if first == "" {
		r.fail(fmt.Errorf("additional_asns %q, but there is no first one", list))
		return
	}
	all := "[" + first
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 32)
		if err != nil {
			r.fail(fmt.Errorf("additional_asns: %q is no AS number", text))
			return
		}
		all += ", " + strconv.FormatUint(n, 10)
	}
	r.fail(r.Add("extra.source.asns", harmonization.JSON(all+"]")))
}

func cutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}
