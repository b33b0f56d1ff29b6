package plain

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"plain ä€😀":        "plain ä€😀",
		"a\nb\tc\x1b[31m":  `a\x0ab\x09c\x1b[31m`,
		"\u202egpj.exe":    `\u202egpj.exe`,
		"a\u2028b\u0085":   `a\u2028b\u0085`,
		"M\xfcnchen":       `M\xfcnchen`,
		"\ufeffx \u2066y.": `\ufeffx \u2066y.`,
		"a\u200bb\u00adc":  `a\u200bb\u00adc`,
		"\ue000\U000e0041": `\ue000\U000e0041`,
		"\ufffd\u00a0":     "\ufffd\u00a0",
	} {
		if got := Line(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestClip(t *testing.T) {
	if got := Clip("aäb", 2); got != "a…" {
		t.Errorf("%q", got)
	}
	if got := Clip("aäb", 4); got != "aäb" {
		t.Errorf("%q", got)
	}
	if got := Quote(strings.Repeat("€", 100)); !utf8.ValidString(got) || len(got) > 110 {
		t.Errorf("%q", got)
	}
	if got := Quote("say \"\\\"\n"); got != `"say \"\\\"\x0a"` {
		t.Errorf("%s", got)
	}
}

func TestNearest(t *testing.T) {
	known := slices.Values([]string{"http-url", "http-header", "name", "source.ip", "source.port", "scanner", "phishing", "parse-csv", "parse-json", "columns-required", "columns"})
	for word, want := range map[string]string{
		"url": "http-url", "nmae": "name", "source.ipp": "source.ip", "scaner": "scanner",
		"prase-csv": "parse-csv", "fishing": "phishing", "quite-different": "", "x": "",
		"colu": "columns", "source.adress": "", "source.prot": "source.port", "sorce.ip": "source.ip", "column": "columns", "columns-r": "columns-required",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}
