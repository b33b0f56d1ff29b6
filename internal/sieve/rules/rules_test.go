package rules

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
)

// compiled compiles rules. What they warn of is not looked at.
func compiled(t testing.TB, text string) *Rules {
	t.Helper()
	r, err := Compile("rules", text, harmonization.Default())
	if err != nil {
		t.Fatal(err)
	}
	r.Use(func() time.Time { return time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC) }, func(string, ...any) {})
	return r
}

func decoded(t testing.TB, line string) *event.Message {
	t.Helper()
	m := event.New(event.Event, nil)
	if err := m.Decode([]byte(line)); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return m
}

// every has every operator and every kind of value, and each action in a branch that is
// never carried out.
const every = `
$text = extra.text
$number = source.port
if comment == 'a' || comment != "b" || source.port == 80 || source.port != 2.5 || extra.x == true || extra.x != false {}
if comment :contains 'a' || comment =~ '^a' || comment !~ 'b$' || extra =~ 'a' || extra.x :contains 'a' {}
if comment :in ['a', 'b'] || source.port :in [80, 443, 1.5] || comment :containsany ['a', 'b'] || comment :regexin ['^a', 'b$'] {}
if source.ip << '192.0.2.0/24' || source.ip << ['2001:db8::/32', '198.51.100.1'] || comment << '0.0.0.0/0' {}
if source.port < 80 || source.port <= 80 || extra.x > 1 || extra.x >= 1e2 {}
if time.source :before '2026-01-01' || time.source :after '3 days' {}
if :exists comment && :notexists status && ! (:exists extra) {}
if extra.x :equals [1, 'a', true] || extra.x :setequals [] || extra.x :overlaps ['a'] || extra.x :subsetof [1] || extra.x :supersetof [1.0] {}
if comment == $text || comment :contains $text || comment :in [$text] || source.port <= $number || source.port :in [$number, 5] || extra.x :overlaps [$text, $number] {}
if :exists comment && :notexists comment {
	add comment = 'never' add! source.port = 1 update extra.x = true add! time.source += '1 hour'
	append extra.x 'a' append! extra.x 1 remove extra path ['a', 'b'] $text = comment drop
} elif comment == 'a' && comment != 'a' { keep } else {}
`

// event makes an event out of values that rules look at, with odd ones among them.
func anEvent(random *rand.Rand) string {
	values := map[string][]string{
		"comment":       {`"a"`, `"b"`, `""`, `"\u0061\"\\ä"`, `"192.0.2.1"`},
		"source.ip":     {`"192.0.2.1"`, `"2001:db8::1"`, `"2001:DB8::1"`, `"x"`, `5`},
		"source.port":   {`80`, `443.0`, `1e2`, `-0`, `"80"`, `99999999999999999999999`},
		"time.source":   {`"2026-01-01T00:00:00+00:00"`, `"2026-01-01 00:00"`, `"x"`},
		"status":        {`"online"`},
		"extra.x":       {`true`, `null`, `[ 1,"a" , true ]`, `{"a" : [ ] , "a":1.50}`, `[]`, `"a"`, `1.50`, `[[[]]]`},
		"extra.text":    {`"a"`, `""`, `"ü"`},
		"extra.deep.er": {`{"k":"\ud83d\ude00"}`, `1E5`},
		"__type":        {`"Event"`},
		"unknown":       {`[1]`},
	}
	keys := []string{"__type", "comment", "source.ip", "source.port", "time.source", "status", "extra.x", "extra.text", "extra.deep.er", "unknown"}
	random.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	blank := func() string { return strings.Repeat(" ", random.IntN(2)) }
	var members []string
	for _, key := range keys[:random.IntN(len(keys)+1)] {
		of := values[key]
		members = append(members, fmt.Sprintf(`%s"%s"%s:%s%s`, blank(), key, blank(), blank(), of[random.IntN(len(of))]))
	}
	return "{" + strings.Join(members, blank()+",") + blank() + "}"
}

