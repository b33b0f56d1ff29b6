package urlsplit

import (
	"bufio"
	"encoding/json"
	"os"
	"reflect"
	"testing"
)

// TestPython compares with what Python does, see testdata/generate.py.
func TestPython(t *testing.T) {
	f, err := os.Open("testdata/split.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := 0
	for in := bufio.NewScanner(f); in.Scan(); lines++ {
		var row [2]any
		if err := json.Unmarshal(in.Bytes(), &row); err != nil {
			t.Fatal(err)
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
	}
	if lines < 40 {
		t.Errorf("only %d lines in the table", lines)
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
		u.Addr()
	})
}

// TestAddresses has the forms of IPv4 that clients understand.
func TestAddresses(t *testing.T) {
	for host, want := range map[string]string{
		"3221225985": "192.0.2.1", "0300.0.2.1": "192.0.2.1", "0xc0000201": "192.0.2.1", "0xc0.0.2.1": "192.0.2.1", "192.513": "192.0.2.1",
		"192.0.513": "192.0.2.1", "192.0.2.1.": "192.0.2.1", "0": "0.0.0.0", "0x": "0.0.0.0", "00": "0.0.0.0", "4294967295": "255.255.255.255",
		"4294967296": "", "256.1.1.1": "", "1.2.3.4.5": "", "08": "", "0xg": "", "1..2": "", ".": "", "": "", "1.2.3.a": "", "+1": "", "1.2.3.256": "",
		"192.0.2.1": "192.0.2.1", "[2001:db8::1]": "2001:db8::1", "[2001:db8::1]:80": "2001:db8::1", "[fe80::1%25eth0]": "fe80::1",
		"2001:db8::1": "", "2001:db8::1:80": "", "www.example.org": "", "user@0xc0000201:80": "192.0.2.1", "192.0.2.1:80": "192.0.2.1",
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
