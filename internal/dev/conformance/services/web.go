package services

import (
	"crypto/tls"
	"io"
	"log"
	"mime"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"

	"github.com/intelpipe/intelpipe/internal/dev/conformance/compare"
	"github.com/intelpipe/intelpipe/internal/dev/conformance/vector"
)

// web is a proxy that answers all requests by itself, also those inside TLS.
type web struct {
	plain     net.Listener
	inside    tunnels
	servers   []*http.Server
	mu        sync.Mutex
	exchanges []*exchange
	diffs     []compare.Diff
}

// quiet is for servers that would log what clients do wrong.
var quiet = log.New(io.Discard, "", 0)

// exchange is one of the vector, and whether it has been.
type exchange struct {
	*vector.Exchange
	used bool
}

func newWeb(exchanges []*vector.Exchange, ca *Authority) (*web, error) {
	w := &web{}
	for _, e := range exchanges {
		w.exchanges = append(w.exchanges, &exchange{Exchange: e})
	}
	var err error
	if w.plain, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	w.inside = tunnels{make(chan net.Conn), make(chan struct{}), new(sync.Once)}
	handler := http.HandlerFunc(w.serve)
	for _, l := range []net.Listener{w.plain, tls.NewListener(w.inside, ca.config())} {
		server := &http.Server{Handler: handler, ErrorLog: quiet}
		w.servers = append(w.servers, server)
		go server.Serve(l)
	}
	return w, nil
}

func (w *web) url() string { return "http://" + w.plain.Addr().String() }

// close ends the servers and tells what was amiss.
func (w *web) close() []compare.Diff {
	for _, s := range w.servers {
		s.Close()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.exchanges {
		if !e.used {
			w.diffs = append(w.diffs, compare.Diff{Part: "http", Want: e.Method + " " + e.URL})
		}
	}
	return w.diffs
}

func (w *web) serve(rw http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect {
		w.tunnel(rw)
		return
	}
	u := *r.URL
	if !u.IsAbs() {
		u.Scheme, u.Host = "https", r.Host
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	w.mu.Lock()
	e := w.match(r.Method, &u)
	if e == nil {
		w.diffs = append(w.diffs, compare.Diff{Part: "http", Got: r.Method + " " + u.String()})
	} else {
		e.used = true
		w.diffs = append(w.diffs, check(e.Exchange, r, body)...)
	}
	w.mu.Unlock()
	if e == nil {
		http.Error(rw, "the vector has no such request", http.StatusBadGateway)
		return
	}
	rw.Header()["Content-Type"] = nil // no guess
	for name, value := range e.Headers {
		rw.Header().Set(name, value)
	}
	rw.WriteHeader(e.Status)
	rw.Write(e.Body.Data())
}

// match finds the first exchange that is not used up. The tests of the
// reference put an address at localhost in the place of a service's: there the
// last part of the path has to be in the request somewhere.
func (w *web) match(method string, u *url.URL) *exchange {
	for _, e := range w.exchanges {
		if !e.used && e.Method == method && sameURL(e.URL, u) {
			return e
		}
	}
	for _, e := range w.exchanges {
		want, err := url.Parse(e.URL)
		if err != nil || e.used || e.Method != method || want.Hostname() != "localhost" || u.Hostname() == "localhost" {
			continue
		}
		if last := path.Base(want.Path); want.RawQuery == "" && strings.Contains(u.Path+"?"+u.RawQuery, last) {
			return e
		}
	}
	return nil
}

// sameURL compares addresses; the order of a query's parameters does not count.
func sameURL(want string, got *url.URL) bool {
	u, err := url.Parse(want)
	return err == nil && u.Scheme == got.Scheme && host(u) == host(got) &&
		strings.TrimPrefix(u.Path, "/") == strings.TrimPrefix(got.Path, "/") && u.Query().Encode() == got.Query().Encode()
}

func host(u *url.URL) string {
	port := u.Port()
	if port == "80" && u.Scheme == "http" || port == "443" && u.Scheme == "https" {
		port = ""
	}
	return strings.ToLower(u.Hostname()) + ":" + port
}

// check compares body and headers of a request, as far as the vector has them.
func check(e *vector.Exchange, r *http.Request, body []byte) []compare.Diff {
	var diffs []compare.Diff
	for name, want := range e.RequestHeaders {
		got := r.Header.Get(name)
		switch http.CanonicalHeaderKey(name) {
		case "Authorization":
			if got != want {
				diffs = append(diffs, compare.Diff{Part: "http", Where: e.URL + " " + name, Want: want, Got: got})
			}
		case "Content-Type":
			if mediaType(got) != mediaType(want) {
				diffs = append(diffs, compare.Diff{Part: "http", Where: e.URL + " " + name, Want: want, Got: got})
			}
		}
	}
	if want := e.RequestBody.Data(); want != nil && !compare.SameText(string(want), string(body), "") {
		diffs = append(diffs, compare.Diff{Part: "http", Where: e.URL + " body", Want: string(want), Got: string(body)})
	}
	return diffs
}

func mediaType(s string) string {
	typ, params, err := mime.ParseMediaType(s)
	if err != nil {
		return s
	}
	for key, value := range params {
		params[key] = strings.ToLower(value)
	}
	return mime.FormatMediaType(typ, params)
}

// tunnel hands a connection that asked for CONNECT to the TLS server.
func (w *web) tunnel(rw http.ResponseWriter) {
	conn, buffered, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		return
	}
	if buffered.Reader.Buffered() > 0 { // a client that does not wait for the answer
		conn.Close()
		return
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		conn.Close()
		return
	}
	select {
	case w.inside.conns <- conn:
	case <-w.inside.closed:
		conn.Close()
	}
}

// tunnels is a listener whose connections come from tunnel.
type tunnels struct {
	conns  chan net.Conn
	closed chan struct{}
	once   *sync.Once
}

func (t tunnels) Accept() (net.Conn, error) {
	select {
	case c := <-t.conns:
		return c, nil
	case <-t.closed:
		return nil, net.ErrClosed
	}
}

func (t tunnels) Close() error {
	t.once.Do(func() { close(t.closed) })
	return nil
}

func (t tunnels) Addr() net.Addr { return &net.TCPAddr{} }
