package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/dev/server"
)

// zones are served by a real name server. Some answers have several kilobytes,
// which do not fit into a datagram: the one of 200 names, and the one that is a
// single text in pieces of 255 bytes.
var zones = map[string]string{
	"example.org": "www A 192.0.2.1\n A 192.0.2.2\nalias CNAME www\n",
	"2.0.192.in-addr.arpa": "1 PTR www.example.org.\n2 PTR 192.0.2.2.\n PTR mail.example.org.\n3 PTR 192.0.2.3.\n" +
		"4 CNAME 4.block.example.org.\n6 TXT none\n" + many("7 PTR host%03d.example.org.\n") +
		"8 PTR a\\032b.example.org.\n9 PTR \\027[2J.example.org.\n PTR *.example.org.\n PTR MAIL.example.org.\n",
	"block.example.org":        "4 PTR behind.example.org.\n",
	"8.b.d.0.1.0.0.2.ip6.arpa": "1" + strings.Repeat(".0", 23) + " PTR six.example.org.\n",
	"origin.asn.cymru.com": `1.2.0.192 TXT "64496 64497 | 192.0.2.0/24 | AT | ripencc | 2007-06-07"` + "\n" +
		`2.2.0.192 TXT "64496 | 192.0.0.0/16 | AT | ripencc | 2007-06-07"` + "\n" + ` TXT "64498 | 192.0.2.0/25 | DE | arin | "` + "\n" +
		`3.2.0.192 TXT "NA | 192.0.2.0/24 | | other | NA"` + "\n" + `4.2.0.192 TXT "garbage"` + "\n" +
		"5.2.0.192 TXT " + pieces("64496"+strings.Repeat(" 64497", 300)+" | 192.0.2.0/24 | AT | ripencc | 2007-06-07") + "\n" +
		`6.2.0.192 TXT "64502 | 192.0.2.0/24 | AT | ripencc | 2007-06-07"` + "\n",
	"origin6.asn.cymru.com": "1" + strings.Repeat(".0", 23) + `.8.b.d.0.1.0.0.2 TXT "64500 | 2001:db8::/32 | NL | ripencc | 2010-02-18"` + "\n",
	"asn.cymru.com":         `AS64496 TXT "64496 | AT | ripencc | 1993-05-19 | EXAMPLE B\195\188cher, AT"` + "\n" + `AS64500 TXT "64500 | NL | ripencc | 2010-02-18 | SIX"` + "\n" + `AS64502 TXT "64502 | AT | ripencc | | \027[2JCLEAR"` + "\n",
	"abuse-contacts.abusix.zone": `1.2.0.192 TXT "abuse@example.org"` + "\n" + `2.2.0.192 TXT "abuse@example.org, noc@example.net"` + "\n" +
		`3.2.0.192 TXT "no contact"` + "\n" + `4.2.0.192 TXT "\"abuse@example.org\""` + "\n" + `6.2.0.192 A 127.0.0.1` + "\n" + "7.2.0.192 TXT " + pieces(strings.Repeat("a@example.org,", 100)+"b@example.org") + "\n" +
		"1" + strings.Repeat(".0", 23) + `.8.b.d.0.1.0.0.2 TXT "six@example.org"` + "\n",
	"contacts.example":            `1.2.0.192 TXT "own@example.org"` + "\n",
	"5.2.0.192.in-addr.arpa":      "@ broken\n", // a zone that cannot be loaded: SERVFAIL
	"51.198.origin.asn.cymru.com": "@ broken\n",
}

func many(format string) string {
	var b strings.Builder
	for n := range 200 {
		fmt.Fprintf(&b, format, n)
	}
	return b.String()
}

// pieces is a text as a record has it.
func pieces(text string) string {
	var b strings.Builder
	for part := range slices.Chunk([]byte(text), 255) {
		fmt.Fprintf(&b, "%q ", part)
	}
	return b.String()
}

