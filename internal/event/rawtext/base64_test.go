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
