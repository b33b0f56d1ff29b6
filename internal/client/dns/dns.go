// Package dns asks a recursive resolver. It is made to be called by the fetch of a
// lookup, which remembers answers as long as they say and retries. Commands see
// names, texts and kinds of failure of it; that the protocol is done by
// github.com/miekg/dns is nobody else's business.
package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"

	"github.com/intelpipe/intelpipe/internal/lookup"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/python/idna"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// The kinds of failure. Any error of a query wraps one of them. To a lookup the
// first two are answers, and the third is one to retry.
var (
	ErrNotFound  error = notThere("there is no such name")
	ErrNoData    error = notThere("the name has no record of this type")
	ErrTemporary       = errors.New("temporary failure of name resolution")
	ErrRefused         = errors.New("the name server does not answer such queries")
)

// notThere is lookup.ErrNotThere in other words.
type notThere string

func (e notThere) Error() string      { return string(e) }
func (notThere) Is(target error) bool { return target == lookup.ErrNotThere }

// Flags are the flags of commands that resolve names; embed them.
type Flags struct {
	Nameserver string  `help:"Ask this resolver instead of those in /etc/resolv.conf." placeholder:"HOST:PORT"`
	Timeout    float64 `help:"Give up on an answer after SECONDS." default:"5" placeholder:"SECONDS"`
}

// Type is a type of records.
type Type uint16

// The types that commands ask for.
const (
	A   = Type(dns.TypeA)
	PTR = Type(dns.TypePTR)
	TXT = Type(dns.TypeTXT)
)

// The time an answer is kept. A missing TTL is that of a failure that came
// without one.
const (
	maxTTL     = 24 * time.Hour
	maxMissing = time.Hour
	noTTL      = time.Minute
)

// A Resolver answers queries. It may be used by several goroutines.
type Resolver struct {
	servers []string
	timeout time.Duration
	next    atomic.Uint32 // the server that answered last
}

// New makes a resolver of the flags.
func New(f Flags) (*Resolver, error) {
	r := &Resolver{timeout: time.Duration(f.Timeout * float64(time.Second))}
	switch {
	case r.timeout <= 0:
		return nil, errors.New("--timeout: a time above 0 is expected")
	case f.Nameserver != "":
		server, err := address(f.Nameserver)
		if err != nil {
			return nil, fmt.Errorf("--nameserver %s: %w", f.Nameserver, err)
		}
		r.servers = []string{server}
		return r, nil
	}
	conf, err := dns.ClientConfigFromFile("/etc/resolv.conf")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w; --nameserver names a resolver", err)
	}
	if conf == nil || len(conf.Servers) == 0 {
		conf = &dns.ClientConfig{Servers: []string{"127.0.0.1"}, Port: "53"}
	}
	for _, s := range conf.Servers {
		r.servers = append(r.servers, net.JoinHostPort(s, conf.Port))
	}
	return r, nil
}

// address adds the usual port to a server's name.
func address(server string) (string, error) {
	if a, err := netip.ParseAddr(strings.Trim(server, "[]")); err == nil {
		return net.JoinHostPort(a.String(), "53"), nil
	}
	if !strings.Contains(server, ":") {
		server += ":53"
	}
	host, port, err := net.SplitHostPort(server)
	if err == nil && (host == "" || port == "") {
		err = errors.New("HOST:PORT is expected")
	}
	return server, err
}

// Lookup returns the records of a name, in the order they came: addresses,
// names without the final dot, or texts, the pieces of one put together. A name
// in another script is looked up in its ASCII form, and one that no host can
// have is not looked up: it is not found.
func (r *Resolver) Lookup(ctx context.Context, name string, t Type) ([]string, error) {
	ascii, ok := idna.Host(name)
	if _, short := dns.IsDomainName(ascii); !ok || !short || strings.Trim(ascii, nameBytes) != "" {
		return nil, fmt.Errorf("%s: %w", plain.Quote(name), ErrNotFound)
	}
	name = dns.CanonicalName(ascii)
	a, err := r.chase(ctx, name, uint16(t))
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, ErrTemporary):
		err = &stage.RetryAfter{Err: err}
	case err == nil:
		lookup.GoodFor(ctx, a.ttl)
		err = a.missing
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", strings.TrimSuffix(name, "."), err)
	}
	return a.records, nil
}

// Fetch is Lookup of one type, for a lookup.
func (r *Resolver) Fetch(t Type) func(ctx context.Context, name string) ([]string, error) {
	return func(ctx context.Context, name string) ([]string, error) { return r.Lookup(ctx, name, t) }
}

// nameBytes are what a name can consist of. More is possible in DNS, but then it
// is no name of a host, and the library writes what it gets back in another way.
const nameBytes = "abcdefghijklmnopqrstuvwxyz0123456789-_.*/"

// Reverse returns the name under which the PTR records of an address are.
func Reverse(a netip.Addr) string {
	name, err := dns.ReverseAddr(a.WithZone("").Unmap().String())
	if err != nil {
		return ""
	}
	return name
}