// TestNameServer asks a real name server, which is authoritative and does not
// follow aliases into other zones.
func TestNameServer(t *testing.T) {
	server := server.NSD(t, zones)
	for _, c := range []struct {
		name, command, in, out string
		exit                   int
		args                   []string
	}{
		{"a name", "expert-reverse-dns", `{"source.ip":"192.0.2.1","destination.ip":"2001:db8::1"}`,
			`{"source.ip":"192.0.2.1","destination.ip":"2001:db8::1","source.reverse_dns":"www.example.org","destination.reverse_dns":"six.example.org"}`, 0, nil},
		{"an address first", "expert-reverse-dns", `{"source.ip":"192.0.2.2"}`, `{"source.ip":"192.0.2.2","source.reverse_dns":"mail.example.org"}`, 0, nil},
		{"an address only", "expert-reverse-dns", `{"source.ip":"192.0.2.3"}`, `{"source.ip":"192.0.2.3"}`, 0, nil},
		{"an alias into another zone", "expert-reverse-dns", `{"source.ip":"192.0.2.4"}`, `{"source.ip":"192.0.2.4","source.reverse_dns":"behind.example.org"}`, 0, nil},
		{"SERVFAIL", "expert-reverse-dns", `{"source.ip":"192.0.2.5"}`, `{"source.ip":"192.0.2.5"}`, 0, []string{"--retries", "0"}},
		{"SERVFAIL, to the dump", "expert-reverse-dns", `{"source.ip":"192.0.2.5"}`, ``, 1, []string{"--retries", "0", "--on-error", "dump"}},
		{"no PTR", "expert-reverse-dns", `{"source.ip":"192.0.2.6"}`, `{"source.ip":"192.0.2.6"}`, 0, nil},
		{"NXDOMAIN", "expert-reverse-dns", `{"source.ip":"192.0.2.99"}`, `{"source.ip":"192.0.2.99"}`, 0, nil},
		{"too large for a datagram", "expert-reverse-dns", `{"source.ip":"192.0.2.7"}`, `"source.reverse_dns":"host`, 0, nil},
		{"no host", "expert-reverse-dns", `{"source.ip":"192.0.2.8"}`, `{"source.ip":"192.0.2.8"}`, 0, nil},
		{"a host among others", "expert-reverse-dns", `{"source.ip":"192.0.2.9"}`, `{"source.ip":"192.0.2.9","source.reverse_dns":"mail.example.org"}`, 0, nil},
		{"an IPv4 address as IPv6", "expert-reverse-dns", `{"source.ip":"::ffff:192.0.2.1"}`, `{"source.ip":"::ffff:192.0.2.1","source.reverse_dns":"www.example.org"}`, 0, nil},
		{"one that is there", "expert-reverse-dns", `{"source.ip":"192.0.2.1","source.reverse_dns":"a.example.org"}`, `{"source.ip":"192.0.2.1","source.reverse_dns":"a.example.org"}`, 0, nil},
		{"overwrite", "expert-reverse-dns", `{"source.ip":"192.0.2.1","source.reverse_dns":"a.example.org"}`, `{"source.ip":"192.0.2.1","source.reverse_dns":"www.example.org"}`, 0, []string{"--overwrite"}},

		{"a network", "expert-cymru-whois", `{"source.ip":"192.0.2.1"}`,
			`{"source.ip":"192.0.2.1","source.asn":64496,"source.network":"192.0.2.0/24","source.geolocation.cc":"AT","source.registry":"RIPE","source.allocated":"2007-06-07T00:00:00+00:00","source.as_name":"EXAMPLE Bücher, AT"}`, 0, nil},
		{"the smallest of two", "expert-cymru-whois", `{"source.ip":"192.0.2.2"}`,
			`{"source.ip":"192.0.2.2","source.asn":64498,"source.network":"192.0.2.0/25","source.geolocation.cc":"DE","source.registry":"ARIN"}`, 0, nil},
		{"what is not known", "expert-cymru-whois", `{"source.ip":"192.0.2.3"}`, `{"source.ip":"192.0.2.3","source.network":"192.0.2.0/24"}`, 0, nil},
		{"garbage", "expert-cymru-whois", `{"source.ip":"192.0.2.4"}`, ``, 1, []string{"--on-error", "dump"}},
		{"300 AS, too large for a datagram", "expert-cymru-whois", `{"source.ip":"192.0.2.5"}`,
			`{"source.ip":"192.0.2.5","source.asn":64496,"source.network":"192.0.2.0/24","source.geolocation.cc":"AT","source.registry":"RIPE","source.allocated":"2007-06-07T00:00:00+00:00","source.as_name":"EXAMPLE Bücher, AT"}`, 0, nil},
		{"a name with control characters", "expert-cymru-whois", `{"source.ip":"192.0.2.6"}`,
			`{"source.ip":"192.0.2.6","source.asn":64502,"source.network":"192.0.2.0/24","source.geolocation.cc":"AT","source.registry":"RIPE","source.allocated":"2007-06-07T00:00:00+00:00"}`, 0, nil},
		{"SERVFAIL, to the end", "expert-cymru-whois", `{"source.ip":"198.51.100.1"}`, ``, 3, []string{"--retries", "0", "--on-error", "stop"}},
		{"IPv6", "expert-cymru-whois", `{"destination.ip":"2001:db8::1","destination.asn":1}`,
			`{"destination.ip":"2001:db8::1","destination.asn":1,"destination.network":"2001:db8::/32","destination.geolocation.cc":"NL","destination.registry":"RIPE","destination.allocated":"2010-02-18T00:00:00+00:00","destination.as_name":"SIX"}`, 0, nil},
		{"NXDOMAIN", "expert-cymru-whois", `{"source.ip":"192.0.2.99"}`, `{"source.ip":"192.0.2.99"}`, 0, nil},

		{"contacts of both sides", "expert-abusix", `{"source.ip":"192.0.2.1","destination.ip":"2001:db8::1"}`,
			`{"source.ip":"192.0.2.1","destination.ip":"2001:db8::1","source.abuse_contact":"abuse@example.org","destination.abuse_contact":"six@example.org"}`, 0, nil},
		{"two contacts", "expert-abusix", `{"source.ip":"192.0.2.2"}`, `{"source.ip":"192.0.2.2","source.abuse_contact":"abuse@example.org,noc@example.net"}`, 0, nil},
		{"no mail address", "expert-abusix", `{"source.ip":"192.0.2.3"}`, `{"source.ip":"192.0.2.3"}`, 0, nil},
		{"quotes", "expert-abusix", `{"source.ip":"192.0.2.4"}`, `{"source.ip":"192.0.2.4","source.abuse_contact":"abuse@example.org"}`, 0, nil},
		{"no TXT", "expert-abusix", `{"source.ip":"192.0.2.6"}`, `{"source.ip":"192.0.2.6"}`, 0, nil},
		{"too large for a datagram", "expert-abusix", `{"source.ip":"192.0.2.7"}`, `,b@example.org"`, 0, nil},
		{"NXDOMAIN", "expert-abusix", `{"source.ip":"192.0.2.99"}`, `{"source.ip":"192.0.2.99"}`, 0, nil},
		{"one that is there", "expert-abusix", `{"source.ip":"192.0.2.1","source.abuse_contact":"old@example.org"}`, `{"source.ip":"192.0.2.1","source.abuse_contact":"old@example.org"}`, 0, nil},
		{"overwrite", "expert-abusix", `{"source.ip":"192.0.2.1","source.abuse_contact":"old@example.org"}`, `{"source.ip":"192.0.2.1","source.abuse_contact":"abuse@example.org"}`, 0, []string{"--overwrite"}},
		{"a zone of one's own", "expert-abusix", `{"source.ip":"192.0.2.1"}`, `{"source.ip":"192.0.2.1","source.abuse_contact":"own@example.org"}`, 0, []string{"--zone", "contacts.example"}},

		{"an alias", "expert-gethostbyname", `{"source.fqdn":"alias.example.org"}`, `{"source.fqdn":"alias.example.org","source.ip":"192.0.2.1"}`, 0, nil},
		{"REFUSED", "expert-gethostbyname", `{"source.fqdn":"www.example.net"}`, `{"source.fqdn":"www.example.net"}`, 0, nil},
	} {
		t.Run(c.command+", "+c.name, func(t *testing.T) {
			dir := home(t)
			words := append([]string{c.command, "--nameserver", server}, c.args...)
			r := inProcess(dir, words, strings.NewReader(c.in+"\n"))
			same := strings.TrimSuffix(r.stdout, "\n") == c.out || !strings.HasPrefix(c.out, "{") && c.out != "" && strings.Contains(r.stdout, c.out)
			if r.exit != c.exit || !same {
				t.Errorf("%+v, want %s", r, c.out)
			}
		})
	}
}
