package data

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestStreams(t *testing.T) {
	for _, s := range Streams {
		var out bytes.Buffer
		if err := Generate(&out, "stream:"+s.Command, 10_000); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		if n := len(text); n < 10_000 || n > 11_000 {
			t.Errorf("%s: %d bytes", s.Command, n)
		}
		if s.between == array && !json.Valid(out.Bytes()) {
			t.Errorf("%s: not JSON: %.200s", s.Command, text)
		}
		units := strings.Split(strings.TrimSuffix(strings.TrimPrefix(text, s.head), s.foot), s.between)
		if strings.ContainsAny(s.unit, "~^") && units[0] == units[1] {
			t.Errorf("%s: all units are alike: %s", s.Command, units[0])
		}
	}
	if err := Generate(&bytes.Buffer{}, "stream:parse-nothing", 1); err == nil {
		t.Error("no error for a parser that is not there")
	}
}
