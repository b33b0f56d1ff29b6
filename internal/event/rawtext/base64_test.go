package rawtext

import (
	"encoding/base64"
	"math/rand/v2"
	"testing"
)

func TestBase64(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 300 {
		src := make([]byte, n)
		for i := range src {
			src[i] = byte(r.Uint32())
		}
		if got, want := string(AppendBase64([]byte("x"), src)), "x"+base64.StdEncoding.EncodeToString(src); got != want {
			t.Fatalf("%d bytes: %s, want %s", n, got, want)
		}
	}
}

// TestEncoder has reports with and without a head, which take turns, and a head that
// changes in its middle.
func TestEncoder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	some := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	var e Encoder
	for range 200 {
		head := some(r.IntN(2 * longestHead))
		for range r.IntN(40) {
			if len(head) > 0 && r.IntN(8) == 0 {
				head[r.IntN(len(head))]++
			}
			src := append(head[:len(head):len(head)], some(r.IntN(100))...)
			if got, want := string(e.Append([]byte("x"), src)), "x"+base64.StdEncoding.EncodeToString(src); got != want {
				t.Fatalf("%q: %s, want %s", src, got, want)
			}
		}
	}
}
