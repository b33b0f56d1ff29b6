// Package blocklistde implements parse-blocklistde.
//
// parse-blocklistde: parse the address lists of blocklist.de
//
// Every line of a list is one address. What the address did is told by the
// name of the list, the last part of feed.url or else extra.file_name; an
// unknown list is a blacklist. A pipe has no name: give it one with --file-name.
//
// # Examples
//
//	printf '192.0.2.4\n' | parse-blocklistde --file-name ssh.txt
//	printf '# a comment\n2001:db8::4\n' | parse-blocklistde --file-name mail.txt
package blocklistde

import (
	"context"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has no flags of its own.
type Command struct {
	feed.Parser
	warned bool
}

// Tables says what the lists are.
func (*Command) Tables() []*feed.Table { return []*feed.Table{&table} }

// Process makes an event of each line.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	if feed.ListName(report) == "" && !c.warned {
		c.warned = true
		c.Env().Warn("nothing names the list, so that all addresses are of type blacklist; name it, for example --file-name ssh.txt")
	}
	return c.Parse(&table, report, emit)
}

var table = feed.Table{
	Format: feed.Line{Columns: []string{"ip"}, Skip: []string{"#"}},
	Rows:   []feed.Column{{From: "ip", To: "source.ip"}},
	Cases: feed.Cases{ // the lists of blocklist.de, with what its site says of them
		From:    feed.List,
		Convert: "last /",
		To:      []string{"classification.type", "protocol.application", "event_description.text"},
		Is: [][]string{
			{"ssh.txt", "ids-alert", "ssh", "IP reported as having run attacks on the service SSH"},
			{"mail.txt", "ids-alert", "smtp", "IP reported as having run attacks on the service Mail, Postfix"},
			{"apache.txt", "ids-alert", "http", "IP reported as having run attacks on the service Apache, Apache-DDoS, RFI-Attacks"},
			{"imap.txt", "ids-alert", "imap", "IP reported as having run attacks on the service IMAP, SASL, POP3"},
			{"ftp.txt", "ids-alert", "ftp", "IP reported as having run attacks on the service FTP"},
			{"sip.txt", "ids-alert", "sip", "IP reported as having run attacks on the service SIP, VOIP, Asterisk"},
			{"bots.txt", "spam", "", "IP reported as having run RFI attacks, or as registration bot, IRC bot or spam bot on the web, IRC or forums"},
			{"ircbot.txt", "infected-system", "irc", ""},
			{"bruteforcelogin.txt", "brute-force", "", "IP reported as having run brute-force attacks on logins of Joomla, WordPress and other web applications"},
			{"strongips.txt", "blacklist", "", "IP reported as active for more than two months with more than 5000 attacks"},
			{"*", "blacklist", "", ""},
		},
	},
}
