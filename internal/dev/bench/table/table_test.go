package table

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1, 5}, 5},
		{[]float64{4, 1, 3, 2}, 2.5},
		{[]float64{math.NaN(), 7, math.NaN()}, 7},
	} {
		if got := Median(c.in); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.in, got, c.want)
		}
	}
	if got := Median(nil); !math.IsNaN(got) {
		t.Errorf("median of nothing = %v", got)
	}
	in := []float64{3, 1, 2}
	Median(in)
	if in[0] != 3 {
		t.Error("median sorts its argument")
	}
}

func TestRatios(t *testing.T) {
	if got := ratios([]float64{6, 8}, []float64{2, 4}, nil); !reflect.DeepEqual(got, []float64{3, 2}) {
		t.Errorf("ratios = %v", got)
	}
	if got := ratios([]float64{10}, []float64{6}, []float64{4}); got[0] != 3 {
		t.Errorf("ratio above a base = %v, want 3", got)
	}
	if got := ratios([]float64{10}, []float64{3}, []float64{4}); !math.IsNaN(got[0]) {
		t.Errorf("ratio to a cost below nothing = %v", got)
	}
}

func TestBar(t *testing.T) {
	for _, c := range []struct {
		bar   Bar
		ratio float64
		met   bool
	}{
		{AtMost(6), 6, true}, {AtMost(6), 6.01, false},
		{AtLeast(25), 25, true}, {AtLeast(25), 24.9, false},
		{AtMost(6), math.NaN(), false}, {AtLeast(25), math.NaN(), false},
	} {
		if got := c.bar.Met(c.ratio); got != c.met {
			t.Errorf("%v met by %v: %v", c.bar, c.ratio, got)
		}
	}
	if got := AtMost(6).Ratio([]float64{7, 9}, []float64{3, 5}, []float64{1, 1}); got != 2.5 {
		t.Errorf("ours / reference = %v", got)
	}
	if got := AtLeast(6).Ratio([]float64{2}, []float64{8}, nil); got != 4 {
		t.Errorf("reference / ours = %v", got)
	}
}

func TestWrite(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, "lrl", [][]string{{"job", "µs", ""}, {"copy", "12.5", "ok"}, {"x", "3", "MISSED"}}); err != nil {
		t.Fatal(err)
	}
	want := "job     µs\n" +
		"copy  12.5  ok\n" +
		"x        3  MISSED\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

// TestTable: a row that misses its bar and one that could not be measured are named at
// the end, and are an error; one that was left out is none.
func TestTable(t *testing.T) {
	var all Table
	all.Add(Row{Task: "a", Ours: "1 s", Name: "x", Bar: "≤ 2 s"}, true, nil)
	var more Table
	more.Add(Row{Task: "b", Ours: "3 s", Ratio: "1.50", Bar: "≤ 2 s"}, false, nil)
	more.Add(Row{Task: "c"}, true, errors.New("wrote 0 lines, not 7"))
	all.Append(more)
	if got := []string{all.Rows[0][7], all.Rows[1][7], all.Rows[2][7]}; !reflect.DeepEqual(got, []string{"ok", "MISSED", "FAILED"}) {
		t.Errorf("verdicts %q", got)
	}
	all.Left = []string{"d: jq is not installed"}
	var out bytes.Buffer
	if err := all.Conclude(&out); !errors.Is(err, ErrMissed) {
		t.Errorf("conclude = %v", err)
	}
	want := "\nleft out: 1\n  d: jq is not installed\n\nmissed: 2\n  b: 3 s 1.50, bar ≤ 2 s\n  c: wrote 0 lines, not 7\n"
	if out.String() != want {
		t.Errorf("conclude wrote %q, want %q", out.String(), want)
	}
	all.Missed = nil
	if err := all.Conclude(&out); err != nil {
		t.Errorf("a row left out is a miss: %v", err)
	}
}
