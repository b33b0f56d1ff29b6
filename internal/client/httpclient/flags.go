// Package httpclient is the HTTP client of all commands that fetch something.
//
// It speaks http and https and nothing else, before and after a redirect. TLS
// is 1.2 or newer and verified. Credentials, certificates and headers that the
// user gave stay with the host they were given for, which is scheme, name and
// port; from http to https at the default ports is no change. No error names a
// password or the query of a URL, which is where feeds carry their keys.
//
// A redirect from a public address to a private, loopback or link-local one is
// refused, by the address that is connected to. What a user asks for directly
// may be private, and may redirect to what is. With a proxy it is the proxy that
// connects: then only what the URL itself says is looked at.
//
// The proxies of the environment (HTTP_PROXY and so on) are not used: what a
// command does is told by its flags alone, and those have an environment of
// their own, INTELPIPE_HTTP_PROXY and INTELPIPE_HTTPS_PROXY.
package httpclient

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/client/httpclient/privatenet"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Flags are the flags of the client, to be embedded in a command. One that has other
// defaults names them in the tag of that field: `set:"http_timeout_sec=10"`.
type Flags struct {
	HTTPTimeoutSec       []float64    `name:"http-timeout-sec" default:"${http_timeout_sec=30}" placeholder:"SECONDS" help:"How long a server may stay silent; with two values, the first is for connecting." group:"HTTP"`
	HTTPTimeoutTotal     float64      `name:"http-timeout-total" default:"3600" placeholder:"SECONDS" help:"How long a whole fetch may take, redirects and retries included; 0 for no limit." group:"HTTP"`
	HTTPTimeoutMaxTries  int          `name:"http-timeout-max-tries" default:"${http_timeout_max_tries=3}" placeholder:"N" help:"How often to try in all when a server cannot be reached, stays silent or is overloaded." group:"HTTP"`
	HTTPUsername         string       `name:"http-username" placeholder:"NAME" help:"User name for basic authentication." group:"HTTP"`
	HTTPPassword         stage.Secret `name:"http-password-file" placeholder:"FILE" help:"File with the password for basic authentication." group:"HTTP"`
	HTTPProxy            string       `name:"http-proxy" placeholder:"URL" help:"Proxy for http; used only together with --https-proxy." group:"HTTP"`
	HTTPSProxy           string       `name:"https-proxy" placeholder:"URL" help:"Proxy for https; used only together with --http-proxy." group:"HTTP"`
	HTTPUserAgent        string       `name:"http-user-agent" default:"intelpipe" placeholder:"TEXT" help:"The User-Agent header." group:"HTTP"`
	HTTPVerifyCert       string       `name:"http-verify-cert" default:"true" placeholder:"true|false|PATH" help:"Whether to verify certificates, or a file or directory with the authorities to trust." group:"HTTP"`
	HTTPHeader           stage.Object `name:"http-header" placeholder:"json:{…}" help:"Further request headers. They win over all others." group:"HTTP"`
	SSLClientCertificate string       `name:"ssl-client-certificate" placeholder:"FILE" help:"Client certificate and its key, as PEM." group:"HTTP"`
	HTTPPrivateRedirects bool         `name:"http-allow-private-redirects" help:"Follow redirects from public to private addresses." group:"HTTP"`
	HTTPSecret           stage.Secret `name:"http-secret-file" placeholder:"FILE" help:"File with a secret that stands for {secret} in the URL and in the values of --http-header." group:"HTTP"`
	URLSecrets           []string     `name:"url-secrets" placeholder:"NAME,…" help:"Query parameters to mask besides those that look like secrets; /2 is the second part of the path." group:"HTTP"`
}

// Client makes a client of the flags for the command that env is of. An error is
// one of configuration.
func (f *Flags) Client(env *stage.Env) (*Client, error) {
	// Package net/http writes to the standard logger, and so to stderr, what no
	// user can do anything about. Nothing else uses that logger.
	log.SetOutput(io.Discard)
	connect, read, err := f.timeouts()
	if err != nil {
		return nil, err
	}
	proxy, err := f.proxy(env.Warn)
	if err != nil {
		return nil, err
	}
	config, err := f.tls()
	if err != nil {
		return nil, err
	}
	header, err := f.header()
	if err != nil {
		return nil, err
	}
	secrets, err := newSecrets(f.URLSecrets)
	if err != nil {
		return nil, err
	}
	secrets.value = string(f.HTTPSecret)
	c := &Client{
		dialer:   net.Dialer{Timeout: connect},
		proxied:  proxy != nil,
		header:   header,
		username: f.HTTPUsername,
		password: string(f.HTTPPassword),
		tries:    max(f.HTTPTimeoutMaxTries, 1),
		silence:  read,
		total:    time.Duration(f.HTTPTimeoutTotal * float64(time.Second)),
		secrets:  secrets,
		inward:   f.HTTPPrivateRedirects,
		private:  privatenet.Has,
		now:      env.Now,
		sleep:    Sleep,
	}
	c.transport = &http.Transport{
		Proxy:                  proxy,
		DialContext:            c.dialer.DialContext,
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    connect,
		ResponseHeaderTimeout:  read,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 1 << 20,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // done here, where more codings are known
	}
	if c.proxied {
		// Only the connection to a proxy that speaks TLS itself is made by this. The
		// certificate is not for the proxy.
		own := config.Clone()
		own.Certificates, own.NextProtos = nil, []string{"http/1.1"}
		c.transport.DialTLSContext = (&tls.Dialer{NetDialer: &c.dialer, Config: own}).DialContext
	}
	return c, nil
}

