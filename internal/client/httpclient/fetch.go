package httpclient

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/intelpipe/intelpipe/internal/plain"
)

const (
	maxRedirects  = 10
	maxRetryAfter = 2 * time.Minute // a server that wants more is left alone
	firstPause    = time.Second     // between two tries; doubles each time
	maxPause      = 30 * time.Second
)

// Get fetches a URL. Any status but 2xx is a *StatusError or ErrNotModified, and
// so is a part of the content that nobody asked for. The body is decoded if the
// server encoded it for the way. It must be closed.
func (c *Client) Get(ctx context.Context, url string, header http.Header) (*http.Response, error) {
	r, err := c.Do(ctx, http.MethodGet, url, header, nil)
	if err != nil {
		return nil, err
	}
	asked := r.Request.Header
	status := plain.Clip(cmp.Or(r.Status, strconv.Itoa(r.StatusCode)), 100)
	switch {
	case r.StatusCode == http.StatusNotModified && (asked.Get("If-None-Match") != "" || asked.Get("If-Modified-Since") != ""):
		err = ErrNotModified
	case r.StatusCode == http.StatusPartialContent && asked.Get("Range") == "":
		err = &StatusError{c.show(r.Request.URL), r.StatusCode, status + ", but all of it was asked for"}
	case r.StatusCode < 200, r.StatusCode > 299:
		err = &StatusError{c.show(r.Request.URL), r.StatusCode, status}
	default:
		return r, nil
	}
	r.Body.Close()
	return nil, err
}

// Do sends a request and returns the answer whatever its status. A request
// that did not get through is tried again, and so is a GET or HEAD that was not
// answered or answered with 429, 502, 503 or 504.
func (c *Client) Do(ctx context.Context, method, url string, header http.Header, data []byte) (*http.Response, error) {
	safe := method == http.MethodGet || method == http.MethodHead
	return c.bounded(ctx, method, url, header, data, safe)
}

// Query is Do for a POST that changes nothing at the server, such as a search: it is
// tried again as a GET is.
func (c *Client) Query(ctx context.Context, url string, header http.Header, data []byte) (*http.Response, error) {
	return c.bounded(ctx, http.MethodPost, url, header, data, true)
}

// bounded sends a request within the time that all of it may take. One that is safe may
// be sent more than once.
func (c *Client) bounded(ctx context.Context, method, url string, header http.Header, data []byte, safe bool) (*http.Response, error) {
	end := context.CancelFunc(func() {})
	if c.total > 0 {
		cause := timeoutError(fmt.Sprintf("not at its end after %v, see --http-timeout-total", c.total))
		ctx, end = context.WithTimeoutCause(ctx, c.total, cause)
	}
	r, err := c.try(ctx, method, url, header, data, safe)
	if err != nil {
		end()
		return nil, err
	}
	r.Body.(*body).end = end
	return r, nil
}

// try tries within the time that ctx has.
func (c *Client) try(ctx context.Context, method, url string, header http.Header, data []byte, safe bool) (*http.Response, error) {
	// The jar knows of no public suffixes, which would be a table of thousands:
	// it lives for one fetch, and gets cookies only from the hosts on its way.
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	pause := firstPause
	for try := 1; ; try++ {
		r, err := c.follow(ctx, method, url, header, data, jar)
		last := try >= c.tries || ctx.Err() != nil
		wait := pause
		switch {
		case err != nil:
			if last || !again(err, safe) {
				return nil, err
			}
		case !safe || last || !overloaded(r.StatusCode):
			return r, nil
		default:
			if after, ok := retryAfter(r.Header.Get("Retry-After"), c.now()); ok {
				wait = after
			}
			if wait > maxRetryAfter {
				return r, nil
			}
			r.Body.Close()
		}
		if err := c.sleep(ctx, wait); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Show(url), err)
		}
		pause = min(2*pause, maxPause)
	}
}

// way is a request and the redirects it leads to.
type way struct {
	first   *url.URL
	outside bool // the first host is at a public address
	jar     *cookiejar.Jar
}

// follow makes one try.
func (c *Client) follow(ctx context.Context, method, text string, header http.Header, data []byte, jar *cookiejar.Jar) (*http.Response, error) {
	first, err := Parse(nil, c.secrets.fill(text))
	if err != nil {
		return nil, err
	}
	w := &way{first: first, jar: jar}
	for at, hops := first, 0; ; hops++ {
		if at.Scheme != "http" && at.Scheme != "https" || at.Host == "" {
			return nil, fmt.Errorf("%s: only http and https are fetched", c.show(at))
		}
		if hops > maxRedirects {
			return nil, fmt.Errorf("%s: more than %d redirects", c.show(first), maxRedirects)
		}
		r, err := c.send(ctx, method, at, header, data, w, hops > 0)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.show(at), err)
		}
		location := r.Header.Get("Location")
		switch r.StatusCode {
		case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
			if location != "" && method != http.MethodHead {
				method, data = http.MethodGet, nil
			}
		case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		default:
			location = ""
		}
		if location == "" {
			if err := decode(r, r.Body.(*body)); err != nil {
				r.Body.Close()
				return nil, fmt.Errorf("%s: %w", c.show(at), err)
			}
			return r, nil
		}
		r.Body.Close()
		next, err := Parse(at, location)
		if err != nil {
			return nil, fmt.Errorf("%s: redirect to a URL that cannot be parsed", c.show(at))
		}
		if next.Scheme != "http" && next.Scheme != "https" {
			return nil, fmt.Errorf("%s: %w to %s: only http and https are fetched", c.show(at), ErrRedirect, c.show(next))
		}
		at = next
	}
}

