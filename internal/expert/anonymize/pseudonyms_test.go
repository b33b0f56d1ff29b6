package anonymize

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/harmonization"
)

// sampleKey is that of the sample in the first program that did Crypto-PAn.
var sampleKey = []byte{
	21, 34, 23, 141, 51, 164, 207, 128, 19, 10, 91, 22, 73, 144, 125, 16,
	216, 152, 143, 131, 121, 121, 101, 39, 98, 87, 76, 45, 42, 132, 34, 2,
}

func sample(t *testing.T, keepTLD bool) *pseudonyms {
	t.Helper()
	p, err := newPseudonyms(sampleKey, keepTLD)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestCryptoPAn has addresses of the sample trace, and those of IPv6 that other programs
// agree on.
func TestCryptoPAn(t *testing.T) {
	p := sample(t, false)
	for from, want := range map[string]string{
		"128.11.68.132": "135.242.180.132", "129.118.74.4": "134.136.186.123", "130.132.252.244": "133.68.164.234",
		"141.223.7.43": "141.167.8.160", "152.163.225.39": "151.140.114.167", "156.29.3.236": "147.225.12.42",
		"192.102.249.13": "252.138.62.131", "198.51.77.238": "249.18.186.254", "10.185.25.118": "117.161.29.118",
		"24.94.26.44": "100.88.228.35", "4.3.88.225": "124.60.155.63", "64.34.154.117": "0.221.154.117",
		"::1": "78ff:f001:9fc0:20df:8380:b1f1:704:ed", "::2": "78ff:f001:9fc0:20df:8380:b1f1:704:ef",
		"::ffff": "78ff:f001:9fc0:20df:8380:b1f1:704:f838", "2001:db8::1": "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1e",
		"2001:db8::2": "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1c",
	} {
		if got, err := p.address(from); got != want || err != nil {
			t.Errorf("%s becomes %s, %v, want %s", from, got, err, want)
		}
	}
}

// TestPrefixesArePreserved compares pairs of addresses, and networks with what is in them.
func TestPrefixesArePreserved(t *testing.T) {
	p := sample(t, false)
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		size := []int{4, 16}[rnd.IntN(2)]
		a, b := make([]byte, size), make([]byte, size)
		for i := range a {
			a[i] = byte(rnd.Uint32())
		}
		copy(b, a)
		b[rnd.IntN(size)] ^= 1 << rnd.IntN(8)
		x, _ := netip.AddrFromSlice(a)
		y, _ := netip.AddrFromSlice(b)
		if before, after := common(x, y), common(p.ip(x), p.ip(y)); before != after {
			t.Errorf("%v and %v agree in %d bits, and their pseudonyms in %d", x, y, before, after)
		}
		network, _ := x.Prefix(rnd.IntN(8*size + 1))
		text, err := p.address(network.String())
		if mapped, bad := netip.ParsePrefix(text); err != nil || bad != nil || !mapped.Contains(p.ip(x)) || mapped.Bits() != network.Bits() {
			t.Errorf("%v becomes %s, %v", network, text, err)
		}
	}
}

func common(a, b netip.Addr) (n int) {
	x, y := a.AsSlice(), b.AsSlice()
	for n < 8*len(x) && (x[n/8]^y[n/8])>>(7-n%8)&1 == 0 {
		n++
	}
	return n
}

// TestNamesStayNames: what comes out is valid for the field that it was in, hosts of one
// domain stay together, and upper case makes no difference.
func TestNamesStayNames(t *testing.T) {
	d := harmonization.Default()
	for _, keep := range []bool{false, true} {
		p := sample(t, keep)
		for _, name := range []string{
			"example.org", "www.example.org", "WWW.Example.ORG", "a.b.c.d.e.f.example.co.uk", "xn--mnchen-3ya.example",
			strings.Repeat("a.", 100) + "org", strings.Repeat("long-label.", 20) + "example.org",
		} {
			got, err := p.name(name)
			if err != nil {
				t.Fatal(err)
			}
			if v, err := d.CheckValue(harmonization.Event, "source.fqdn", harmonization.Text(got)); err != nil || v.Text != got {
				t.Errorf("%.60s becomes %s, which is no name: %v", name, got, err)
			}
			if tld := name[strings.LastIndexByte(name, '.'):]; strings.HasSuffix(got, strings.ToLower(tld)) != keep {
				t.Errorf("%.60s becomes %s, and the last label is to be kept: %v", name, got, keep)
			}
			mail, err := p.mails("Joe.Doe@" + name)
			if err != nil || !strings.HasSuffix(mail, "@"+got) || strings.Contains(mail, "oe") {
				t.Errorf("a mail address becomes %s, %v", mail, err)
			}
			url, err := p.url("https://joe@" + name + ":8443/joe?x=1")
			if v, bad := d.CheckValue(harmonization.Event, "source.url", harmonization.Text(url)); err != nil || bad != nil || v.Text != url || !strings.HasPrefix(url, "https://"+got+":8443/") {
				t.Errorf("a URL becomes %s, %v, %v", url, err, bad)
			}
		}
		a, _ := p.name("www.example.org")
		b, _ := p.name("mail.example.org")
		domain, _ := p.name("example.org")
		upper, _ := p.name("WWW.EXAMPLE.org.")
		other, _ := p.name("www.example.net")
		if a == b || !strings.HasSuffix(a, "."+domain) || !strings.HasSuffix(b, "."+domain) || upper != a {
			t.Errorf("%s, %s and %s do not fit %s", a, b, upper, domain)
		}
		if x, y, _ := strings.Cut(other, "."); strings.HasPrefix(a, x) || strings.Contains(a, strings.Split(y, ".")[0]) {
			t.Errorf("%s and %s have a label in common", a, other)
		}
	}
}

func TestValuesOfNoSuchKind(t *testing.T) {
	p := sample(t, false)
	for name, m := range map[string]method{"address": p.address, "name": p.name, "mail": p.mails, "url": p.url} {
		for _, value := range map[string][]string{
			"address": {"", "example.org", "192.0.2.0/33"}, "name": {"", "."}, "mail": {"joe@"}, "url": {"", "example.org", "http://"},
		}[name] {
			if got, err := m(value); err == nil {
				t.Errorf("%s: %q becomes %q", name, value, got)
			}
		}
	}
	for value, want := range map[string]string{"192.0.2.1": "252.", "::1": "78ff:"} {
		if got, err := p.name(value); err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("as a name %s becomes %s, %v", value, got, err)
		}
	}
	if got, err := p.url("ftp://[2001:db8::1]:21"); fmt.Sprint(got, err) != "ftp://[4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1e]:21/<nil>" {
		t.Errorf("got %s, %v", got, err)
	}
}
