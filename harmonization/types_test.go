package harmonization

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestTypes is the tables of the data format: what each type takes as it is,
// and what it makes of the rest. A null as wanted value stands for "refused".
func TestTypes(t *testing.T) {
	no := Value{}
	num := func(s string) Value { return numeric(s) }
	for _, c := range []struct {
		typ   string
		in    Value
		valid bool
		want  Value
	}{
		{"String", Text(" a "), true, Text("a")},
		{"String", Text(""), false, no},
		{"String", Text("\u2003\x1c"), true, no},
		{"String", num("1.50"), false, Text("1.5")},
		{"String", Bool(true), false, Text("True")},
		{"String", JSON(`{"a": [null, "x"]}`), false, Text("{'a': [None, 'x']}")},
		{"String", Value{}, false, no},
		{"String", Text("a\xffb"), true, Text("ab")},

		{"LowercaseString", Text("Ärger\t"), false, Text("ärger")},
		{"LowercaseString", Text("ΑΣ"), false, Text("ας")},
		{"LowercaseString", Text("İ"), false, Text("i\u0307")},
		{"LowercaseString", num("5"), false, no},
		{"UppercaseString", Text("straße"), false, Text("STRASSE")},
		{"UppercaseString", Text("AT"), true, Text("AT")},
		{"UppercaseString", Bool(true), false, no},

		{"Base64", Text("YQ=="), true, Text("WVE9PQ==")},
		{"Base64", Text("Y\nQ=="), true, Text("WQpRPT0=")},
		{"Base64", Text("YQ"), false, Text("WVE=")},
		{"Base64", Text("a"), false, Text("YQ==")},
		{"Base64", Text(""), false, no},

		{"ClassificationTaxonomy", Text("Malicious Code "), false, Text("malicious-code")},
		{"ClassificationTaxonomy", Text("fun"), false, no},
		{"ClassificationType", Text("C&C"), false, Text("c2-server")},
		{"ClassificationType", Text("phishing"), true, Text("phishing")},
		{"ClassificationType", num("1"), false, no},
		{"Registry", Text("ripe-ncc"), false, Text("RIPE")},
		{"Registry", Text("IANA"), false, no},
		{"TLP", Text("tlp: amber+strict"), false, Text("AMBER+STRICT")},
		{"TLP", Text("TLPGREEN"), false, Text("GREEN")},
		{"TLP", Text("CLEAR"), true, Text("CLEAR")},
		{"TLP", Text("Tlp:Yellow"), false, Text("AMBER")},
		{"TLP", Text("TLP:PURPLE"), false, no},

		{"Integer", Text(" +1_000 "), false, num("1000")},
		{"Integer", Text("007"), false, num("7")},
		{"Integer", Text("٤٢"), false, num("42")},
		{"Integer", Text("-0"), false, num("0")},
		{"Integer", Text("1__0"), false, no},
		{"Integer", Text("1.0"), false, no},
		{"Integer", Text("0x10"), false, no},
		{"Integer", Text("--1"), false, no},
		{"Integer", Text(strings.Repeat("9", 5000)), false, no},
		{"Integer", num("1.9"), false, num("1")},
		{"Integer", num("-1.9"), false, num("-1")},
		{"Integer", num("1e20"), false, num("100000000000000000000")},
		{"Integer", num("1e999"), false, no},
		{"Integer", num("340282366920938463463374607431768211455"), true, num("340282366920938463463374607431768211455")},
		{"Integer", Bool(true), false, num("1")},
		{"ASN", Text("as64496"), false, num("64496")},
		{"ASN", Text(" AS64496"), false, no},
		{"ASN", num("4294967295"), true, num("4294967295")},
		{"ASN", num("4294967296"), false, no},
		{"ASN", num("0"), false, no},
		{"ASN", num("-1"), false, no},
		{"Float", Text("1e3"), false, num("1000.0")},
		{"Float", Text(" -31.e-2"), false, num("-0.31")},
		{"Float", Text("nan"), false, no},
		{"Float", Text("-Infinity"), false, no},
		{"Float", Text("0x1p3"), false, no},
		{"Float", num("1E400"), false, no},
		{"Float", num("5"), true, num("5.0")},
		{"Float", num("1.50"), true, num("1.5")},
		{"Accuracy", Text("100"), false, num("100.0")},
		{"Accuracy", num("100.5"), false, no},
		{"Accuracy", num("-0.1"), false, no},
		{"Accuracy", Bool(true), true, num("100.0")},
		{"Boolean", Text(" TRUE "), false, Bool(true)},
		{"Boolean", num("0"), false, Bool(false)},
		{"Boolean", num("1.0"), false, no},
		{"Boolean", Text("1"), false, no},
		{"Boolean", Text("yes"), false, no},

		{"IPAddress", Text("192.0.2.1 "), false, Text("192.0.2.1")},
		{"IPAddress", Text("192.0.2.1/32"), false, Text("192.0.2.1")},
		{"IPAddress", Text("192.0.2.1%eth0"), false, Text("192.0.2.1")},
		{"IPAddress", Text("fe80::1%eth0"), false, Text("fe80::1")},
		{"IPAddress", num("3221225985"), false, Text("192.0.2.1")},
		{"IPAddress", Text("3221225985"), false, Text("192.0.2.1")},
		{"IPAddress", num("8589934592"), false, Text("::2:0:0")},
		{"IPAddress", Text("2001:DB8:0:0:0:0:0:1"), true, Text("2001:db8::1")},
		{"IPAddress", Text("::ffff:192.0.2.4"), true, Text("::ffff:c000:204")},
		{"IPAddress", Text("0.0.0.0"), false, no},
		{"IPAddress", num("0"), false, no},
		{"IPAddress", num("-1"), false, no},
		{"IPAddress", num("-0"), false, no},
		{"IPAddress", Text("192.0.2.0/24"), false, no},
		{"IPAddress", Text("192.0.2"), false, no},
		{"IPAddress", Text("192.00.2.1"), false, no},
		{"IPNetwork", Text("192.0.2.4/24"), false, Text("192.0.2.0/24")},
		{"IPNetwork", Text("192.0.2.0/255.255.255.0"), true, Text("192.0.2.0/24")},
		{"IPNetwork", Text("192.0.2.0/0.0.0.255"), true, Text("192.0.2.0/24")},
		{"IPNetwork", Text("2001:DB8::"), true, Text("2001:db8::/128")},
		{"IPNetwork", Text("10/8"), false, no},
		{"IPNetwork", Text("192.0.2.0/33"), false, no},
		{"IPNetwork", num("1"), false, no},
		{"FQDN", Text(".Example.COM."), false, Text("example.com")},
		{"FQDN", Text("münchen.example"), false, Text("xn--mnchen-3ya.example")},
		{"FQDN", Text("STRAßE.example"), false, Text("strasse.example")},
		{"FQDN", Text("例え。example"), false, Text("xn--r8jz45g.example")},
		{"FQDN", Text("*.a_b.example"), true, Text("*.a_b.example")},
		{"FQDN", Text("localhost"), true, Text("localhost")},
		{"FQDN", Text("192.0.2.1"), false, no},
		{"FQDN", Text("192.0.2.1:8080"), false, no},
		{"FQDN", Text("2001:db8::1"), false, no},
		{"FQDN", Text("http://a.example"), false, no},
		{"FQDN", Text("a..example"), false, no},
		{"FQDN", Text(strings.Repeat("a", 64) + ".example"), false, no},
		{"FQDN", Text("אa.example"), false, no},
		{"FQDN", Text("."), false, no},
		{"URL", Text(" hxxps://example.org/?u=hxxp://x"), false, Text("https://example.org/?u=http://x")},
		{"URL", Text("HXXP://example.org"), true, Text("HXXP://example.org")},
		{"URL", Text("file:///etc/hosts"), false, Text("file://localhost/etc/hosts")},
		{"URL", Text("//example.org"), true, Text("//example.org")},
		{"URL", Text("http://[2001:db8::1]/"), true, Text("http://[2001:db8::1]/")},
		{"URL", Text("http://[::1"), false, no},
		{"URL", Text("http:///x"), false, no},
		{"URL", Text("mailto:a@example.org"), false, no},
		{"URL", Text("example.org"), false, no},

		{"JSON", Text("abc"), false, Text(`"abc"`)},
		{"JSON", Text("ü"), false, Text(`"\u00fc"`)},
		{"JSON", num("5"), false, Text("5")},
		{"JSON", JSON(`{"b": 1.50, "a": ["😀", null]}`), false, Text(`{"a": ["\ud83d\ude00", null], "b": 1.5}`)},
		{"JSON", Text(` {"a":1} `), true, Text(`{"a":1}`)},
		{"JSON", Text("  "), false, no},
		{"JSONDict", JSON(`{"b": 1, "a": {}}`), false, Text(`{"a": {}, "b": 1}`)},
		{"JSONDict", Text(`{"b":1}`), true, Text(`{"b":1}`)},
		{"JSONDict", JSON(`{}`), false, no},
		{"JSONDict", Text(` { } `), false, no},
		{"JSONDict", JSON(`[1]`), false, no},
		{"JSONDict", Text("x"), false, no},

		{"DateTime", Text("2020-02-29T00:00:00+00:00"), true, Text("2020-02-29T00:00:00+00:00")},
		{"DateTime", Text("2020-02-29T00:00:00.5+00:00"), true, Text("2020-02-29T00:00:00.5+00:00")},
		{"DateTime", Text("2019-02-29T00:00:00+00:00"), false, no},
		{"DateTime", Text("2020-01-01T00:00:00Z"), false, Text("2020-01-01T00:00:00+00:00")},
		{"DateTime", Text("2020-01-01T00:00:00.1234567+00:00"), false, Text("2020-01-01T00:00:00.123456+00:00")},
		{"DateTime", num("20200102"), false, Text("2020-01-02T00:00:00+00:00")},
		{"DateTime", num("1577836800"), false, no},
		{"DateTime", Bool(true), false, no},
	} {
		typ, ok := Type(c.typ)
		if !ok {
			t.Fatalf("no type %s", c.typ)
		}
		if err := typ.Valid(c.in); (err == nil) != c.valid {
			t.Errorf("%s: Valid(%v) = %v, want %v", c.typ, c.in, err, c.valid)
		}
		got, err := typ.Sanitise(c.in)
		if got != c.want || (err == nil) != (c.want != no) {
			t.Errorf("%s: Sanitise(%v) = %v, %v, want %v", c.typ, c.in, got, err, c.want)
		}
	}
	if _, ok := Type("Nonsense"); ok {
		t.Error("Type knows Nonsense")
	}
}

