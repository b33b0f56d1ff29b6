package dateutil

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/python/datetime"
)

// lines reads a file that has in each line a text, a tab, and what to want of it.
func lines(t *testing.T, file string, check func(in, want string)) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for s.Scan() {
		in, want, ok := strings.Cut(s.Text(), "\t")
		if !ok {
			t.Fatalf("no tab: %s", s.Text())
		}
		check(in, want)
	}
}

// TestFuzzyTimes wants of a text the time in it.
func TestFuzzyTimes(t *testing.T) {
	lines(t, "testdata/fuzzy.txt", func(in, want string) {
		got := "no time"
		if at, err := Parse(in, nil); err == nil {
			got = datetime.Format(at)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	})
}

// TestRefusedTimes wants of a text what is not understood of it.
func TestRefusedTimes(t *testing.T) {
	lines(t, "testdata/refused.txt", func(in, want string) {
		if got, err := Parse(in, nil); err == nil || err.Error() != want {
			t.Errorf("%s: %v, %v, want %s", in, got, err, want)
		}
	})
	long := strings.Repeat(" ", 1000) + "2023-03-06"
	if _, err := Parse(long, nil); err == nil || err.Error() != "the text is too long" {
		t.Errorf("a long text: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("Tue, 3 Mar 2020 10:00:00 +0100 (CET)")
	f.Add("2020-01-01 10h30m at 5.5s foo")
	f.Fuzz(func(t *testing.T, s string) {
		at, err := Parse(s, nil)
		if err != nil {
			return
		}
		text := datetime.Format(at)
		if again, err := Parse(text, nil); err != nil || datetime.Format(again) != text || !datetime.Canonical(text) {
			t.Fatalf("Parse(%q) = %s, which reads as %v, %v", s, text, again, err)
		}
	})
}
