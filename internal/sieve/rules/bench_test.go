package rules

import (
	"fmt"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
)

// thousands are rules as constituencies have them.
func thousands(n int) string {
	var b strings.Builder
	for i := range n {
		switch i % 4 {
		case 0:
			fmt.Fprintf(&b, "if source.ip << '10.%d.%d.0/24' && source.asn == %d && extra.x =~ '^host-%d\\.' { add! comment = 'rule %d' }\n", i/256, i%256, 64496+i%16, i, i)
		case 1:
			fmt.Fprintf(&b, "if extra.x =~ 'name-%d$' && source.asn == %d { drop }\n", i, i)
		case 2:
			fmt.Fprintf(&b, "if source.asn == %d && (classification.type :in ['spam', 'ddos'] || source.port < 1024) { path 'p' }\n", i)
		case 3:
			fmt.Fprintf(&b, "if source.ip << ['10.%d.%d.0/24', '2001:db8:%x::/48'] { add! extra.owner = 'owner %d' }\n", i/256, i%256, i, i)
		}
	}
	return b.String()
}

func BenchmarkRules(b *testing.B) {
	r := compiled(b, thousands(2000))
	var lines [][]byte
	for i := range 64 {
		lines = append(lines, fmt.Appendf(nil, `{"source.ip":"192.0.2.%d","source.asn":%d,"source.port":%d,"classification.type":"spam","extra.x":"host-%d.example.org"}`, i, 100000+i, i, i))
	}
	m := event.New(event.Event, nil)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		m.Decode(lines[i%len(lines)])
		if _, _, err := r.Apply(m); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkCompile(b *testing.B) {
	text := thousands(2000)
	for b.Loop() {
		if _, err := Compile("rules", text, harmonization.Default()); err != nil {
			b.Fatal(err)
		}
	}
}
