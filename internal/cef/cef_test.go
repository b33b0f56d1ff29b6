package cef

import (
	"fmt"
	"strings"
	"testing"
)

func TestExtension(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "[]",
		"src=192.0.2.1":                 "[{src 192.0.2.1}]",
		"a=b c  d=e\tf=g":               "[{a b c} {d e} {f g}]",
		`a=b\=c d\\ e=f\|g\nh\ri\x`:     "[{a b=c d\\} {e f|g\nh\ri\\x}]",
		"a=b=c d=e":                     "[{a b=c} {d e}]",
		"a=http://example.org/?b=c d=e": "[{a http://example.org/?b=c} {d e}]",
		"a=see http://example.org/?b=c": "[{a see http://example.org/?b=c}]",
		"a= b=c":                        "[{a } {b c}]",
		"a = b":                         "error",
		"a.b[0]=c d-e_f=g":              "[{a.b[0] c} {d-e_f g}]",
		"ab":                            "error",
		"a b=c":                         "error",
		"=b":                            "error",
		`a\=b`:                          "error",
		"sourceAddress=192.0.2.1 deviceReceiptTime=1":                             "[{src 192.0.2.1} {rt 1}]",
		"c6a2=2001:db8::1 c6a2Label=Source IPv6 Address c6a3=::1 c6a3Label=other": "[{src 2001:db8::1} {c6a2Label } {c6a3 ::1} {c6a3Label other}]",
		strings.Repeat("a=b ", maxPairs+1):                                        "error",
		strings.Repeat("=", 1<<20):                                                "error",
	} {
		e, err := Parse("CEF:0|v|p|1|s|n|5|" + text)
		got := "error"
		if err == nil {
			got = fmt.Sprint(e.Extension)
		}
		if got != want {
			t.Errorf("%.80q: got %q %v, want %q", text, got, err, want)
		}
	}
}

func TestHeader(t *testing.T) {
	for line, want := range map[string]string{
		`<13>Jan 31 10:20:30 CEF:x CEF: 0| v \| w|p\\|1|s\=|n|Low|a=b`: `{<13>Jan 31 10:20:30 CEF:x  v | w p\ 1 s\= n Low [{a b}]}`,
		"CEF:1|v|p|||n|5":   "{ v p   n 5 []}",
		"CEF:0|v|p|1|s|n":   "error",
		"CEF:0|v|p|1|s|n|":  "error",
		"CEF:|v|p|1|s|n|5|": "error",
		"CEF:":              "error",
		"":                  "error",
	} {
		e, err := Parse(line)
		got := "error"
		if err == nil {
			got = fmt.Sprint(*e)
		}
		if got != want {
			t.Errorf("%s: got %s %v, want %s", line, got, err, want)
		}
	}
}

// TestLong: what takes a line apart does so in one go.
func TestLong(t *testing.T) {
	for _, text := range []string{"a=1 " + strings.Repeat("b/=", 1<<20), "a=" + strings.Repeat("b=", 1<<20), strings.Repeat(`\`, 1<<20), "a=1 " + strings.Repeat("b", 1<<20) + "="} {
		Parse("CEF:0|v|p|1|s|n|5|" + text)
	}
}
