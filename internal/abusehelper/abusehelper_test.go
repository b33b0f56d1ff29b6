package abusehelper

import (
	"fmt"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/xmltree"
)

func TestText(t *testing.T) {
	for line, want := range map[string]string{
		`ip=192.0.2.1, ip=192.0.2.2,`:                 "[{ip 192.0.2.1} {ip 192.0.2.2}] ",
		`"a \"key\""="with \\ and \"", b = c`:         `[{a "key" with \ and "} {b c}] `,
		`2026-01-31 10:20:30 ip=192.0.2.1, "a b"="c"`: "[{ip 192.0.2.1} {a b c}] 2026-01-31 10:20:30",
		`a=, b=""`:                  "[{a } {b }] ",
		`a=b c=d`:                   "error",
		`a=b,, c=d`:                 "error",
		`a="b`:                      "error",
		`=b`:                        "error",
		`hello`:                     "error",
		``:                          "error",
		strings.Repeat("a ", 1<<18): "error",
	} {
		pairs, before, err := Text(line)
		got := "error"
		if err == nil {
			got = fmt.Sprint(pairs) + " " + before
		}
		if got != want {
			t.Errorf("%.60s: got %s %v, want %s", line, got, err, want)
		}
	}
}

func TestElements(t *testing.T) {
	for text, want := range map[string]string{
		`<message><body>x</body><event><attr key="ip" value="192.0.2.1"/><attr key="type" value="c&amp;c"/></event></message>`: "[{ip 192.0.2.1} {type c&c}]",
		`<e><k a="aXA="><v a="MTkyLjAuMi4x"/><v a="MTkyLjAuMi4y"/></k></e>`:                                                    "[{ip 192.0.2.1} {ip 192.0.2.2}]",
		`<x><event/><y><e/></y></x>`:            "[][]",
		`<e><k a="aXA"><v a="/w=="/></k></e>`:   "error",
		`<message><body>hello</body></message>`: "",
	} {
		root, err := xmltree.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, n := range Elements(root) {
			if event, err := Element(n); err != nil {
				got += "error"
			} else {
				got += fmt.Sprint(event)
			}
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestTypes(t *testing.T) {
	for _, test := range [][2]string{{Type("C&C"), "c2-server"}, {Type("surprise"), "undetermined"}, {Field("source ip"), "source.ip"}, {Field("uuid"), ""}} {
		if test[0] != test[1] {
			t.Errorf("got %s, want %s", test[0], test[1])
		}
	}
}
