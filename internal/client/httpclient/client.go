package httpclient

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/plain"
)

// Client fetches. It is safe for concurrent use. Its loop over tries is its own
// and not go-retryablehttp's, since redirects have to be followed inside of a
// try and errors be cleaned of secrets anyway, which leaves a few lines only.
type Client struct {
	transport          *http.Transport // for the host that was asked first
	dialer             net.Dialer
	proxied            bool
	header             http.Header
	username, password string
	tries              int
	silence, total     time.Duration
	secrets            secrets
	inward             bool // redirects may lead from public to private addresses
	private            func(netip.Addr) bool
	now                func() time.Time
	sleep              func(context.Context, time.Duration) error
}

// CloseIdleConnections closes what is kept open for further requests.
func (c *Client) CloseIdleConnections() { c.transport.CloseIdleConnections() }

// Sleep returns after d, or with the cause for which ctx has ended.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Mask writes a URL as it may be stored: without user and password, and with
// the values of parameters that look like secrets, or are named as such by
// --url-secrets, replaced by ***.
func (c *Client) Mask(text string) string { return c.secrets.mask(text) }

// Show writes a URL as it stands in messages: without its query, of which
// nobody knows what else is in it.
func (c *Client) Show(text string) string {
	text, _, _ = strings.Cut(c.secrets.mask(text), "#")
	text, _, hasQuery := strings.Cut(text, "?")
	if text = plain.Clip(text, 500); hasQuery {
		text += "?…"
	}
	return text
}

func (c *Client) show(u *url.URL) string { return c.Show(u.String()) }
