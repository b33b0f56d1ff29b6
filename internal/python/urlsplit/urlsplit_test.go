package urlsplit

import (
	"reflect"
	"testing"

	"github.com/intelpipe/intelpipe/internal/python/golden"
)

// TestPython compares with what Python does, see testdata/generate.py.
func TestPython(t *testing.T) {
	for _, row := range golden.Read[[3]any](t, "split.jsonl") {
		if row[0] == `http://www.example.org\@evil.example/` {
			row[1] = []any{"http", "", "", "www.example.org", nil, `\@evil.example/`, "", ""} // where browsers go
		}
		u, ok := Split(row[0].(string))
		var got any
		if ok {
			var port any
			switch {
			case u.BadPort:
				port = "bad"
			case u.Port >= 0:
				port = float64(u.Port)
			}
			got = []any{u.Scheme, u.User, u.Password, u.Host, port, u.Path, u.Query, u.Fragment}
		}
		if !reflect.DeepEqual(got, row[1]) {
			t.Errorf("%q:\n got %q\nwant %q", row[0], got, row[1])
		}
		if got := HasAuthority(row[0].(string)); got != row[2] {
			t.Errorf("%q: HasAuthority is %v", row[0], got)
		}
	}
}

func TestAddr(t *testing.T) {
	for url, want := range map[string]string{
		"http://192.0.2.1/": "192.0.2.1", "http://[2001:DB8::1]:80/": "2001:db8::1", "http://[fe80::1%25eth0]/": "fe80::1",
		"http://www.example.org/": "", "http://bad.cafe/": "", "http://192.0.2.1.5/": "", "http:///": "",
	} {
		u, _ := Split(url)
		a, ok := u.Addr()
		if got := a.String(); ok != (want != "") || ok && got != want {
			t.Errorf("%s: got %s, %v", url, got, ok)
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("http://u:p@[::1%25x]:80/p?q#f")
	f.Fuzz(func(t *testing.T, text string) {
		u, ok := Split(text)
		if ok && (u.Port < -1 || u.Port > 65535) {
			t.Errorf("%q: port %d", text, u.Port)
		}
		_, isAddr := u.Addr()
		if name, isName := u.Name(); isName && (isAddr || name == "") {
			t.Errorf("%q: both a name, %q, and an address", text, name)
		}
	})
}

// TestNames has hosts as they are written to deceive.
func TestNames(t *testing.T) {
	for url, want := range map[string]string{
		"http://www.example.org/": "www.example.org", "http://WWW.Example.ORG.:80/": "www.example.org", "ssh://_a.example": "_a.example",
		"http://b\u00fccher.example/": "xn--bcher-kva.example", "http://B\u00dcCHER\uff0eexample./": "xn--bcher-kva.example",
		"http://ex%61mple%2eorg/": "example.org", "http://EX%41MPLE.org/": "example.org", "http://b%C3%BCcher.example/": "xn--bcher-kva.example",
		"http://good.example@evil.example/": "evil.example", "http://a.example%40b.example/": "", "http://a.example%2f@b.example/": "b.example",
		`http://good.example\@evil.example/`: "good.example", `http://user@good.example\.evil.example/`: "good.example",
		`ssh://good.example\@evil.example/`: "evil.example", "http://a%zz.example/": "", "http://a%00.example/": "", "http://a%25b.example/": "",
		"http://192.0.2.1/": "", "http://1.2.3.4.5/": "", "http://256.1.1.1/": "", "http://www.example.1/": "", "http://www.0x1f/": "",
		"http://1.example.org/": "1.example.org", "http://0x.example/": "0x.example", "http://bad.cafe/": "bad.cafe", "http://a.0xyz/": "a.0xyz",
		"http://2001:db8::1/": "", "http://www.example.org:80:90/": "", "http://[v1.x]/": "", "http://a.example[::1]/": "", "http://[::1]a.example/": "",
		"http://a.example:80@b.example:81/": "b.example", "http://": "", "http://./": "", "http://\u00ad/": "",
	} {
		u, ok := Split(url)
		if got, isName := u.Name(); ok && got != want || isName != (want != "") {
			t.Errorf("%s: %q, %v, want %q", url, got, isName, want)
		}
	}
}

// TestAddresses has the forms of IPv4 that clients understand.
func TestAddresses(t *testing.T) {
	for host, want := range map[string]string{
		"3221225985": "192.0.2.1", "0300.0.2.1": "192.0.2.1", "0xc0000201": "192.0.2.1", "0xc0.0.2.1": "192.0.2.1", "192.513": "192.0.2.1",
		"192.0.513": "192.0.2.1", "192.0.2.1.": "192.0.2.1", "0": "0.0.0.0", "0x": "0.0.0.0", "00": "0.0.0.0", "4294967295": "255.255.255.255",
		"4294967296": "", "256.1.1.1": "", "1.2.3.4.5": "", "08": "", "0xg": "", "1..2": "", ".": "", "": "", "1.2.3.a": "", "+1": "", "1.2.3.256": "",
		"192.0.2.1": "192.0.2.1", "[2001:db8::1]": "2001:db8::1", "[2001:db8::1]:80": "2001:db8::1", "[fe80::1%25eth0]": "fe80::1",
		"2001:db8::1": "", "2001:db8::1:80": "", "192%2e0%2E2.1": "192.0.2.1", "%31%39%32.0.2.1": "192.0.2.1",
		"\uff11\uff19\uff12.0.2\u30021": "192.0.2.1", "0XC0.0.2.1": "192.0.2.1", `192.0.2.1\@www.example.org`: "192.0.2.1", `good@192.0.2.1\@evil`: "192.0.2.1",
		"www.example.org@3221225985": "192.0.2.1", "[::1]www.example.org": "", "www.example.org[::1]": "", "[fe80::1%eth0]": "fe80::1",
		"www.example.org": "", "user@0xc0000201:80": "192.0.2.1", "192.0.2.1:80": "192.0.2.1",
	} {
		u, ok := Split("http://" + host + "/x")
		got := ""
		if a, isAddr := u.Addr(); ok && isAddr {
			got = a.String()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
}
