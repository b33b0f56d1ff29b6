package event

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/harmonization"
)

// TestMemo sets the same values with and without a memo.
func TestMemo(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	keys := []string{"source.asn", "protocol.transport", "source.ip", "extra.x", "comment"}
	memos := map[string]*Memo{}
	for _, key := range keys {
		f, err := harmonization.Default().Field(harmonization.Event, key)
		if err != nil {
			t.Fatal(err)
		}
		memo := NewMemo(f, key)
		memos[key] = &memo
	}
	values := []string{"AS64496", "TCP", " udp ", "192.0.2.1", "nonsense", "-1", `say "hi"`, "64497", "é", strings.Repeat("x", 100)}
	for range 5000 {
		with, without := New(Event, nil), New(Event, nil)
		for range 6 {
			key, value := keys[r.IntN(len(keys))], values[r.IntN(len(values))]
			if r.IntN(2) == 0 {
				value = fmt.Sprint(r.IntN(100000))
			}
			err := memos[key].Put(with, value)
			if want := without.Put(memos[key].field, key, harmonization.Text(value)); (err == nil) != (want == nil) {
				t.Fatalf("%s=%q: %v, want %v", key, value, err, want)
			}
		}
		if with.String() != without.String() {
			t.Fatalf("%s\nwant %s", with, without)
		}
	}
}