// TestUntouched passes an event that no rule changes byte for byte, whatever the rules
// look at.
func TestUntouched(t *testing.T) {
	r := compiled(t, every)
	random := rand.New(rand.NewPCG(1, 2))
	passed := 0
	for range 20_000 {
		line := anEvent(random)
		m := decoded(t, line)
		end, paths, err := r.Apply(m)
		if err != nil {
			continue // a variable without a field, or a number where a text has to be
		}
		passed++
		if got := string(m.Append(nil)); got != line || end != Keep || paths != nil {
			t.Fatalf("%s became %s, %v, %v", line, got, end, paths)
		}
	}
	if passed < 1000 {
		t.Errorf("only %d events passed, so that little was tested", passed)
	}
}

// TestChanged changes one field and leaves all others as they are, byte for byte and in
// their order.
func TestChanged(t *testing.T) {
	r := compiled(t, "add! extra.new = 'x' update status = 'offline' remove unknown")
	random := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		line := anEvent(random)
		m, before := decoded(t, line), decoded(t, line)
		if _, _, err := r.Apply(m); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		var want, got []string
		for key, text := range before.All() {
			switch key {
			case "unknown", "extra.new":
			case "status":
				want = append(want, `status:"offline"`)
			default:
				want = append(want, key+":"+string(text))
			}
		}
		want = append(want, `extra.new:"x"`)
		for key, text := range decoded(t, string(m.Append(nil))).All() {
			got = append(got, key+":"+string(text))
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("%s became %s", line, m)
		}
	}
}

// TestOrder looks for conditions whose order has changed what they say: each is tried in
// the order that it is written in, as nested ifs.
func TestOrder(t *testing.T) {
	conditions := []string{
		"comment =~ 'a'", "comment == 'a'", "source.port == 80", "source.ip << '192.0.2.0/24'", "comment << '192.0.2.0/24'",
		"extra.x :regexin ['a']", "extra.x :containsany ['a']", "time.source :before '2026-06-01'", "! extra.text :contains 'a'", "extra.x :overlaps [1]",
	}
	random := rand.New(rand.NewPCG(5, 6))
	holding := 0
	for range 300 {
		random.Shuffle(len(conditions), func(i, j int) { conditions[i], conditions[j] = conditions[j], conditions[i] })
		some := conditions[:2+random.IntN(3)]
		joined := compiled(t, "if "+strings.Join(some, " && ")+" { drop }")
		nested := compiled(t, "if "+strings.Join(some, " { if ")+" { drop "+strings.Repeat("}", len(some)))
		any := compiled(t, "if "+strings.Join(some, " || ")+" { drop }")
		chain := compiled(t, "if "+strings.Join(some, " { drop } elif ")+" { drop }")
		for range 50 {
			line := anEvent(random)
			for _, pair := range [][2]*Rules{{joined, nested}, {any, chain}} {
				end, _, err := pair[0].Apply(decoded(t, line))
				wanted, _, failed := pair[1].Apply(decoded(t, line))
				if end != wanted || (err == nil) != (failed == nil) {
					t.Fatalf("%v of %s: %v, %v; expected is %v, %v", some, line, end, err, wanted, failed)
				}
				if end == Drop {
					holding++
				}
			}
		}
	}
	if holding < 100 {
		t.Errorf("conditions were true only %d times, so that little was tested", holding)
	}
}

