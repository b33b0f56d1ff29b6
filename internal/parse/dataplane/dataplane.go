// Package dataplane implements parse-dataplane.
//
// parse-dataplane: parse the lists of hosts that sensors of dataplane.org have seen
//
// Each line says in its last column which list it is from, so that all lists are
// parsed alike.
//
// # Examples
//
//	echo '64496  |  EXAMPLE  |  192.0.2.1  |  2026-01-31 10:20:30  |  sshpwauth' |
//	  parse-dataplane
package dataplane

import "github.com/intelpipe/intelpipe/internal/feed"

// Table says what the columns of the lists become.
var Table = feed.Table{
	Format: feed.Line{
		Columns: []string{
			"asn | as name | ip | last seen | list",
			"asn | as name | ip | first seen | last seen | list",
		},
		By: "|", Skip: []string{"#"}, Recover: true,
	},
	Rows: []feed.Column{
		{From: "asn", To: "source.asn", Convert: "not NA"},
		{From: "as name", Need: feed.Required}, // NA where there is none
		{From: "as name", To: "source.as_name", Convert: "word | not NA"},
		{From: "ip", To: "source.ip"},
		{From: "first seen", To: "extra.first_seen", Convert: "utc"},
		{From: "last seen", To: "time.source", Convert: "utc", Need: feed.Required},
	},
	Cases: feed.Cases{
		From: "list",
		To:   []string{"classification.type", "protocol.application", "event_description.text"},
		Is: [][]string{
			{"dnsrd", "scanner", "dns", "The address has sent recursive DNS queries to servers that answer none."},
			{"dnsrdany", "scanner", "dns", "The address has sent recursive DNS queries of type ANY to servers that answer none."},
			{"dnsversion", "scanner", "dns", "The address has asked DNS servers for their version, by CH TXT version.bind."},
			{"proto41", "proxy", "6to4", "The address is an open relay of IPv6 in IPv4, protocol 41."},
			{"sipquery", "brute-force", "sip", "The address has sent SIP OPTIONS to servers that it has nothing to do with."},
			{"sipinvitation", "brute-force", "sip", "The address has sent SIP INVITE to servers that it has nothing to do with."},
			{"sipregistration", "brute-force", "sip", "The address has sent SIP REGISTER to servers that it has nothing to do with."},
			{"smtpdata", "scanner", "smtp", "The address has sent SMTP DATA to servers that take no mail."},
			{"smtpgreet", "scanner", "smtp", "The address has sent SMTP HELO or EHLO to servers that take no mail."},
			{"sshclient", "scanner", "ssh", "The address has opened SSH connections to servers that nobody uses."},
			{"sshpwauth", "brute-force", "ssh", "The address has tried passwords on SSH servers."},
			{"telnetlogin", "brute-force", "telnet", "The address has tried to log in on telnet servers."},
			{"vncrfb", "scanner", "vnc", "The address has opened VNC sessions on servers that nobody uses."},
		},
	},
}
