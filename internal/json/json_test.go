package json

import (
	stdjson "encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestValid(t *testing.T) {
	for s, want := range map[string]bool{
		`{}`: true, ` [1, -2.5e+3, "a\u00e4\n", {"k": null}] `: true, `"é"`: true, `0`: true,
		``: false, `{`: false, `01`: false, `1.`: false, `.5`: false, `+1`: false, `1e`: false, `-`: false,
		`"a`: false, "\"a\nb\"": false, `"\x"`: false, `"\u12g4"`: false, `[1,]`: false, `{"a":1,}`: false,
		`{a:1}`: false, `NaN`: false, `tru`: false, `1 2`: false, `"\`: false, `[1 2]`: false,
	} {
		if got := ValidString(s); got != want {
			t.Errorf("ValidString(%q) = %v, want %v", s, got, want)
		}
	}
	deep := strings.Repeat("[", MaxDepth+2) + strings.Repeat("]", MaxDepth+2)
	if ValidString(deep) {
		t.Error("nesting without limit is accepted")
	}
}

func TestMarshal(t *testing.T) {
	b, err := Marshal(map[string]any{"b": "<ü&>", "a": Number("1.50"), "c": []any{nil, true}})
	if want := `{"a":1.50,"b":"<ü&>","c":[null,true]}`; err != nil || string(b) != want {
		t.Errorf("Marshal = %s, %v, want %s", b, err, want)
	}
}

func TestUnmarshal(t *testing.T) {
	var v map[string]any
	if err := Unmarshal([]byte(`{"n": 12345678901234567890, "f": 1.50}`), &v); err != nil {
		t.Fatal(err)
	}
	if v["n"] != Number("12345678901234567890") || v["f"] != Number("1.50") {
		t.Errorf("numbers lost their text: %#v", v)
	}
	if err := Unmarshal([]byte(`{"a": 1} x`), &v); err == nil {
		t.Error("trailing text is accepted")
	}
}

func TestUnquote(t *testing.T) {
	for in, want := range map[string]string{
		`"plain"`: "plain", `""`: "", `"a\"b\\\/\b\f\n\r\t"`: "a\"b\\/\b\f\n\r\t", `"\u00fc\ud83d\ude00"`: "ü😀",
		`"\ud800x"`: "\uFFFDx", `"\ud800\u0041"`: "\uFFFDA", `"ü"`: "ü",
	} {
		if got, ok := Unquote(in); !ok || got != want {
			t.Errorf("Unquote(%s) = %q, %v, want %q", in, got, ok, want)
		}
	}
	for _, in := range []string{``, `"`, `"a`, `a"`, `"\"`, `"\x"`, "\"\n\"", `"a"b"`, `"\u12"`, `"ü"b"`} {
		if got, ok := Unquote(in); ok {
			t.Errorf("Unquote(%s) = %q, want failure", in, got)
		}
	}
}

func FuzzString(f *testing.F) {
	f.Add("plain")
	f.Add("\x00\x1f\"\\ü😀\xff\u2028")
	f.Fuzz(func(t *testing.T, s string) {
		q := string(AppendString(nil, s))
		var std string
		if err := stdjson.Unmarshal([]byte(q), &std); err != nil {
			t.Fatalf("AppendString(%q) = %s: %v", s, q, err)
		}
		got, ok := Unquote(q)
		if !ok || got != std || utf8.ValidString(s) && got != s {
			t.Fatalf("Unquote(AppendString(%q)) = %q, encoding/json says %q", s, got, std)
		}
	})
}

func FuzzValid(f *testing.F) {
	f.Add(`{"a": [1, "x", null, true, 1.5e-3]}`)
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := ValidString(s), stdjson.Valid([]byte(s)); got != want && strings.Count(s, "[")+strings.Count(s, "{") < MaxDepth {
			t.Fatalf("ValidString(%q) = %v, encoding/json says %v", s, got, want)
		}
	})
}

func BenchmarkAppendString(b *testing.B) {
	b.ReportAllocs()
	dst := make([]byte, 0, 256)
	for b.Loop() {
		dst = AppendString(dst[:0], "http://www.example.com/a/path/that/is/plain?x=1")
	}
}
