// Package securitytxt implements expert-securitytxt.
//
// expert-securitytxt: add the contact that a host names in its security.txt
//
// The host in the field --url-field, a name, an address or a URL, is asked for its file
// security.txt (RFC 9116), and the first contact in it becomes the field --contact-field;
// mailto: before a mail address is left out. The file is looked for in /.well-known/ and
// then at the top, by https and by http. Its signature is not verified.
//
// An event passes as it is if it has no such host, or a contact and --no-overwrite is
// given, and if there is no file, it is refused, or the host cannot be reached. Such a host
// is asked again after a minute. Files, and that there is none, are remembered for a day,
// in memory, and with --cache in a file or with --redis-cache-host in Redis.
//
// Who is asked is what events name. Private, loopback and link-local addresses are not
// connected to unless --http-allow-private is given.
//
// # Examples
//
//	echo '{"source.ip":"192.0.2.1"}' | expert-securitytxt
//	echo '{"source.ip":"192.0.2.1"}' |
//	  expert-securitytxt --url-field source.url --no-only-email-address
package securitytxt

import (
	"bytes"
	"context"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/lookup/contacts"
	"github.com/intelpipe/intelpipe/internal/lookup/web"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says who is asked, and what is taken.
type Command struct {
	URLField         string `name:"url-field" help:"The field with the host to ask." default:"source.reverse_dns" placeholder:"FIELD" field:"event"`
	ContactField     string `help:"The field for the contact." default:"source.abuse_contact" placeholder:"FIELD" field:"event"`
	OnlyEmailAddress bool   `help:"Pass over contacts that are no mail addresses." default:"true"`
	Overwrite        bool   `help:"Replace a contact that is there already." default:"true"`
	CheckExpired     bool   `help:"Refuse files that are out of date, or do not say until when they are not."`
	CheckCanonical   bool   `help:"Refuse files that list addresses, and theirs is not among them."`
	Retries          int    `kong:"-"` // the client has its own
	OnError          string `kong:"-"` // most hosts have no file, whatever the reason is
	//lint:ignore SA5008 each of them is a variable of its own
	HTTP         httpclient.Foreign `embed:"" set:"http_timeout_sec=10" set:"http_timeout_max_tries=1"`
	lookup.Flags `set:"cache_ttl_missing=86400"`

	now   func() time.Time
	web   web.Service
	files *lookup.Lookup[file]
}

// Start prepares the client.
func (c *Command) Start(ctx context.Context, env *stage.Env) (err error) {
	c.now = env.Now
	if c.web.Client, err = c.HTTP.Client(env); err != nil {
		return err
	}
	c.files, err = lookup.New(ctx, env, &c.Flags, "files", c.fetch)
	return err
}

// places are where a file may be, and how it is asked for, in that order.
var places = [...][2]string{
	{"https://", "/.well-known/security.txt"}, {"http://", "/.well-known/security.txt"},
	{"https://", "/security.txt"}, {"http://", "/security.txt"},
}

// fetch looks for the file of a host.
func (c *Command) fetch(ctx context.Context, host string) (file, error) {
	unsure := false
	for _, place := range places {
		at := place[0] + host + place[1]
		a, err := c.web.Get(ctx, at)
		switch {
		case ctx.Err() != nil:
			return file{}, err
		case err != nil || a.Code == 429 || a.Code >= 500: // it may be there another time
			unsure = true
			continue
		case a.Code >= 400 || bytes.Contains(bytes.ToLower(a.Body), []byte("<htm")):
			continue
		}
		if f, ok := read(at, string(a.Body)); ok {
			return f, nil
		}
	}
	if unsure {
		lookup.GoodFor(ctx, time.Duration(c.CacheTTLFailure)*time.Second)
	}
	return file{}, lookup.ErrNotThere
}

// Process adds the contact of a host.
func (c *Command) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	host := host(m.Get(c.URLField))
	if host == "" || !c.Overwrite && m.Has(c.ContactField) {
		return emit(m)
	}
	f, found, err := c.files.Get(ctx, host)
	if err != nil {
		return err
	}
	if found && c.accepts(&f) {
		m.SetIf(c.ContactField, c.contact(f.Contacts))
	}
	return emit(m)
}

// host is the host of a URL, with its port, or of a text that is a host itself.
func host(text string) string {
	if scheme, rest, ok := strings.Cut(text, "//"); ok && (scheme == "" || strings.IndexByte(scheme, ':') == len(scheme)-1) {
		text = rest
	}
	if end := strings.IndexAny(text, "/?#"); end >= 0 {
		text = text[:end]
	}
	if address, err := netip.ParseAddr(text); err == nil && address.Is6() {
		text = "[" + address.WithZone("").String() + "]"
	}
	u, err := url.Parse("//" + text)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	return strings.ToLower(u.Host)
}

// accepts reports whether a file is one that counts.
func (c *Command) accepts(f *file) bool {
	return !(c.CheckExpired && f.expired(c.now())) &&
		!(c.CheckCanonical && len(f.Canonical) > 0 && !slices.Contains(f.Canonical, f.URL))
}

// contact is the first contact that counts.
func (c *Command) contact(all []string) string {
	for _, contact := range all {
		if address := mail(contact); address != "" {
			return address
		}
		if !c.OnlyEmailAddress && plain.Line(contact) == contact {
			return contact
		}
	}
	return ""
}

// mail is the address of a contact that is one, with mailto: or without.
func mail(contact string) string {
	if scheme, rest, ok := strings.Cut(contact, ":"); ok && strings.EqualFold(scheme, "mailto") {
		rest, _, _ = strings.Cut(rest, "?")
		contact, _ = url.PathUnescape(rest)
	}
	if strings.ContainsAny(contact, ":/") || !contacts.IsAddress(contact) {
		return ""
	}
	return contact
}