// answer is what is known of a name: records, or that there are none.
type answer struct {
	records []string
	missing error // ErrNotFound, ErrNoData or nil
	ttl     time.Duration
}

// maxChain is how many aliases are followed.
const maxChain = 16

// chase asks for a name, and for what it is an alias of if the resolver has
// left that to us.
func (r *Resolver) chase(ctx context.Context, name string, t uint16) (answer, error) {
	ttl := maxTTL
	for range maxChain {
		reply, err := r.ask(ctx, name, t)
		if err != nil {
			return answer{}, err
		}
		a, alias := read(reply, name, t)
		a.ttl = min(a.ttl, ttl)
		if alias == "" {
			return a, nil
		}
		name, ttl = alias, a.ttl
	}
	return answer{}, fmt.Errorf("a chain of more than %d aliases: %w", maxChain, ErrTemporary)
}

// read takes the records out of a reply. If it ends at an alias, that is
// returned.
func read(reply *dns.Msg, name string, t uint16) (a answer, alias string) {
	a.ttl = maxTTL
	owner, moved := name, false
	for range maxChain {
		target := ""
		for _, rr := range reply.Answer {
			if !strings.EqualFold(rr.Header().Name, owner) {
				continue
			}
			if rr.Header().Rrtype == t {
				a.records = append(a.records, text(rr))
			} else if c, ok := rr.(*dns.CNAME); ok {
				target = dns.CanonicalName(c.Target)
			} else {
				continue
			}
			a.ttl = min(a.ttl, time.Duration(rr.Header().Ttl)*time.Second)
		}
		if len(a.records) > 0 {
			return a, ""
		}
		if target == "" {
			break
		}
		owner, moved = target, true
	}
	a.missing = ErrNoData
	if reply.Rcode == dns.RcodeNameError {
		a.missing = ErrNotFound
	} else if moved {
		return a, owner
	}
	missing := noTTL
	for _, rr := range reply.Ns {
		if soa, ok := rr.(*dns.SOA); ok {
			missing = time.Duration(min(soa.Hdr.Ttl, soa.Minttl)) * time.Second
		}
	}
	a.ttl = min(a.ttl, missing, maxMissing)
	return a, ""
}

func text(rr dns.RR) string {
	switch rr := rr.(type) {
	case *dns.A:
		return rr.A.String()
	case *dns.PTR:
		return strings.TrimSuffix(rr.Ptr, ".")
	case *dns.TXT:
		return unescape(strings.Join(rr.Txt, ""))
	}
	return rr.String()
}

// unescape undoes what the library does to a text: \DDD stands for a byte, and a
// backslash before any other character for that one.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
			if n, err := strconv.ParseUint(s[i:min(i+3, len(s))], 10, 8); err == nil && i+3 <= len(s) {
				b, i = append(b, byte(n)), i+2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

// ask sends one query, and to the next server if there is no answer.
func (r *Resolver) ask(ctx context.Context, name string, t uint16) (*dns.Msg, error) {
	query := new(dns.Msg).SetQuestion(name, t)
	query.SetEdns0(1232, false)
	var last error
	at := r.next.Load()
	for i := range r.servers {
		n := (int(at) + i) % len(r.servers)
		reply, err := r.exchange(ctx, query, r.servers[n])
		if err == nil {
			r.next.CompareAndSwap(at, uint32(n))
			return reply, nil
		}
		if last = err; ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return nil, last
}

// reason leaves the addresses out of an error of the network: ours changes with
// each query.
func (r *Resolver) reason(err error) error {
	var op *net.OpError
	switch {
	case !errors.As(err, &op):
		return err
	case op.Timeout():
		return fmt.Errorf("no answer within %v", r.timeout)
	}
	return op.Err
}

func (r *Resolver) exchange(ctx context.Context, query *dns.Msg, server string) (*dns.Msg, error) {
	udp := dns.Client{Timeout: r.timeout, UDPSize: 1232}
	reply, _, err := udp.ExchangeContext(ctx, query, server)
	if err == nil && reply.Truncated {
		tcp := dns.Client{Net: "tcp", Timeout: r.timeout}
		reply, _, err = tcp.ExchangeContext(ctx, query, server)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %s: %w", ErrTemporary, server, r.reason(err))
	case !reply.Response || len(reply.Question) != 1 || !strings.EqualFold(reply.Question[0].Name, query.Question[0].Name) || reply.Question[0].Qtype != query.Question[0].Qtype:
		return nil, fmt.Errorf("%w: %s does not answer the question", ErrTemporary, server)
	}
	switch reply.Rcode {
	case dns.RcodeSuccess, dns.RcodeNameError:
		return reply, nil
	case dns.RcodeServerFailure:
		return nil, fmt.Errorf("%w: %s says SERVFAIL", ErrTemporary, server)
	}
	code, ok := dns.RcodeToString[reply.Rcode]
	if !ok {
		code = fmt.Sprint("code ", reply.Rcode)
	}
	return nil, fmt.Errorf("%w: %s says %s", ErrRefused, server, code)
}
