package pyregex

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// recorded is a case of testdata/search.jsonl, which generate.py writes: what
// Python finds.
type recorded struct {
	Expr  string          `json:"expr"`
	Fold  bool            `json:"fold"`
	Text  string          `json:"text"`
	Found json.RawMessage `json:"found"`
}

func readCases(t testing.TB) []recorded {
	f, err := os.Open("testdata/search.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var cases []recorded
	for in := bufio.NewScanner(f); in.Scan(); {
		var c recorded
		if err := json.Unmarshal(in.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, c)
	}
	if len(cases) < 10000 {
		t.Fatalf("%d cases", len(cases))
	}
	return cases
}

// TestLikePython compares spans, groups and refusals with Python's.
func TestLikePython(t *testing.T) {
	type key struct {
		expr string
		fold bool
	}
	compiled := map[key]*Regexp{}
	cases, skipped := readCases(t), 0
	for _, c := range cases {
		r, err := compiled[key{c.Expr, c.Fold}], error(nil)
		if r == nil {
			r, err = Compile(c.Expr, c.Fold)
			compiled[key{c.Expr, c.Fold}] = r
		}
		if string(c.Found) == `"error"` {
			if err == nil {
				t.Errorf("%q compiles, which Python refuses", c.Expr)
			}
			continue
		}
		var refused *Error
		if errors.As(err, &refused) && refused.Reason == emptyLoop {
			skipped++
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.Expr, err)
			continue
		}
		var want []int
		if err := json.Unmarshal(c.Found, &want); err != nil {
			t.Fatal(err)
		}
		got := r.FindStringSubmatchIndex(c.Text)
		if !reflect.DeepEqual(got, want) || r.MatchString(c.Text) != (want != nil) {
			t.Errorf("%q fold %v on %q: %v, want %v", c.Expr, c.Fold, c.Text, got, want)
		}
		// The machine alone finds the same.
		if exact := r.exact().search(c.Text); !reflect.DeepEqual(exact, want) {
			t.Errorf("%q fold %v on %q: the machine finds %v, want %v", c.Expr, c.Fold, c.Text, exact, want)
		}
	}
	if skipped > len(cases)/10 {
		t.Errorf("%d of %d are refused since a group may be empty in a repetition", skipped, len(cases))
	}
}

// TestRefused has what Python knows and this package does not: an error that
// says where and what to write instead.
func TestRefused(t *testing.T) {
	text, err := os.ReadFile("testdata/refused.txt")
	if err != nil {
		t.Fatal(err)
	}
	for expr := range strings.Lines(string(text)) {
		expr = strings.TrimSuffix(expr, "\n")
		_, err := Compile(expr, false)
		var refused *Error
		if !errors.As(err, &refused) || refused.Column < 1 || refused.Column > len(expr) {
			t.Errorf("%s: %v", expr, err)
		}
	}
	_, err = Compile(`ab(?<=c)d`, false)
	if want := `regular expression "ab(?<=c)d", column 3: look-behind is not supported; match what stands before, and use a group for the part that is wanted`; err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}

func TestNames(t *testing.T) {
	r, err := Compile(`(?P<key>\w+)=(.*)`, false)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"", "key", ""}; !slices.Equal(r.SubexpNames(), want) {
		t.Errorf("%q", r.SubexpNames())
	}
}

func FuzzCompile(f *testing.F) {
	for _, expr := range []string{`(?m)^a$`, `[^\W]{,2}`, `(?P<n>a|$)+\b`, `(?x) a # c`, `\x{`, `(?i:[a-k])`} {
		f.Add(expr, "a\n")
	}
	f.Fuzz(func(t *testing.T, expr, text string) {
		for _, fold := range []bool{false, true} {
			r, err := Compile(expr, fold)
			if err != nil {
				continue
			}
			if found := r.FindStringIndex(text); (found != nil) != r.MatchString(text) {
				t.Errorf("%q on %q: %v", expr, text, found)
			}
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	for _, expr := range []string{`^(80|443)$`, `(?i)^evil\.example$`, `\bphish\w*\b`, `^https?://[^/]+/login`} {
		b.Run(expr, func(b *testing.B) {
			r, err := Compile(expr, false)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				r.MatchString("http://www.example.org/login/phishing.html")
			}
		})
	}
}
