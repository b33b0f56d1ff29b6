package indicator

import (
	"fmt"
	"strings"
	"testing"
)

func one(key, value string) []Set { return []Set{{{key, value}}} }

func TestFormulas(t *testing.T) {
	a, b, ip, ip2 := one("a", "1"), one("b", "2"), one("ip", "x"), one("ip", "y")
	for _, test := range []struct {
		name string
		got  []Set
		want string
	}{
		{"nothing", And(nil, Or()), "[]"},
		{"and", And(a, nil, b), "[[{a 1} {b 2}]]"},
		{"or", Or(a, b, nil), "[[{a 1}] [{b 2}]]"},
		{"product", And(a, Or(ip, ip2)), "[[{a 1} {ip x}] [{a 1} {ip y}]]"},
		{"the same twice", And(a, a), "[[{a 1}]]"},
		{"two values", And(ip, ip2, a), "[[{ip x} {a 1}] [{ip y} {a 1}]]"},
	} {
		if got := fmt.Sprint(test.got); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

func TestNoExplosion(t *testing.T) {
	var sets []Set
	for i := range 40 {
		sets = And(sets, Or(one(fmt.Sprint("k", i), "a"), one(fmt.Sprint("k", i), "b")))
	}
	if len(sets) > 2*maxSets {
		t.Errorf("%d sets", len(sets))
	}
}

func TestHashField(t *testing.T) {
	for text, want := range map[string]string{
		strings.Repeat("aF", 16): "malware.hash.md5",
		strings.Repeat("0", 40):  "malware.hash.sha1",
		strings.Repeat("0", 64):  "malware.hash.sha256",
		strings.Repeat("0", 128): "extra.sha512",
		strings.Repeat("0", 33):  "",
		strings.Repeat("g", 32):  "",
		"":                       "",
	} {
		if got := HashField(text); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestSourceField(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.1":                "source.ip",
		"2001:db8::1":              "source.ip",
		"192.0.2.0/24":             "source.network",
		"http://192.0.2.1/a":       "source.url",
		"http://user@example.org/": "source.url",
		"user@example.org":         "source.account",
		"www.example.org":          "source.fqdn",
		"192.0.2.300":              "",
		"192.0.2.0/33":             "",
		"www.example.org:80":       "",
		"www.example.org.":         "",
		"localhost":                "",
		"two words.org":            "",
		"":                         "",
	} {
		if got := SourceField(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