func TestErrorText(t *testing.T) {
	for _, c := range []struct {
		typ, in, want string
	}{
		{"IPAddress", "x\n", `not a valid IPAddress: "x\x0a"`},
		{"IPAddress", "\u202e1", `not a valid IPAddress: "\u202e1"`},
		{"DateTime", "2023-03-06 23:41 Mars/Phobos", `not a valid DateTime: "2023-03-06 23:41 Mars/Phobos"; "Mars/Phobos" is no time zone that is known`},
		{"DateTime", "soon", `not a valid DateTime: "soon"`},
		{"DateTime", "10:00", `not a valid DateTime: "10:00"; year, month and day are needed`},
		{"ClassificationType", "scaner", `not a valid ClassificationType: "scaner"; did you mean scanner?`},
		{"ClassificationType", "Fishing", `not a valid ClassificationType: "Fishing"; did you mean phishing?`},
		{"ClassificationType", "nonsense", `not a valid ClassificationType: "nonsense"`},
		{"ClassificationTaxonomy", "intrusion", `not a valid ClassificationTaxonomy: "intrusion"; did you mean intrusions?`},
		{"TLP", "PURPLE", `not a valid TLP: "PURPLE"; known are CLEAR, WHITE, GREEN, AMBER, AMBER+STRICT and RED`},
		{"Registry", "IANA", `not a valid Registry: "IANA"; known are AFRINIC, APNIC, ARIN, LACNIC and RIPE`},
		{"JSONDict", "{\"a\": 1,\n2}", `not a valid JSONDict: "{\"a\": 1,\x0a2}"; invalid JSON at line 2, column 1: `},
		{"Registry", "ripee", `not a valid Registry: "ripee"; did you mean RIPE?`},
		{"JSONDict", "[]", `not a valid JSONDict: "[]"; an object with a member is expected, as {"name": 1}`},
		{"FQDN", "192.0.2.1", `not a valid FQDN: "192.0.2.1"; it is an address`},
	} {
		typ, _ := Type(c.typ)
		_, err := typ.Sanitise(Text(c.in))
		if err == nil || err.Error() != c.want && !(strings.HasSuffix(c.want, ": ") && strings.HasPrefix(err.Error(), c.want)) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	typ, _ := Type("IPAddress")
	if err := typ.Valid(Text(strings.Repeat("ü", 1000))); len(err.Error()) > 150 || !utf8.ValidString(err.Error()) {
		t.Errorf("an error of %d bytes: %v", len(err.Error()), err)
	}
	f, _ := Default().Field(Event, "source.geolocation.cc")
	if _, err := f.Sanitise(Text("aut")); err.Error() != `not a valid UppercaseString, longer than 2 characters: "AUT"` {
		t.Error(err)
	}
}

// FuzzTypes holds the promises of Sanitise for all types: its result is valid,
// and is its own canonical form.
func FuzzTypes(f *testing.F) {
	for _, c := range canonical {
		f.Add(uint8(c.value.Kind), c.value.Text)
	}
	f.Add(uint8(String), " İΣ.example/ü\u00a0\x1c")
	f.Add(uint8(String), "hxhxxp://xp://[v1.a]")
	f.Add(uint8(Compound), `{"a": [1e3, "\ud800"], "a": {}}`)
	f.Fuzz(func(t *testing.T, kind uint8, text string) {
		v := Text(text)
		if Kind(kind) != String {
			v = JSON(text)
		}
		v.AppendRepr(nil)
		for i := range types {
			typ := &types[i]
			_ = typ.Valid(v)
			got, err := typ.Sanitise(v)
			if err != nil {
				_ = err.Error()
				continue
			}
			if err := typ.Valid(got); err != nil {
				t.Fatalf("%s: Sanitise(%q) = %q: %v", typ.Name, v, got, err)
			}
			if typ.Name == "Base64" {
				continue
			}
			if again, err := typ.Sanitise(got); err != nil || again != got {
				t.Fatalf("%s: Sanitise(%q) = %q, and then %q, %v", typ.Name, v, got, again, err)
			}
		}
	})
}
