// Package url implements expert-url.
//
// expert-url: take the URLs of an event apart
//
// The host of source.url becomes source.ip or source.fqdn; its port, or the
// usual one of the scheme, becomes source.port; its path source.urlpath; the
// user's name source.account. The same goes for destination.url. The scheme of
// source.url, or else of destination.url, gives protocol.application and
// protocol.transport. Nothing is looked up.
//
// The host is read as browsers read it: 3221225985, 0300.0.2.1 and 0xc0000201
// are addresses, percent signs are decoded, a backslash ends the host, and
// letters beyond ASCII become xn--. A host that cannot be told from its port, as
// in http://2001:db8::1/, is neither address nor name. Other parts stay as they
// are written.
//
// Fields that are there already stay, unless --overwrite is given. A port that
// cannot be is left out, and so is a host that is neither address nor name.
//
// # Examples
//
//	echo '{"source.url":"http://www.example.org:8080/index.html"}' | expert-url
//	echo '{"source.url":"https://192.0.2.1/"}' |
//	  expert-url --skip-fields source.port
package url

import (
	"context"
	"slices"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/python/urlsplit"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says which fields are set.
type Command struct {
	event.Overwrite
	SkipFields []string `help:"Fields not to set." placeholder:"FIELD,…" field:"event"`
}

// Process takes both URLs apart.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	done := c.side(m, "source.", true)
	c.side(m, "destination.", !done)
	return emit(m)
}

// side takes the URL of one side apart and reports whether there is one.
func (c *Command) side(m *event.Message, side string, withProtocol bool) bool {
	text := m.Get(side + "url")
	if text == "" {
		return false
	}
	u, ok := urlsplit.Split(text)
	if !ok {
		return false
	}
	s := schemes[u.Scheme]
	if a, ok := u.Addr(); ok {
		c.set(m, side+"ip", harmonization.Text(a.String()))
	} else if name, ok := u.Name(); ok {
		c.set(m, side+"fqdn", harmonization.Text(name))
	}
	switch {
	case u.Port > 0:
		c.set(m, side+"port", harmonization.Int(int64(u.Port)))
	case s.port > 0 && !u.BadPort:
		c.set(m, side+"port", harmonization.Int(int64(s.port)))
	}
	c.set(m, side+"urlpath", harmonization.Text(u.Path))
	c.set(m, side+"account", harmonization.Text(u.User))
	if withProtocol {
		application := s.application
		if application == "" {
			application = u.Scheme
		}
		c.set(m, "protocol.application", harmonization.Text(application))
		c.set(m, "protocol.transport", harmonization.Text(s.transport))
	}
	return true
}

// set stores what the data format takes, and leaves out what it does not.
func (c *Command) set(m *event.Message, key string, v harmonization.Value) {
	if !slices.Contains(c.SkipFields, key) && c.Wants(m, key) {
		m.Try(key, v)
	}
}

type scheme struct {
	port                   int
	transport, application string // the scheme itself, where application is empty
}

// schemes says what goes with a scheme. IntelMQ knows no transport for https.
var schemes = map[string]scheme{
	"ftp":   {21, "tcp", ""},
	"http":  {80, "tcp", ""},
	"https": {443, "", "http"},
	"sftp":  {22, "tcp", ""},
	"ssh":   {22, "tcp", ""},
	"tftp":  {69, "udp", ""},
	"ws":    {80, "tcp", ""},
	"wss":   {443, "tcp", ""},
}
