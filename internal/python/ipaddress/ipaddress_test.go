package ipaddress

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/intelpipe/intelpipe/internal/python/golden"
)

// The tests compare with what Python does, see testdata/generate.py.

func TestNetwork(t *testing.T) {
	for _, row := range golden.Read[[2]*string](t, "network.jsonl") {
		text := *row[0]
		p, ok := ParseNetwork(text)
		if ok != (row[1] != nil) {
			t.Errorf("ParseNetwork(%q) is %v", text, ok)
		}
		if !ok || row[1] == nil {
			continue
		}
		if got := ShortestNetwork(p, text); got != *row[1] {
			t.Errorf("%s: %s, want %s", text, got, *row[1])
		}
		if CanonicalIPv4Network(text) && text != *row[1] {
			t.Errorf("%s is called canonical and is not", text)
		}
	}
}

func TestFromInt(t *testing.T) {
	for _, row := range golden.Read[[2]*string](t, "int.jsonl") {
		a, ok := FromInt(*row[0])
		if ok != (row[1] != nil) || ok && Shortest(a, "") != *row[1] {
			t.Errorf("%s: %s, %v", *row[0], Shortest(a, ""), ok)
		}
	}
}

// TestCanonicalIPv6 has addresses with many zeros, as they are printed and with a byte
// or two that are other ones.
func TestCanonicalIPv6(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	canonical := 0
	for range 200_000 {
		var b [16]byte
		for i := range b {
			if r.IntN(3) == 0 {
				b[i] = byte(r.IntN(256))
			}
		}
		text := Append(nil, netip.AddrFrom16(b))
		for range r.IntN(3) {
			switch i := r.IntN(len(text) + 1); {
			case i == len(text):
				text = append(text, "0:a:.%/"[r.IntN(7)])
			case r.IntN(2) == 0:
				text[i] = "0:1aAg:"[r.IntN(7)]
			case len(text) > 1:
				text = append(text[:i], text[i+1:]...)
			}
		}
		s := string(text)
		a, ok := ParseIPv6(s)
		want := ok && Shortest(a, "") == s
		if got := CanonicalIPv6(s); got != want {
			t.Fatalf("%s: %v, want %v", s, got, want)
		}
		if want {
			canonical++
		}
	}
	if canonical < 50_000 || canonical > 150_000 {
		t.Errorf("%d of 200000 are canonical", canonical)
	}
}
