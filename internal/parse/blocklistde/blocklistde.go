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
	"cmp"
	"context"
	"path"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has no flags of its own.
type Command struct {
	env    *stage.Env
	warned bool
}

// Start keeps what the runtime offers.
func (c *Command) Start(_ context.Context, env *stage.Env) error {
	c.env = env
	return nil
}

// Process makes an event of each line.
func (c *Command) Process(ctx context.Context, report *event.Message, emit stage.Emit) error {
	name := feed.ListName(report)
	if name == "" && !c.warned {
		c.warned = true
		c.env.Warn("nothing names the list, so that all addresses are of type blacklist; name it, for example --file-name ssh.txt")
	}
	l := lists[path.Base(name)]
	for line := range feed.Lines(report, emit, "#") {
		e := feed.Event(report, line)
		e.Set("source.ip", line)
		e.Set("classification.type", cmp.Or(l.typ, "blacklist"))
		e.SetIf("protocol.application", l.application)
		e.SetIf("event_description.text", l.text)
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

type list struct{ typ, application, text string }

// lists are the lists of blocklist.de, with what its site says of them.
var lists = map[string]list{
	"ssh.txt":             {"ids-alert", "ssh", "IP reported as having run attacks on the service SSH"},
	"mail.txt":            {"ids-alert", "smtp", "IP reported as having run attacks on the service Mail, Postfix"},
	"apache.txt":          {"ids-alert", "http", "IP reported as having run attacks on the service Apache, Apache-DDoS, RFI-Attacks"},
	"imap.txt":            {"ids-alert", "imap", "IP reported as having run attacks on the service IMAP, SASL, POP3"},
	"ftp.txt":             {"ids-alert", "ftp", "IP reported as having run attacks on the service FTP"},
	"sip.txt":             {"ids-alert", "sip", "IP reported as having run attacks on the service SIP, VOIP, Asterisk"},
	"bots.txt":            {"spam", "", "IP reported as having run RFI attacks, or as registration bot, IRC bot or spam bot on the web, IRC or forums"},
	"ircbot.txt":          {"infected-system", "irc", ""},
	"bruteforcelogin.txt": {"brute-force", "", "IP reported as having run brute-force attacks on logins of Joomla, WordPress and other web applications"},
	"strongips.txt":       {"blacklist", "", "IP reported as active for more than two months with more than 5000 attacks"},
}