func (f *Flags) timeouts() (connect, read time.Duration, err error) {
	seconds := f.HTTPTimeoutSec
	switch len(seconds) {
	case 0:
		seconds = []float64{30, 30}
	case 1:
		seconds = []float64{seconds[0], seconds[0]}
	case 2:
	default:
		return 0, 0, errors.New("--http-timeout-sec: more than two values")
	}
	for _, s := range seconds {
		if !(s > 0 && s < 1e9) {
			return 0, 0, fmt.Errorf("--http-timeout-sec: %v is not a time to wait", s)
		}
	}
	if !(f.HTTPTimeoutTotal >= 0 && f.HTTPTimeoutTotal < 1e9) {
		return 0, 0, fmt.Errorf("--http-timeout-total: %v is not a time to wait", f.HTTPTimeoutTotal)
	}
	duration := func(s float64) time.Duration { return max(time.Duration(s*float64(time.Second)), 1) }
	return duration(seconds[0]), duration(seconds[1]), nil
}

func (f *Flags) proxy(warn func(string, ...any)) (func(*http.Request) (*url.URL, error), error) {
	if f.HTTPProxy == "" && f.HTTPSProxy == "" {
		return nil, nil
	}
	if f.HTTPProxy == "" || f.HTTPSProxy == "" {
		warn("only one of --http-proxy and --https-proxy is given: no proxy is used")
		return nil, nil
	}
	parse := func(flag, text string) (*url.URL, error) {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("%s: not a URL", flag)
		}
		switch u.Scheme {
		case "http", "https", "socks5", "socks5h":
			return u, nil
		}
		return nil, fmt.Errorf("%s: a proxy of type %q is not known", flag, u.Scheme)
	}
	forHTTP, err := parse("--http-proxy", f.HTTPProxy)
	if err != nil {
		return nil, err
	}
	forHTTPS, err := parse("--https-proxy", f.HTTPSProxy)
	if err != nil {
		return nil, err
	}
	return func(r *http.Request) (*url.URL, error) {
		if r.URL.Scheme == "https" {
			return forHTTPS, nil
		}
		return forHTTP, nil
	}, nil
}

func (f *Flags) tls() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	switch verify, err := strconv.ParseBool(strings.ToLower(f.HTTPVerifyCert)); {
	case f.HTTPVerifyCert == "":
	case err == nil:
		config.InsecureSkipVerify = !verify
	default:
		if config.RootCAs, err = authorities(f.HTTPVerifyCert); err != nil {
			return nil, fmt.Errorf("--http-verify-cert: %w", err)
		}
	}
	if f.SSLClientCertificate != "" {
		text, err := os.ReadFile(f.SSLClientCertificate)
		if err != nil {
			return nil, fmt.Errorf("--ssl-client-certificate: %w", err)
		}
		pair, err := tls.X509KeyPair(text, text)
		if err != nil {
			return nil, fmt.Errorf("--ssl-client-certificate: %s: %w", f.SSLClientCertificate, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// authorities reads a PEM file, or those in a directory.
func authorities(path string) (*x509.CertPool, error) {
	names := []string{path}
	if entries, err := os.ReadDir(path); err == nil {
		names = names[:0]
		for _, entry := range entries {
			names = append(names, filepath.Join(path, entry.Name()))
		}
	}
	pool, found := x509.NewCertPool(), false
	for _, name := range names {
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		found = pool.AppendCertsFromPEM(text) || found
	}
	if !found {
		return nil, fmt.Errorf("%s: no certificate found", path)
	}
	return pool, nil
}

func (f *Flags) header() (http.Header, error) {
	h := make(http.Header)
	if f.HTTPUserAgent != "" {
		h.Set("User-Agent", f.HTTPUserAgent)
	}
	for name, value := range f.HTTPHeader {
		text, ok := value.(string)
		if !ok {
			return nil, fmt.Errorf("--http-header: the value of %q is not a string", name)
		}
		if strings.Contains(text, Placeholder) {
			if f.HTTPSecret == "" {
				return nil, fmt.Errorf("--http-header: %q has %s, which --http-secret-file has to give", name, Placeholder)
			}
			text = strings.ReplaceAll(text, Placeholder, string(f.HTTPSecret))
		}
		h.Set(name, text)
	}
	return h, nil
}
