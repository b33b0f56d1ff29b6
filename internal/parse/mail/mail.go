// Package mail implements parse-mail.
//
// parse-mail: make reports of the attachments and bodies of mails
//
// Input is one mail, or a mailbox (mbox) in which each mail begins with a line
// From. Each attachment, and each body of a kind that --content-types names,
// becomes a report for the parser behind this command; an archive becomes one of
// each file in it. The report has extra.file_name, extra.email_subject,
// extra.email_from, extra.email_message_id and extra.email_date. Text is decoded
// by the charset that the mail names; text without one is left as it is, for the
// parser's own --encoding.
//
// A mail from which nothing is taken makes no report, which is said. One that
// cannot be read goes into the dump, and the next one follows.
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
	"fmt"
	"io"
	"net/mail"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/archive"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
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

// maxBox bounds what is read at once, in bytes.
const maxBox = 256 << 20

// Process makes reports of each mail.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	text, err := feed.Text(report, maxBox)
	if err != nil {
		return err
	}
	for text := range mails(text) {
		reports, err := c.read(text, report)
		if err != nil {
			e := feed.Event(report, text)
			e.Fail(err)
			reports = append(reports, e)
		}
		for _, r := range reports {
			if err := emit(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// read makes the reports of one mail, once all of its parts are known to be right.
func (c *Command) read(text string, report *event.Message) (reports []*event.Message, err error) {
	m, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	about := headers(m.Header)
	if c.SubjectRegex != "" && !c.titled.MatchString(about.subject) || !strings.Contains(about.from, c.SentFrom) {
		return nil, nil
	}
	parts, err := parts(part{header: textHeader(m.Header), body: m.Body}, 0)
	if err != nil {
		return nil, err
	}
	var files []part
	for _, p := range parts {
		taken, err := c.take(p)
		if err != nil {
			return nil, err
		}
		files = append(files, taken...)
	}
	if len(files) == 0 {
		c.env.Warn("%s: nothing is taken from the mail %q", report.Place(), about.subject)
	}
	for _, f := range files {
		r := event.New(event.Report, report.Dict())
		r.CopyFeed(report)
		r.SetIf("extra.file_name", f.name)
		r.SetIf("extra.email_subject", about.subject)
		r.SetIf("extra.email_from", about.from)
		r.SetIf("extra.email_message_id", about.id)
		r.SetIf("extra.email_date", about.date)
		r.SetRaw(f.text)
		reports = append(reports, r)
	}
	return reports, nil
}

// take returns what becomes a report of a part.
func (c *Command) take(p part) ([]part, error) {
	if !p.attached {
		if !slices.Contains(c.ContentTypes, p.kind) || len(bytes.TrimSpace(p.text)) == 0 {
			return nil, nil
		}
		return []part{p}, nil
	}
	if c.AttachRegex != "" && !c.attached.MatchString(p.name) {
		return nil, nil
	}
	if !c.ExtractFiles || archive.Detect(p.text[:min(len(p.text), archive.HeadSize)]) == archive.None {
		return []part{p}, nil
	}
	var files []part
	for m, err := range archive.Members(bytes.NewReader(p.text), archive.Limits{}) {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		text, err := io.ReadAll(io.LimitReader(m, maxBox))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		name := m.Name
		if name == "" {
			name = strings.TrimSuffix(p.name, ".gz")
		}
		files = append(files, part{name: name, text: text})
	}
	return files, nil
}
