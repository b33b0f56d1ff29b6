package table

import (
	"fmt"
	"testing"

	"github.com/intelpipe/intelpipe/harmonization"
)

// A plan is made once for each list of columns, not for each row.
func TestPlansAreKept(t *testing.T) {
	var p Parser
	table := Table{Rows: []Column{{From: "a", To: "status"}}}
	plans := map[*Plan]bool{}
	for range 3 {
		for _, names := range [][]string{{"a"}, {"b", "a"}} {
			plan, err := p.plan(&table, harmonization.Default(), names)
			if err != nil {
				t.Fatal(err)
			}
			plans[plan] = true
		}
	}
	if len(plans) != 2 {
		t.Errorf("%d plans", len(plans))
	}
	for i := range 100 {
		if _, err := p.plan(&table, harmonization.Default(), []string{"a", fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(p.plans[&table]); n > maxPlans {
		t.Errorf("%d plans are kept", n)
	}
}