// send makes a single request. Only the host that was asked first is trusted
// with what the user gave.
func (c *Client) send(ctx context.Context, method string, u *url.URL, header http.Header, data []byte, w *way, redirected bool) (*http.Response, error) {
	trusted, user := sameHost(w.first, u), u.User
	if trusted && user == nil {
		user = w.first.User
	}
	transport := c.transport
	if redirected {
		if c.proxied && w.outside && !c.inward && !c.named(u) {
			return nil, privateError{}
		}
		transport = c.redirected(trusted, w.outside)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	traced := ctx
	if c.proxied {
		w.outside = w.outside || !redirected && c.named(u)
	} else if !redirected {
		traced = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			GotConn: func(info httptrace.GotConnInfo) { w.outside = c.remote(info.Conn) },
		})
	}
	var content io.Reader
	if data != nil {
		content = bytes.NewReader(data)
	}
	q, err := http.NewRequestWithContext(traced, method, "http://host", content) // its error would quote the URL
	if err != nil {
		cancel(nil)
		return nil, err
	}
	q.URL, q.Host = u, u.Host
	if agent := c.header.Get("User-Agent"); agent != "" {
		q.Header.Set("User-Agent", agent)
	}
	if q.Header.Set("Accept-Encoding", "gzip"); isCompressed(u.Path) {
		q.Header.Set("Accept-Encoding", "identity")
	}
	switch {
	case trusted && c.username != "":
		q.SetBasicAuth(c.username, c.password)
	case user != nil:
		password, _ := user.Password()
		q.SetBasicAuth(user.Username(), password)
	}
	if trusted {
		for _, h := range []http.Header{header, c.header} {
			for name, values := range h {
				q.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
			}
		}
		if host := q.Header.Get("Host"); host != "" {
			q.Host = host
		}
	}
	for _, cookie := range w.jar.Cookies(u) {
		q.AddCookie(cookie)
	}
	r, err := transport.RoundTrip(q)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		cancel(nil)
		return nil, err
	}
	w.jar.SetCookies(u, r.Cookies())
	r.Body = newBody(ctx, cancel, r.Body, c.show(u), c.silence)
	return r, nil
}

// redirected returns the transport for one hop: it has no connections from
// before, shows the certificate only to a host that is trusted, and does not
// lead from outside into the private network. Where a proxy connects is the
// proxy's business, but for what the URL itself says.
func (c *Client) redirected(trusted, outside bool) *http.Transport {
	t := c.transport.Clone()
	t.DisableKeepAlives = true
	if !trusted {
		t.TLSClientConfig.Certificates = nil
	}
	if outside && !c.inward && !c.proxied {
		dialer := c.dialer
		dialer.Control = c.guard
		t.DialContext = dialer.DialContext
	}
	return t
}

// sameHost tells whether what was given for a may be shown to b. Going from
// http to https at the same host is no change.
func sameHost(a, b *url.URL) bool {
	port := func(u *url.URL) string {
		if p := u.Port(); p != "" {
			return p
		}
		return map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	if !strings.EqualFold(a.Hostname(), b.Hostname()) {
		return false
	}
	return a.Scheme == b.Scheme && port(a) == port(b) ||
		a.Scheme == "http" && b.Scheme == "https" && port(a) == "80" && port(b) == "443"
}

func overloaded(code int) bool {
	switch code {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// again tells whether an error may be gone at the next try: the host cannot be
// reached, is silent or hangs up. What may have had an effect is repeated only
// if it never got there.
func again(err error, safe bool) bool {
	var (
		name *net.DNSError
		op   *net.OpError
		cert *tls.CertificateVerificationError
		ca   x509.UnknownAuthorityError
		in   insideError
		wait interface{ Timeout() bool }
	)
	switch {
	case errors.As(err, &in), errors.Is(err, context.Canceled), errors.Is(err, ErrRedirect), errors.As(err, &cert), errors.As(err, &ca):
		return false
	case errors.As(err, &name) && name.IsNotFound:
		return false
	case errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect"):
		return true
	case !safe:
		return false
	}
	return errors.As(err, &wait) && wait.Timeout() || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// retryAfter reads the header of that name, seconds or a date.
func retryAfter(text string, now time.Time) (time.Duration, bool) {
	if text == "" {
		return 0, false
	}
	if n, err := strconv.ParseUint(text, 10, 32); err == nil {
		return time.Duration(n) * time.Second, true
	}
	t, err := http.ParseTime(text)
	return max(t.Sub(now), 0), err == nil
}
