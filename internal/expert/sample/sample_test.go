package sample

import (
	"context"
	"fmt"
	"testing"

	"github.com/intelpipe/intelpipe/internal/event"
)

// passes are the events that pass, of many.
func passes(t *testing.T, c *Command) map[int]bool {
	t.Helper()
	if err := c.Start(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	passed := map[int]bool{}
	for n := range 20_000 {
		m := event.New(event.Event, nil)
		m.Set("source.ip", fmt.Sprintf("192.0.2.%d", n%200))
		m.SetInt("extra.n", int64(n))
		err := c.Process(context.Background(), m, func(*event.Message) error { passed[n] = true; return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	return passed
}

// TestShares has the shares that were asked for, of which each has the smaller ones in
// it.
func TestShares(t *testing.T) {
	var smaller map[int]bool
	for _, share := range []float64{0, 0.001, 0.1, 0.25, 0.9, 1} {
		passed := passes(t, &Command{Share: share})
		if part := float64(len(passed)) / 20_000; part < share-0.01 || part > share+0.01 {
			t.Errorf("%v have passed, want %v", part, share)
		}
		for n := range smaller {
			if !passed[n] {
				t.Errorf("%d has passed with a smaller share, and not with %v", n, share)
			}
		}
		smaller = passed
	}
	one, quarter := passes(t, &Command{OneOf: 4, Share: -1}), passes(t, &Command{Share: 0.25})
	if fmt.Sprint(one) != fmt.Sprint(quarter) {
		t.Error("one of four is not a quarter")
	}
	same := 0
	for n := range passes(t, &Command{OneOf: 4, Share: -1, Seed: "x"}) {
		if one[n] {
			same++
		}
	}
	if same < 1000 || same > 1500 {
		t.Errorf("with another seed %d of 5000 are the same", same)
	}
}

// TestByField passes all events of an address, or none.
func TestByField(t *testing.T) {
	counts := map[int]int{}
	for n := range passes(t, &Command{OneOf: 2, Share: -1, Fields: []string{"source.ip"}}) {
		counts[n%200]++
	}
	for n, count := range counts {
		if count != 100 {
			t.Errorf("%d of 100 events of address %d have passed", count, n)
		}
	}
	if len(counts) < 70 || len(counts) > 130 {
		t.Errorf("%d of 200 addresses have passed", len(counts))
	}
}
