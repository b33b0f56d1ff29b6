package catalogue

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBuiltin(t *testing.T) {
	c, err := Load(nil)
	if err != nil || len(c.Broken) > 0 {
		t.Fatal(err, c)
	}
	if len(c.Feeds) < 120 {
		t.Errorf("%d feeds", len(c.Feeds))
	}
	for i, f := range c.Feeds {
		if i > 0 && f.ID == c.Feeds[i-1].ID {
			t.Errorf("%s is there twice", f.ID)
		}
		if f.Licence == "" || len(f.Parser) == 0 {
			t.Errorf("%s has no note on its licence, or no parser", f.ID)
		}
		if f.Instead != "" && (f.Dead == "" && f.ID[:4] != "eset" || c.find(f.Instead) == nil || c.find(f.Instead).Dead != "") {
			t.Errorf("%s is replaced by %s, which is no feed that lives", f.ID, f.Instead)
		}
	}
}

// TestMistakes: each is told with its place and the way out, and costs the feeds of its
// file.
func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		`[]`:                     "1:1: an object is expected: a feed, or one with the member feeds",
		`{"id": "x",}`:           "1:12: invalid JSON: a key in double quotes is expected",
		`{"feeds": []}`:          "1:11: a list of feeds is expected, each an object",
		`{"feeds": ["x"]}`:       "1:12: an object is expected",
		`{"id": "x", "id": "y"}`: "1:13: invalid JSON: the key is there twice in one object",
		"{\n  \"id\": \"x\",\n  \"colector\": []}": `3:3: unknown member "colector"; did you mean collector?`,
		`{"zzz": 1}`:            `1:2: unknown member "zzz"; known are id, like, `,
		`{"id": "X y"}`:         "1:8: lower-case letters, digits, - and _ are expected, 60 at most",
		`{"name": 1}`:           "1:10: a text in quotes is expected",
		`{"name": ""}`:          "1:10: the text is empty: leave the member out",
		`{"name": "a\nb"}`:      "1:10: the text has a control character",
		`{"access": "secret"}`:  "1:12: public or restricted is expected",
		`{"interval": "often"}`: `1:14: not a span of time such as "3 days": "often"`,
		`{"interval": "stream", "fresh": "stream"}`:                     `1:33: not a span of time such as "3 days": "stream"`,
		`{"interval": "0 days"}`:                                        "1:14: a second at least is expected",
		`{"collector": "collect-http"}`:                                 "1:15: a list with a command and its flags is expected, such as ",
		`{"collector": [1]}`:                                            "1:16: a text in quotes is expected",
		`{"set": []}`:                                                   `1:9: an object is expected, such as {"name": "text"}`,
		`{"set": {"A b": "x"}}`:                                         "1:10: a name of lower-case letters, digits, - and _ is expected",
		`{"id": "x", "name": "X", "access": "public"}`:                  "1:1: the feed has no provider",
		`{"id": "x", "like": "blocklistde-shh"}`:                        `1:21: unknown feed "blocklistde-shh"; did you mean blocklistde-ssh?`,
		`{"id": "x", "feeds": []}`:                                      "1:2: id belongs into each of the feeds",
		`{"id": "x", "like": "blocklistde-ssh", "set": {"what": "y"}}`:  "1:1: the feed x sets what, and no word has <what>",
		`{"id": "x", "name": "X", "provider": "P", "access": "public"}`: "1:1: the feed x has no collector",
		`{"id": "x", "name": "X", "provider": "P", "access": "public", "collector": ["collect-http", "--http-url", "https://a/<tld>"]}`:       "1:107: <tld> is neither in set nor in ask",
		`{"id": "x", "name": "X", "provider": "P", "access": "public", "collector": ["collect-http"], "ask": {"tld": "which"}}`:               "1:1: the feed x asks for tld, and no word has <tld>",
		`{"provider": "P", "access": "public", "collector": ["collect-http"], "feeds": [{"id": "x", "name": "X"}, {"id": "x", "name": "Y"}]}`: "1:106: the feed x is there twice",
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{"a.json": text, "b.json": `{"id": "fine", "like": "blocklistde-ssh"}`, "c.txt": "no"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c, err := Load([]string{dir, filepath.Join(dir, "none")})
		if err != nil || len(c.Broken) != 1 || c.find("fine") == nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := strings.TrimPrefix(c.Broken[0].Error(), filepath.Join(dir, "a.json")+":"); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// TestOwn: a feed of a user's own wins over the one that is built in, and may begin as
// one that is.
func TestOwn(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.json"), []byte(`{"feeds": [
		{"id": "cymru-cap", "like": "cymru-cap", "set": {"username": "me", "certname": "cert-x"}},
		{"id": "blocklistde-22", "like": "blocklistde-ssh", "name": "Port 22", "set": {"list": "22"}}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load([]string{dir})
	if err != nil || len(c.Broken) > 0 {
		t.Fatal(err, c.Broken)
	}
	found, err := c.Find([]string{"cymru-cap", "blocklistde-22", "cymru-cap", "blocklistde-ssh"})
	if err != nil || len(found) != 3 || found[0].Builtin || !found[2].Builtin {
		t.Fatal(found, err)
	}
	words, parser, err := found[0].Words(Line{})
	if got := strings.Join(words, " "); err != nil || !strings.HasPrefix(got, "collect-http --http-url https://www.cymru.com/cert-x/cert-x_{time[%Y%m%d]}.txt --http-url-formatting true --http-username me --name CAP --provider Team Cymru ") || len(parser) != 1 {
		t.Errorf("%s, %v", got, err)
	}
	if words, _, err = found[1].Words(Line{}); err != nil || words[2] != "https://lists.blocklist.de/lists/22.txt" || words[4] != "Port 22" {
		t.Error(words, err)
	}
	if words, _, err = found[2].Words(Line{}); err != nil || words[2] != "https://lists.blocklist.de/lists/ssh.txt" {
		t.Error(words, err)
	}
	if _, err := c.Find([]string{"blocklistde-shh"}); err == nil || err.Error() != `unknown feed "blocklistde-shh"; did you mean blocklistde-ssh?` {
		t.Error(err)
	}
	if n := len(c.Matching("Team CYMRU")); n != 3 {
		t.Errorf("%d feeds of Team Cymru", n)
	}
}

func TestAsks(t *testing.T) {
	c, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	f := c.find("abusech-urlhaus")
	if _, _, err := f.Words(Line{Values: map[string]string{"by": "tld"}}); err == nil || err.Error() != "abusech-urlhaus: --set what=TEXT is missing: which top-level domain, country or AS: such as at, AT or 64496" {
		t.Error(err)
	}
	if words, _, err := f.Words(Line{Values: map[string]string{"by": "tld", "what": "at"}}); err != nil || words[2] != "https://urlhaus.abuse.ch/feeds/tld/at/" {
		t.Error(words, err)
	}
}

// TestLine: a report may come from elsewhere, and credentials are files.
func TestLine(t *testing.T) {
	c, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		id   string
		line Line
		want string
	}{
		{"phishtank", Line{Secrets: map[string]string{"http-secret": "key"}}, "--http-url https://data.phishtank.com/data/{secret}/online-valid.json.gz --extract-files true --http-secret-file key --name Online"},
		{"phishtank", Line{From: "http://127.0.0.1/a.gz"}, "collect-http --http-url http://127.0.0.1/a.gz --extract-files true --name"},
		{"surbl-malicious-domains", Line{From: "http://127.0.0.1/a"}, "collect-http --http-url http://127.0.0.1/a --name"},
		{"surbl-malicious-domains", Line{From: "a.txt", More: []string{"--source", "x"}}, "collect-file a.txt --name Malicious Domains --provider Surbl --documentation https://surbl.org/ --source x"},
		{"abusech-urlhaus", Line{From: "http://127.0.0.1/a"}, "collect-http --http-url http://127.0.0.1/a --name"},
	} {
		words, _, err := c.find(test.id).Words(test.line)
		if got := strings.Join(words, " "); err != nil || !strings.Contains(got, test.want) {
			t.Errorf("%s: %s, %v", test.id, got, err)
		}
	}
	dir := t.TempDir()
	f := c.find("openphish-premium")
	if files, missing := f.Secrets([]string{dir}, nil); len(files) != 0 || len(missing) != 1 {
		t.Error(files, missing)
	}
	if _, missing := f.Secrets([]string{dir}, []string{"INTELPIPE_HTTP_PASSWORD=x"}); len(missing) != 0 {
		t.Error(missing)
	}
	if err := os.WriteFile(f.SecretFile("http-password", []string{dir}), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if files, missing := f.Secrets([]string{dir}, nil); files["http-password"] != filepath.Join(dir, "openphish-premium.http-password") || len(missing) != 0 {
		t.Error(files, missing)
	}
	if dirs := Dirs([]string{"HOME=/h", "XDG_CONFIG_HOME="}); dirs[1] != "/h/.config/intelpipe/feeds" {
		t.Error(dirs)
	}
}