// TestIndex applies random rules with an index, and the same ones one by one: each stands
// in an if of which nothing is known before it is tried.
func TestIndex(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	var expression func(depth int) string
	expression = func(depth int) string {
		if depth == 0 || random.IntN(3) == 0 {
			return pick("", "", "", "! ") + pick(
				"comment == 'a'", "comment == 'b'", "comment != 'a'", "comment :in ['a', '192.0.2.1']", "comment =~ '^a'", "comment << '192.0.2.0/24'",
				"source.port == 80", "source.port :in [443, 100]", "source.port < 100", "source.ip << '192.0.2.0/24'", "source.ip << ['2001:db8::/32', '192.0.2.1']",
				"source.ip << '0.0.0.0/0'", "source.ip == '192.0.2.1'", "extra.x :regexin ['a']", "extra.x == true", "extra.x == 1.5", ":exists status", "extra == 'a'",
				"time.source :before '2026-06-01'")
		}
		text := expression(depth-1) + pick(" && ", " || ") + expression(depth-1)
		return pick("", "! ") + "(" + text + ")"
	}
	for range 60 {
		var indexed, single strings.Builder
		for i := range 3 * worthwhile {
			rule := fmt.Sprintf("if %s { %s append extra.log %d }", expression(random.IntN(3)), pick(
				"", "", "add! comment = 'a'", "add! comment = 'c'", "remove comment", "add! source.port = 443", "add! source.ip = '2001:db8::2'",
				"update extra.x = 1.5", "remove extra.x", "path 'p'", "if comment == 'z' { drop }"), i)
			if random.IntN(4) == 0 {
				rule += fmt.Sprintf(" elif %s { append extra.elif %d }", expression(1), i)
			}
			if random.IntN(8) == 0 {
				rule += fmt.Sprintf(" else { append extra.else %d }", i)
			}
			if random.IntN(20) == 0 {
				rule += pick(" add! comment = 'b'", " if source.port == 7 { keep }")
			}
			indexed.WriteString(rule + "\n")
			fmt.Fprintf(&single, "if :exists source.fqdn || :notexists source.fqdn { %s }\n", rule)
		}
		with, without := compiled(t, indexed.String()), compiled(t, single.String())
		warned := 0
		with.Use(time.Now, func(string, ...any) { warned++ })
		without.Use(time.Now, func(string, ...any) { warned-- })
		for range 100 {
			line := anEvent(random)
			got, want := decoded(t, line), decoded(t, line)
			end, paths, err := with.Apply(got)
			wantEnd, wantPaths, failed := without.Apply(want)
			if (err == nil) != (failed == nil) || warned != 0 {
				t.Fatalf("%s%s: %v; expected is %v; %d warnings more", indexed.String(), line, err, failed, warned)
			}
			if err == nil && (end != wantEnd || len(paths) != len(wantPaths) || got.String() != want.String()) {
				t.Fatalf("%s%s\n became %s, %v, %v\nexpected %s, %v, %v", indexed.String(), line, got, end, paths, want, wantEnd, wantPaths)
			}
		}
	}
}

// TestKeptValues checks that what is kept of a value does not outlive a change of the
// field, nor the event.
func TestKeptValues(t *testing.T) {
	r := compiled(t, `
		if comment =~ '^a' { add! extra.first = true }
		if source.ip << '192.0.2.0/24' && source.port == 80 { add! source.ip = '198.51.100.1' add! source.port = 81 }
		if comment =~ '^a' { add! comment = 'b' }
		if comment =~ '^a' { add! extra.wrong = true }
		if source.ip << '198.51.100.0/24' && source.port == 81 { add! extra.second = true }
		if extra =~ '"second": true' { add! extra.third = true }`)
	for range 3 {
		for line, want := range map[string]string{
			`{"comment":"a","source.ip":"192.0.2.1","source.port":80}`:  `{"comment":"b","source.ip":"198.51.100.1","source.port":81,"extra.first":true,"extra.second":true,"extra.third":true}`,
			`{"comment":"c","source.ip":"192.0.2.1","source.port":443}`: `{"comment":"c","source.ip":"192.0.2.1","source.port":443}`,
			`{"comment":"a"}`: `{"comment":"b","extra.first":true}`,
		} {
			m := decoded(t, line)
			if _, _, err := r.Apply(m); err != nil || m.String() != want {
				t.Errorf("%s became %s, %v", line, m, err)
			}
		}
	}
}

