package value

import (
	"testing"

	"github.com/intelpipe/intelpipe/internal/python/golden"
)

// TestPython compares with what Python does, see testdata/generate.py.
func TestPython(t *testing.T) {
	for _, row := range golden.Read[[4]string](t, "value.jsonl") {
		v := JSON(row[0])
		if got := v.Python(); got != row[1] {
			t.Errorf("str of %s: %s, want %s", row[0], got, row[1])
		}
		if got := string(v.AppendRepr(nil)); got != row[2] {
			t.Errorf("repr of %s: %s, want %s", row[0], got, row[2])
		}
		if got := v.Dumps(); got != row[3] {
			t.Errorf("dumps of %s: %s, want %s", row[0], got, row[3])
		}
	}
}

func TestValue(t *testing.T) {
	for _, c := range []struct{ json, str, repr string }{
		{`"it's"`, "it's", `"it's"`},
		{`"it's \"both\""`, `it's "both"`, `'it\'s "both"'`},
		{`"ü €😀\u00a0\u200b\u0007\n\\"`, "ü €😀\u00a0\u200b\a\n\\", `'ü €😀\xa0\u200b\x07\n\\'`},
		{`[1, "a", null, true, 1.5]`, `[1, 'a', None, True, 1.5]`, `[1, 'a', None, True, 1.5]`},
		{`{"k":"v","n":{"z":[]}, "k": 2}`, `{'k': 2, 'n': {'z': []}}`, `{'k': 2, 'n': {'z': []}}`},
		{`1e22`, "1e+22", "1e+22"}, {`0.0000001`, "1e-07", "1e-07"}, {`1e15`, "1000000000000000.0", "1000000000000000.0"},
		{`1e16`, "1e+16", "1e+16"}, {`123456789.1230`, "123456789.123", "123456789.123"}, {`-0`, "0", "0"}, {`-0.0`, "-0.0", "-0.0"},
		{`99999999999999999999`, "99999999999999999999", "99999999999999999999"}, {`0.0001`, "0.0001", "0.0001"},
		{`true`, "True", "True"}, {`null`, "None", "None"},
	} {
		v := JSON(c.json)
		if got := v.Python(); got != c.str {
			t.Errorf("Python(%s) = %s, want %s", c.json, got, c.str)
		}
		if got := string(v.AppendRepr(nil)); got != c.repr {
			t.Errorf("repr(%s) = %s, want %s", c.json, got, c.repr)
		}
	}
	for text, want := range map[string]bool{`null`: true, `""`: true, `"-"`: true, `"N/A"`: true, `" "`: false, `0`: false, `{}`: false, `"n/a"`: false} {
		if got := JSON(text).Empty(); got != want {
			t.Errorf("Empty(%s) = %v", text, got)
		}
	}
	if got := string(JSON(`"<ü>\u0001"`).AppendJSON([]byte("x"))); got != `x"<ü>\u0001"` {
		t.Errorf("AppendJSON = %s", got)
	}
	if JSON("{") != (Value{}) || Float(1).Text != "1.0" {
		t.Error("JSON of bad text or Float of an integer")
	}
}

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{`"80"`, `80`, false}, {`80`, `80`, true}, {`1`, `true`, true}, {`0.0`, `false`, true}, {`100`, `100.0`, true},
		{`1e2`, `100`, true}, {`9007199254740993`, `9007199254740992.0`, false}, {`2`, `true`, false}, {`"a"`, `"a"`, true},
		{`{"a":1,"b":[2]}`, `{"b": [2], "a": 1}`, true}, {`[1,2]`, `[2,1]`, false}, {`null`, `0`, false}, {`"true"`, `true`, false},
		{`1e999`, `1e999`, true}, {`1e-400`, `0`, false},
	} {
		if got := JSON(c.a).Equal(JSON(c.b)); got != c.want {
			t.Errorf("%s == %s: got %v", c.a, c.b, got)
		}
	}
}

func BenchmarkRepr(b *testing.B) {
	b.ReportAllocs()
	v, dst := Text("https://www.example.org/path/to/page?id=1"), make([]byte, 0, 128)
	for b.Loop() {
		dst = v.AppendRepr(dst[:0])
	}
}

// TestDumpsInOrder keeps the order of members, which Dumps sorts.
func TestDumpsInOrder(t *testing.T) {
	v := JSON(`{"b":[1.50,{"d":null,"c":"ä"}],"a":true,"b":[{"y":1,"x":2}]}`)
	if got, want := v.DumpsInOrder(), `{"b": [{"y": 1, "x": 2}], "a": true}`; got != want {
		t.Errorf("%s, expected is %s", got, want)
	}
	if got, want := v.Dumps(), `{"a": true, "b": [{"x": 2, "y": 1}]}`; got != want {
		t.Errorf("%s, expected is %s", got, want)
	}
	for text, want := range map[string]string{`"ä"`: `"\u00e4"`, `1e2`: `100.0`, `[ 1,"b" ]`: `[1, "b"]`, `null`: `null`} {
		if got := JSON(text).DumpsInOrder(); got != want {
			t.Errorf("%s: %s, expected is %s", text, got, want)
		}
	}
}
