// Package dns asks a recursive resolver, and remembers its answers as long as
// they say. Commands see names, texts and three kinds of failure of it; that
// the protocol is done by github.com/miekg/dns is nobody else's business.
package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/durable/store"
	"github.com/intelpipe/intelpipe/internal/plain"
)

// The kinds of failure. Any error of a query wraps one of them.
var (
	ErrNotFound  = errors.New("there is no such name")
	ErrNoData    = errors.New("the name has no record of this type")
	ErrTemporary = errors.New("temporary failure of name resolution")
	ErrRefused   = errors.New("the name server does not answer such queries")
)

// Flags are the flags of commands that resolve names; embed them.
type Flags struct {
	Nameserver string  `help:"Ask this resolver instead of those in /etc/resolv.conf." placeholder:"HOST:PORT"`
	Timeout    float64 `help:"Give up on an answer after SECONDS." default:"5" placeholder:"SECONDS"`
	Retries    int     `help:"Retry N times if there is no answer or a temporary failure." default:"2" placeholder:"N"`
}

// Type is a type of records.
type Type uint16

// The types that commands ask for.
const (
	A   = Type(dns.TypeA)
	PTR = Type(dns.TypePTR)
	TXT = Type(dns.TypeTXT)
)

// cacheSize bounds the memory, about 200 bytes an answer.
const cacheSize = 1 << 16

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
	tries   int
	cache   *store.Cache
	next    atomic.Uint32 // the server that answered last
}

// New makes a resolver of the flags.
func New(f Flags) (*Resolver, error) {
	r := &Resolver{timeout: time.Duration(f.Timeout * float64(time.Second)), tries: f.Retries + 1, cache: store.NewCache(cacheSize)}
	switch {
	case r.timeout <= 0:
		return nil, errors.New("--timeout: a time above 0 is expected")
	case r.tries < 1:
		return nil, errors.New("--retries: 0 or more is expected")
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
	ascii, ok := harmonization.ASCIIName(name)
	if _, short := dns.IsDomainName(ascii); !ok || !short || strings.Trim(ascii, nameBytes) != "" {
		return nil, fmt.Errorf("%s: %w", plain.Quote(name), ErrNotFound)
	}
	name = dns.CanonicalName(ascii)
	text, err := r.cache.Do(dns.TypeToString[uint16(t)]+" "+name, func() (string, time.Duration, error) {
		a, err := r.chase(ctx, name, uint16(t))
		return a.encode(), a.ttl, err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", strings.TrimSuffix(name, "."), err)
	}
	records, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", strings.TrimSuffix(name, "."), err)
	}
	return records, nil
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

// encode makes a text of an answer for the cache.
func (a answer) encode() string {
	switch a.missing {
	case nil:
		return "=" + strings.Join(a.records, "\x00")
	case ErrNoData:
		return "-"
	}
	return ""
}

func decode(text string) ([]string, error) {
	switch {
	case text == "":
		return nil, ErrNotFound
	case text == "-":
		return nil, ErrNoData
	}
	return strings.Split(text[1:], "\x00"), nil
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
		return strings.Join(rr.Txt, "")
	}
	return rr.String()
}

// ask sends one query, again if need be, and to the next server.
func (r *Resolver) ask(ctx context.Context, name string, t uint16) (*dns.Msg, error) {
	query := new(dns.Msg).SetQuestion(name, t)
	query.SetEdns0(1232, false)
	var last error
	for range r.tries {
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
		if errors.Is(last, ErrRefused) {
			break // asking again will not help
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
	case len(reply.Question) != 1 || !strings.EqualFold(reply.Question[0].Name, query.Question[0].Name) || reply.Question[0].Qtype != query.Question[0].Qtype:
		return nil, fmt.Errorf("%w: %s has answered another question", ErrTemporary, server)
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
