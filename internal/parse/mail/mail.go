// Package mail implements parse-mail.
//
// parse-mail: make reports of the attachments and bodies of mails
//
// Input is one mail, or a mailbox (mbox) in which each mail stands behind a line
// From with an address and a time. Each attachment, and each body of a kind that
// --content-types names, becomes a report for the parser behind this command, and
// each file of an archive becomes one. A mail may have 256 MiB, and so may all that
// is unpacked from its archives. Signatures of PGP and S/MIME are left out. The report
// has extra.file_name, extra.email_subject, extra.email_from,
// extra.email_message_id and extra.email_date.
//
// Text is decoded by the charset that the mail names. Text without one is read in
// --encoding; without that it is left as it is, for the parser's own --encoding.
//
// A mail from which nothing is taken makes no report, which is said. A part that
// cannot be read, of a charset that nobody knows or an archive that is encrypted,
// goes into the dump as a mail of its own, and the other parts become reports. A
// mail without an end goes there as a whole, and the next one follows.
//
// # A table in a mail
//
// Two commands make events of a table that somebody sends, with semicolons, times
// of Berlin and decimal commas:
//
//	parse-mail --attach-regex '[.]csv$' --content-types none < report.eml |
//	  parse-csv --delimiter ';' --header --type scanner \
//	    --columns 'Zeit=time.source,Adresse=source.ip' \
//	    --convert 'Zeit=time %d.%m.%Y %H:%M in Europe/Berlin'
//
// parse-csv --guess looks at the table and prints such flags.
//
// # Examples
//
//	printf 'Subject: list\nContent-Type: text/plain\n\n192.0.2.1\n' | parse-mail |
//	  parse-netset
//	printf 'Subject: list\n\n192.0.2.1\n' |
//	  parse-mail --content-types plain --subject-regex '^list' | parse-netset
package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/charset"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/mailparts"
	"github.com/intelpipe/intelpipe/internal/python/regex"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has the flags: every exported field is one.
type Command struct {
	AttachRegex  string   `help:"Take only attachments in whose names this is found." placeholder:"REGEX"`
	ContentTypes []string `help:"The kinds of bodies that are taken: plain, html, or none." default:"plain" placeholder:"KIND" enum:"plain,html,none"`
	ExtractFiles bool     `help:"Take the files out of archives." default:"true"`
	SubjectRegex string   `help:"Take only mails in whose subject this is found." placeholder:"REGEX"`
	SentFrom     string   `help:"Take only mails in whose sender this text is." placeholder:"TEXT"`

	env              *stage.Env
	attached, titled *regex.Regexp
}

// Start compiles the expressions.
func (c *Command) Start(_ context.Context, env *stage.Env) (err error) {
	c.env = env
	if c.attached, err = regex.Compile(c.AttachRegex, false); err != nil {
		return fmt.Errorf("--attach-regex: %w", err)
	}
	if c.titled, err = regex.Compile(c.SubjectRegex, false); err != nil {
		return fmt.Errorf("--subject-regex: %w", err)
	}
	return nil
}

// Process makes reports of each mail.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	how, err := reading(report)
	if err != nil {
		return err
	}
	for m, err := range mailparts.Mails(report.Raw()) {
		if err != nil && err != mailparts.ErrLarge {
			return err
		}
		place := report.Place()
		place.Line = int64(m.Line)
		report.SetPlace(place)
		var reports []*event.Message
		if err == nil {
			reports, err = c.read(m.Text, how, report)
		}
		if err != nil {
			reports = []*event.Message{feed.Event(report, string(m.Text))}
			reports[0].Fail(err)
		}
		for _, r := range reports {
			if err := emit(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// reading says how to read text, by the flags that all parsers have.
func reading(report *event.Message) (how mailparts.Text, err error) {
	r := report.Reading()
	if r == nil {
		return how, nil
	}
	how.Errors = charset.Errors(r.Errors)
	if how.Named = r.Encoding != ""; how.Named {
		how.Encoding, err = charset.Lookup(r.Encoding)
	}
	return how, err
}

// read makes the reports of one mail, and for a part that cannot be read an event that
// has failed.
func (c *Command) read(text []byte, how mailparts.Text, report *event.Message) (reports []*event.Message, err error) {
	m, err := mailparts.Read(text, how)
	if err != nil {
		return nil, err
	}
	if c.SubjectRegex != "" && !c.titled.MatchString(m.Subject) || !strings.Contains(m.From, c.SentFrom) {
		return nil, nil
	}
	left := int64(mailparts.MaxMail) // of what archives unpack to
	for _, p := range m.Parts {
		files, err := c.take(p, left)
		if err != nil {
			e := feed.Event(report, string(p.Alone()))
			e.Fail(explained(p.Name, err))
			reports = append(reports, e)
		}
		for _, f := range files {
			if f != p {
				left -= int64(len(f.Text))
			}
			r := event.New(event.Report, report.Dict())
			r.CopyFeed(report)
			r.SetIf("extra.file_name", f.Name)
			r.SetIf("extra.email_subject", m.Subject)
			r.SetIf("extra.email_from", m.From)
			r.SetIf("extra.email_message_id", m.ID)
			r.SetIf("extra.email_date", m.Date)
			r.SetRaw(f.Text)
			reports = append(reports, r)
		}
	}
	if len(reports) == 0 {
		c.env.Warn("%s: nothing is taken from the mail %q", report.Place(), m.Subject)
	}
	return reports, nil
}

// explained says which file an error is about, and what to do about bytes that do not
// fit.
func explained(name string, err error) error {
	if name != "" {
		err = fmt.Errorf("%s: %w", name, err)
	}
	if errors.As(err, new(*charset.Error)) {
		err = fmt.Errorf("%w, see --encoding-errors", err)
	}
	return err
}

// take returns what becomes a report of a part. One that is broken is not passed over
// for its name, if that is a part of what nobody can read.
func (c *Command) take(p *mailparts.Part, left int64) ([]*mailparts.Part, error) {
	body := ""
	switch p.Kind {
	case mailparts.Signature:
		return nil, nil
	case mailparts.Plain:
		body = "plain"
	case mailparts.HTML:
		body = "html"
	}
	switch {
	case body != "" && !slices.Contains(c.ContentTypes, body):
		return nil, nil
	case body == "" && c.AttachRegex != "" && !c.attached.MatchString(p.Name) && (p.Err == nil || p.Name != ""):
		return nil, nil
	case p.Err != nil:
		return nil, p.Err
	case body != "" && len(bytes.TrimSpace(p.Text)) == 0:
		return nil, nil
	case body != "" || !c.ExtractFiles:
		return []*mailparts.Part{p}, nil
	}
	return p.Files(left)
}