// TestDeepExtra reads extra of an event whose key has more parts than a stack has room
// for.
func TestDeepExtra(t *testing.T) {
	r := compiled(t, "if extra :contains 'end' { drop }")
	m := decoded(t, `{"extra`+strings.Repeat(".a", 1_000_000)+`":"end"}`)
	if end, _, err := r.Apply(m); err != nil || end != Drop {
		t.Errorf("%v, %v", end, err)
	}
}

// TestPlaces names the file as it is called, whatever is in its name.
func TestPlaces(t *testing.T) {
	for text, want := range map[string]string{
		"drp":                              `100%d.sieve:1:1: "drp": an action or if is expected; did you mean drop?`,
		"if comment < 5 { drop }":          "100%d.sieve:1:12: < compares numbers, and comment is of type String",
		"keep\nadd! $x = 5\nupdate! a = 1": "100%d.sieve:2:6: $x has no value yet; set it above, as $x = source.ip (the first of 3 mistakes, see --check)",
	} {
		if _, err := Compile("100%d.sieve", text, harmonization.Default()); err == nil || err.Error() != want {
			t.Errorf("%s: %v", text, err)
		}
	}
	r, err := Compile("100%d.sieve", "if no.such == 'a' { drop }", harmonization.Default())
	want := `100%d.sieve:1:4: no event has this key: invalid key "no.such": not a field of events; did you mean extra.no.such?`
	if err != nil || len(r.Doubts) != 1 || r.Doubts[0] != want {
		t.Errorf("%v, %v", r.Doubts, err)
	}
}

func TestLargeFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rules.sieve")
	if err := os.WriteFile(path, []byte(strings.Repeat("keep\n", 1<<20)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{path: "larger than 4 MiB", "/dev/zero": "larger than 4 MiB", path + "x": "no such file"} {
		if _, err := Load(name, harmonization.Default()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(every)
	f.Add("if ((a == 'b')) { path ['x'] } elif ! :exists b { add! c -= '1 day' } else { append $x 5 }")
	f.Add(strings.Repeat("if source.ip << '192.0.2.0/24' { add! comment = 'a' } elif comment == 'a' && source.port == 5 { drop } ", worthwhile))
	f.Add(strings.Repeat("if source.ip << ['x', '2001:db8::/129'] || comment :in ['a', 5] { drop } ", worthwhile))
	f.Add("$x = comment if $x =~ $x { add! $x = $x }")
	line := `{"comment":"a","source.ip":"192.0.2.1","source.port":80,"extra.x":[1],"extra.text":"a","time.source":"2026-01-01T00:00:00+00:00"}`
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Compile("rules", text, harmonization.Default())
		if err != nil {
			if first, _, _ := strings.Cut(err.Error(), " "); !strings.HasPrefix(first, "rules:") || strings.Count(first, ":") < 3 {
				t.Errorf("no line and column: %v", err)
			}
			return
		}
		r.Use(time.Now, func(string, ...any) {})
		for range 2 {
			m := decoded(t, line)
			if _, _, err := r.Apply(m); err != nil {
				continue
			}
			decoded(t, string(m.Append(nil)))
		}
	})
}

func FuzzEvents(f *testing.F) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 20 {
		f.Add(anEvent(random))
	}
	f.Fuzz(func(t *testing.T, line string) {
		m := event.New(event.Event, nil)
		if m.Decode([]byte(line)) != nil {
			return
		}
		before := string(m.Append(nil))
		if _, _, err := compiled(t, every).Apply(m); err == nil && string(m.Append(nil)) != before {
			t.Errorf("%s became %s", before, m)
		}
		m.Decode([]byte(line))
		changing := compiled(t, "append! extra.x 1 append! extra.x 'a' $x = extra.x add! extra.y = $x if :exists time.source { add! time.source += '1 day' } $k = extra.text if :exists $k { add! $k = 'a' append! $k 5 }")
		if _, _, err := changing.Apply(m); err == nil {
			decoded(t, string(m.Append(nil)))
		}
	})
}
