package checkpoint

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]ID{
		"S:17:n":                       {"S", 17, "n"},
		"a:b:18446744073709551615:":    {"a:b", 1<<64 - 1, ""},
		"collect-spool-0f:0:QWERTZ-12": {"collect-spool-0f", 0, "QWERTZ-12"},
	} {
		got, err := Parse(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "S", "S:1", ":1:n", "S::n", "S:-1:n", "S:x:n", "S:18446744073709551616:n", strings.Repeat("S", maxLength) + ":1:n"} {
		if got, err := Parse(text); err == nil {
			t.Errorf("%.40s: got %+v", text, got)
		}
	}
}
