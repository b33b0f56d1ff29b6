package refang

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
)

func TestDefang(t *testing.T) {
	for word, want := range map[string]string{
		"http://www.example.org/a.b?c=d.e":     "hxxp://www[.]example[.]org/a.b?c=d.e",
		"https://joe.doe@example.org:8443":     "hxxps://joe.doe[at]example[.]org:8443",
		"ftp://192.0.2.1#x.y":                  "fxp://192[.]0[.]2[.]1#x.y",
		"sftp://example.org":                   "sfxp://example[.]org",
		"gopher://example.org":                 "gopher://example[.]org",
		"http://[2001:db8::1]:80/":             "hxxp://[2001:db8::1]:80/",
		"example.org":                          "example[.]org",
		"192.0.2.0/24":                         "192[.]0[.]2[.]0/24",
		"2001:db8::1":                          "2001[:]db8[:][:]1",
		"abuse@example.org":                    "abuse[at]example[.]org",
		"m\u00fcnchen.example":                 "m\u00fcnchen[.]example",
		"localhost":                            "localhost",
		"":                                     "",
		"http://user@host.example@example.org": "hxxp://user@host.example[at]example[.]org",
	} {
		got := Defang(word)
		if got != want {
			t.Errorf("%s becomes %s, want %s", word, got, want)
		}
		if back, _ := Word(got); back != word {
			t.Errorf("%s becomes %s, and that %s", word, got, back)
		}
	}
}

// TestDefangIsReadBack makes URLs, names, addresses and mail addresses, and reads them
// back. Those that look defanged themselves cannot come back.
func TestDefangIsReadBack(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	pick := func(words ...string) string { return words[rnd.IntN(len(words))] }
	text := func(alphabet string) string {
		b := make([]byte, 1+rnd.IntN(8))
		for i := range b {
			b[i] = alphabet[rnd.IntN(len(alphabet))]
		}
		return string(b)
	}
	address := func() string {
		ip := make([]byte, []int{4, 16}[rnd.IntN(2)])
		for i := range ip {
			ip[i] = byte(rnd.IntN(3) * rnd.IntN(256))
		}
		a, _ := netip.AddrFromSlice(ip)
		return a.String()
	}
	name := func() string {
		labels := make([]string, 1+rnd.IntN(4))
		for i := range labels {
			labels[i] = text("abcdtx019-")
		}
		return strings.Join(labels, ".")
	}
	url := func() string {
		host := name()
		if rnd.IntN(3) == 0 {
			if host = address(); strings.Contains(host, ":") {
				host = "[" + host + "]"
			}
		}
		user := pick("", "", text("ab.@:")+"@")
		port := pick("", "", fmt.Sprint(":", rnd.IntN(65536)))
		path := pick("", "/", "/"+text("ab./?#&=%~()[]{}@:,;d"))
		return pick("http", "https", "ftp", "ftps", "ws", "tftp", "ssh") + "://" + user + host + port + path
	}
	looksDefanged := 0
	const words = 50_000
	for range words {
		word := pick(url(), name(), address(), text("ab.")+"@"+name(), address()+"/"+fmt.Sprint(rnd.IntN(33)))
		if _, was := Word(word); was {
			looksDefanged++
			continue
		}
		defanged := Defang(word)
		if back, _ := Word(defanged); back != word {
			t.Fatalf("%s becomes %s, and that %s", word, defanged, back)
		}
	}
	if looksDefanged > words/10 {
		t.Errorf("%d of %d look defanged", looksDefanged, words)
	}
}

func TestText(t *testing.T) {
	got := Text("See (http://example.org/), 'a.b'; not\nthis.", func(word string) string { return "<" + word + ">" })
	if want := "<See> <(http://example.org/>), '<a.b>'; <not>\n<this>."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
