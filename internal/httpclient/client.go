package httpclient

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	maxRedirects  = 10
	maxRetryAfter = 2 * time.Minute // a server that wants more is left alone
	firstPause    = time.Second     // between two tries; doubles each time
	maxPause      = 30 * time.Second
)

// Client fetches. It is safe for concurrent use. Its loop over tries is its own
// and not go-retryablehttp's, since redirects have to be followed inside of a
// try and errors be cleaned of secrets anyway, which leaves a few lines only.
type Client struct {
	transport          *http.Transport
	header             http.Header
	username, password string
	tries              int
	silence            time.Duration
	sleep              func(context.Context, time.Duration) error
}

// StatusError is an answer other than 2xx.
type StatusError struct {
	URL    string // without its secrets
	Code   int
	Status string
}

func (e *StatusError) Error() string { return e.URL + ": " + e.Status }

// ErrSilent is the end of a body whose server stopped sending.
var ErrSilent error = silentError{}

type silentError struct{}

func (silentError) Error() string { return "the server stopped sending" }
func (silentError) Timeout() bool { return true }

// Get fetches a URL. Any status but 2xx is a *StatusError. The body is decoded
// if the server compressed it for the way, but a file that is compressed itself
// arrives as it is. It must be closed.
func (c *Client) Get(ctx context.Context, url string, header http.Header) (*http.Response, error) {
	r, err := c.Do(ctx, http.MethodGet, url, header, nil)
	if err != nil {
		return nil, err
	}
	if r.StatusCode < 200 || r.StatusCode > 299 {
		r.Body.Close()
		return nil, &StatusError{Redact(r.Request.URL), r.StatusCode, status(r)}
	}
	return r, nil
}

// Do sends a request and returns the answer whatever its status. A request
// that did not get through is tried again, and so is a GET or HEAD that was not
// answered or answered with 429, 502, 503 or 504.
func (c *Client) Do(ctx context.Context, method, url string, header http.Header, body []byte) (*http.Response, error) {
	safe := method == http.MethodGet || method == http.MethodHead
	pause := firstPause
	for try := 1; ; try++ {
		r, err := c.follow(ctx, method, url, header, body)
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
			if after, ok := retryAfter(r.Header.Get("Retry-After"), time.Now()); ok {
				wait = after
			}
			if wait > maxRetryAfter {
				return r, nil
			}
			r.Body.Close()
		}
		if err := c.sleep(ctx, wait); err != nil {
			return nil, err
		}
		pause = min(2*pause, maxPause)
	}
}

// ErrRedirect is wrapped by the error for an answer that leads away from http
// and https.
var ErrRedirect = errors.New("redirect")

// CloseIdleConnections closes what is kept open for further requests.
func (c *Client) CloseIdleConnections() { c.transport.CloseIdleConnections() }

// follow makes one try, which is a request and the redirects it leads to.
func (c *Client) follow(ctx context.Context, method, text string, header http.Header, body []byte) (*http.Response, error) {
	first, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("the URL cannot be parsed") // the error of url.Parse quotes it whole
	}
	for at, hops := first, 0; ; hops++ {
		if at.Scheme != "http" && at.Scheme != "https" || at.Host == "" {
			return nil, fmt.Errorf("%s: only http and https are fetched", Redact(at))
		}
		if hops > maxRedirects {
			return nil, fmt.Errorf("%s: more than %d redirects", Redact(first), maxRedirects)
		}
		r, err := c.send(ctx, method, at, header, body, first)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", Redact(at), err)
		}
		location := r.Header.Get("Location")
		switch r.StatusCode {
		case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
			if location != "" && method != http.MethodHead {
				method, body = http.MethodGet, nil
			}
		case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		default:
			location = ""
		}
		if location == "" {
			if err := c.prepareBody(r); err != nil {
				r.Body.Close()
				return nil, fmt.Errorf("%s: %w", Redact(at), err)
			}
			return r, nil
		}
		r.Body.Close()
		next, err := at.Parse(location)
		if err != nil {
			return nil, fmt.Errorf("%s: redirect to a URL that cannot be parsed", Redact(at))
		}
		if next.Scheme != "http" && next.Scheme != "https" {
			return nil, fmt.Errorf("%s: %w to %s: only http and https are fetched", Redact(at), ErrRedirect, Redact(next))
		}
		at = next
	}
}

// send makes a single request. Only the host that was asked first is trusted
// with what the user gave.
func (c *Client) send(ctx context.Context, method string, u *url.URL, header http.Header, data []byte, first *url.URL) (*http.Response, error) {
	trusted, user := sameHost(first, u), u.User
	if trusted && user == nil {
		user = first.User
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var content io.Reader
	if data != nil {
		content = bytes.NewReader(data)
	}
	q, err := http.NewRequestWithContext(ctx, method, u.String(), content)
	if err != nil {
		cancel(nil)
		return nil, err
	}
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
				q.Header[http.CanonicalHeaderKey(name)] = values
			}
		}
		if host := q.Header.Get("Host"); host != "" {
			q.Host = host
		}
	}
	r, err := c.transport.RoundTrip(q)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	r.Body = &body{r.Body, Redact(u), c.silence, ctx, cancel}
	return r, nil
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

// Redact writes a URL without user, query and fragment.
func Redact(u *url.URL) string {
	shown := *u
	shown.User, shown.Fragment, shown.RawFragment = nil, "", ""
	if shown.RawQuery != "" {
		shown.RawQuery = "…"
	}
	return shown.String()
}

func status(r *http.Response) string {
	if r.Status != "" {
		return r.Status
	}
	return strconv.Itoa(r.StatusCode)
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
		wait interface{ Timeout() bool }
	)
	switch {
	case errors.Is(err, context.Canceled), errors.As(err, &cert), errors.As(err, &ca):
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

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
