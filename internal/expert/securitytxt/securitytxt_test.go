package securitytxt

import "testing"

func TestHost(t *testing.T) {
	for text, want := range map[string]string{
		"WWW.example.org": "www.example.org", "192.0.2.1": "192.0.2.1", "2001:DB8::1": "[2001:db8::1]", "fe80::1%eth0": "[fe80::1]",
		"https://user:secret@example.org:8443/a?b#c": "example.org:8443", "//example.org": "example.org", "example.org/a//b": "example.org",
		"http://[2001:db8::1]:80/": "[2001:db8::1]:80", "example.org?x": "example.org", "": "", "http://": "", ":80": "", "a b": "", "x\x7f": "", "[::": "",
	} {
		if got := host(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestMail(t *testing.T) {
	for text, want := range map[string]string{
		"a@example.org": "a@example.org", "mailto:a@example.org": "a@example.org", "MailTo:a%40example.org?subject=b": "a@example.org",
		"mailto:%zz@example.org": "", "mailto:a@example.org,b@example.org": "", "https://example.org/@a": "", "tel:+1": "", "openpgp4fpr:a@b": "",
		"A <a@example.org>": "", "a\u202e@example.org": "", "": "", "mailto:": "",
	} {
		if got := mail(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
