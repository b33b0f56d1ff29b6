// Package spamhauscert implements parse-spamhaus-cert.
//
// parse-spamhaus-cert: parse the reports for CERTs of Spamhaus, infected hosts and their attacks
//
// The bot's name in the fifth column says what an address has done. A name that is
// not known is that of a malware, whose control server stands in the sixth.
// The key of the feed is cut off feed.url.
//
// # Examples
//
//	echo '192.0.2.1,AS64496,AT,1769854830,sshauth,,198.51.100.1,22,0,tcp' |
//	  parse-spamhaus-cert
package spamhauscert

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has no flags of its own.
type Command struct{ feed.Parser }

// Tables says what the columns become.
func (*Command) Tables() []*feed.Table { return []*feed.Table{&table} }

// Process makes an event of each line.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	if before, _, ok := strings.Cut(report.Get("feed.url"), "key="); ok {
		report.Amend("feed.url", before)
	}
	return c.Parse(&table, report, emit)
}

var table = feed.Table{
	Format: feed.Line{
		Columns: []string{"ip | asn | country | time | bot | domain | server | port | local port | protocol"},
		By:      ",", Skip: []string{";"}, KeepSkipped: true,
	},
	Rows: []feed.Column{
		{From: "ip", To: "source.ip"},
		{From: "asn", To: "source.asn", Convert: "not ?|asn"},
		{From: "country", To: "source.geolocation.cc"},
		{From: "time", To: "time.source", Convert: "epoch"},
		{From: "server", To: "destination.ip", Need: feed.Soft},
		{From: "port", To: "destination.port", Need: feed.Soft},
		{From: "local port", To: "extra.source.local_port", With: localPort},
		{From: "protocol", To: "protocol.transport", Need: feed.Soft},
	},
	Cases: feed.Cases{
		From: "bot", Convert: "lower",
		To: []string{"classification.type", "classification.identifier", "protocol.application", "event_description.text"},
		Is: [][]string{
			{"openrelay", "vulnerable-system", "openrelay", "smtp", ""},
			{"sshauth", "brute-force", "ssh", "ssh", ""},
			{"telnetauth", "brute-force", "telnet", "telnet", ""},
			{"smtpauth", "brute-force", "smtp", "smtp", ""},
			{"pop", "brute-force", "pop", "pop", ""},
			{"imap", "brute-force", "imap", "imap", ""},
			{"iotscan", "scanner", "", "", "The device looks for vulnerable devices of the Internet of Things, and may be infected itself."},
			{"iotuser", "scanner", "", "", "The device looks for vulnerable devices of the Internet of Things, and may be infected itself."},
			{"wpscanner", "scanner", "wordpress-vulnerabilities", "http", "The host looks for vulnerabilities of WordPress."},
			{"w_wplogin", "scanner", "wordpress-login", "http", "The host looks for login pages of WordPress."},
			{"l_spamlink", "spam", "spamlink", "", "The URL was in spam that the host in extra.spam_ip has sent."},
			{"smb", "scanner", "smb", "smb", ""},
			{"rdp", "scanner", "rdp", "rdp", ""},
			{"iotrdp", "scanner", "rdp", "rdp", ""},
			{"iotmicrosoftds", "scanner", "microsoftds", "microsoftds", ""},
			{"proxyget", "other", "proxyget", "", "The host has tried to use a honeypot as a proxy."},
			{"iotlogin", "system-compromise", "iot", "", "A device of the Internet of Things has logged in to a honeypot."},
			{"iotcmd", "system-compromise", "iot", "", "A device of the Internet of Things has logged in to a honeypot and run malicious commands."},
			{"iotmirai", "infected-system", "mirai", "", ""},
			{"ioturl", "c2-server", "malware-generic", "", ""},
			{"automatedtest", "brute-force", "lookup-captcha", "", "The host has attacked the lookup page of the Spamhaus CBL automatically."},
			{"authspoofbadehlo", "brute-force", "authentication-spoof", "smtp", "The host has pretended to be somebody else at SMTP servers, with a wrong EHLO."},
			{"extortion", "spam", "extortion", "", "The host sends mails that extort money."},
			{"misc", "spam", "spam", "", "The host sends spam as a part of a botnet."},
			{"*", "infected-system", "", "", ""},
		},
	},
	After: after,
}

var (
	errSpamLink = errors.New("local port: ADDRESS:VERSION:NAME is expected of l_spamlink")
	errPort     = errors.New("a number is expected")
)

// localPort is a whole number, but for a bot that has something else there.
func localPort(v harmonization.Value, row *feed.Record) (harmonization.Value, error) {
	if v.Empty() || v.Text == "?" || bot(row) == "l_spamlink" {
		return harmonization.Value{}, nil
	}
	n, err := strconv.ParseInt(v.Text, 10, 64)
	if err != nil {
		return v, errPort
	}
	return harmonization.Int(n), nil
}

func bot(row *feed.Record) string { return strings.ToLower(row.Get("bot")) }

// after does what depends on the bot and on other columns.
func after(e *event.Message, row *feed.Record) error {
	domain, port := harmonization.Text(row.Get("domain")), row.Get("port")
	name := bot(row)
	if name != "iotscan" && !strings.Contains(domain.Text, ":") {
		e.Try("destination.fqdn", domain)
	}
	switch name {
	case "iotscan", "iotuser":
		e.Set("classification.identifier", "scanner-generic")
		if port == "23" || port == "2323" {
			e.Set("classification.identifier", "telnet")
			e.Set("protocol.application", "telnet")
		}
	case "l_spamlink":
		part := strings.Split(row.Get("local port"), ":")
		if len(part) != 3 {
			return errSpamLink
		}
		e.Set("extra.spam_ip", part[0])
		e.Set("malware.version", part[1])
		e.Set("malware.name", part[2])
		e.SetIf("source.url", row.Get("server"))
	case "iotmirai":
		e.Set("malware.name", "mirai")
	case "extortion", "misc":
		if port == "25" {
			e.Set("protocol.application", "smtp")
		}
		if name == "misc" {
			e.Set("event_description.url", lookupPage)
			e.Add("feed.documentation", harmonization.Text(lookupPage)) // which the report may have
		}
	default:
		if e.Get("classification.type") == "infected-system" {
			e.Set("malware.name", malware(name))
			e.Try("source.url", domain)
		}
	}
	return nil
}

const lookupPage = "https://www.abuseat.org/lookup.cgi"

func malware(bot string) string {
	if bot == "auto" {
		return "s_other"
	}
	return bot
}
