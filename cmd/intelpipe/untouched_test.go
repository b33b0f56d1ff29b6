package main

import (
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/manual/page"
)

// spellings are values as others write them, which no command has a reason to write anew.
var spellings = []string{
	`1.50`, `-0`, `1e2`, `12345678901234567890`, `true`, `null`, `"\u0041\/b"`, `"ä\u00e4"`, `" x "`, `"\ud83d\ude00"`,
	`[1,  2]`, `[]`, `{"b": 1, "a":[ ]}`, `"- N/A"`, `"http://www.example.org/"`, `"192.0.2.7"`,
}

// known are fields with values that experts have to do with.
var known = map[string][]string{
	"source.ip":               {`"192.0.2.1"`, `"2001:DB8::1"`, `"198.51.100.7"`},
	"destination.ip":          {`"203.0.113.5"`, `"2001:db8::0:7"`},
	"source.fqdn":             {`"www.example.org"`, `"example.net"`},
	"source.url":              {`"http://www.example.org:8080/a"`, `"https:\/\/192.0.2.1\/"`},
	"source.port":             {`80`, `8080`},
	"source.asn":              {`64496`, `64497`},
	"classification.type":     {`"scanner"`, `"phishing"`},
	"classification.taxonomy": {`"other"`},
	"time.source":             {`"2026-01-31T10:20:30+00:00"`},
	"feed.accuracy":           {`50`, `99.50`},
	"feed.name":               {`"Example"`},
	"comment":                 {`"a \u00e4 comment"`},
	"raw":                     {`"eA=="`},
	"malware.name":            {`"zeus"`},
}

// rewriters are experts whose work it is to change any field.
var rewriters = map[string]string{
	"expert-harmonize":     "brings every value into the form of the data format",
	"expert-anonymize":     "removes texts in which a value stands that it has replaced",
	"expert-field-reducer": "removes what a flag names, and its first case names extra",
}

// TestExpertsLeaveTheRest gives random events to each expert. A field that it neither says
// it writes nor is told of by a flag comes out as it went in, byte for byte.
func TestExpertsLeaveTheRest(t *testing.T) {
	silent := 0
	forAll(t, []string{"expert"}, func(t *testing.T, s *subject) {
		if rewriters[s.spec.Name] != "" {
			return
		}
		own, err := page.FieldsOf(s.spec.Name)
		if err != nil {
			t.Fatal(err)
		}
		owned := func(key string) bool {
			return len(own.Flags) > 0 && !strings.HasPrefix(key, "extra.foreign") || slices.ContainsFunc(own.Written, func(name string) bool {
				below, all := strings.CutSuffix(name, "*")
				return name == key || all && strings.HasPrefix(key, below) && !strings.HasPrefix(key, "extra.foreign")
			})
		}
		rng := rand.New(rand.NewPCG(11, uint64(crc32.ChecksumIEEE([]byte(s.spec.Name)))))
		var stdin strings.Builder
		events := map[string]*event.Message{}
		for n := range 60 {
			line := randomEvent(rng, n)
			m := event.New(event.Event, nil)
			if err := m.Decode([]byte(line)); err != nil {
				t.Fatal(err)
			}
			events[m.Get("extra.foreign.n")] = m
			stdin.WriteString(line + "\n")
		}
		r := inProcess(s.dir, s.line(), strings.NewReader(stdin.String()))
		if r.exit > 1 {
			t.Fatalf("%+v", r)
		}
		for line := range strings.Lines(r.stdout) {
			out := event.New(event.Event, nil)
			if err := out.Decode([]byte(line)); err != nil {
				t.Fatal(err)
			}
			in := events[out.Get("extra.foreign.n")]
			if in == nil {
				t.Fatalf("nobody has sent %s", line)
			}
			for key, value := range in.All() {
				if got := out.JSON(key); string(got) != string(value) && !owned(key) {
					t.Errorf("%s was %s, and is %s", key, value, got)
				}
			}
		}
		if r.stdout == "" {
			silent++
		}
	})
	if silent > 4 {
		t.Errorf("%d experts have passed nothing on", silent)
	}
}

// randomEvent is an event with the number n: some of the known fields, and foreign ones.
func randomEvent(rng *rand.Rand, n int) string {
	members := []string{fmt.Sprintf(`"extra.foreign.n": %d`, n)}
	for key, values := range known {
		if rng.IntN(3) > 0 {
			members = append(members, fmt.Sprintf("%q:%s", key, values[rng.IntN(len(values))]))
		}
	}
	for i := range 1 + rng.IntN(6) {
		members = append(members, fmt.Sprintf(`"extra.foreign.x%d" :%s`, i, spellings[rng.IntN(len(spellings))]))
	}
	slices.Sort(members) // the order of a map is another one each time
	rng.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return "{" + strings.Join(members, ", ") + "}"
}
