package regex

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/python/golden"
	"github.com/intelpipe/intelpipe/internal/python/regex/syntax"
)

type searchRecord struct {
	Expr  string
	Fold  bool
	Error bool
	Texts []string
	Spans [][]int
}

// offsets turns what Python counts in characters into bytes.
func offsets(text string, span []int) []int {
	if span == nil {
		return nil
	}
	at := []int{}
	for i := range text {
		at = append(at, i)
	}
	at = append(at, len(text))
	out := make([]int, len(span))
	for i, n := range span {
		if out[i] = -1; n >= 0 {
			out[i] = at[n]
		}
	}
	return out
}

// TestPython compares with what Python finds. What Python takes is found in
// the same way or refused as not supported; what it refuses is refused.
func TestPython(t *testing.T) {
	refused, compared := 0, 0
	for _, r := range golden.Read[searchRecord](t, "search.jsonl") {
		re, err := Compile(r.Expr, r.Fold)
		var e *Error
		switch {
		case err != nil && (!errors.As(err, &e) || e.Reason == "" || e.Column < 1 || e.Column > max(1, utf8.RuneCountInString(r.Expr))):
			t.Errorf("%q: the error has no place: %v", r.Expr, err)
		case err == nil && r.Error:
			t.Errorf("%q is accepted", r.Expr)
		case err != nil && !r.Error && !e.Unsupported:
			t.Errorf("%q is refused: %v", r.Expr, err)
		case err != nil && !r.Error:
			refused++
		}
		if err != nil || r.Error {
			continue
		}
		for i, text := range r.Texts {
			compared++
			want := offsets(text, r.Spans[i])
			if got := re.FindStringSubmatchIndex(text); !slices.Equal(got, want) {
				t.Errorf("%q (fold %v, Go's engine %v) in %q: %v, want %v", r.Expr, r.Fold, re.direct(text), text, got, want)
			}
			if got := re.MatchString(text); got != (want != nil) {
				t.Errorf("%q in %q: %v", r.Expr, text, got)
			}
			// Both engines agree where either may be asked.
			at := make([]int, 2*len(re.names))
			if found := re.program().search(text, at); found != (want != nil) || found && !slices.Equal(at, want) {
				t.Errorf("%q (fold %v, own engine) in %q: %v, want %v", r.Expr, r.Fold, text, at, want)
			}
			if got := re.FindStringIndex(text); !slices.Equal(got, want[:min(2, len(want))]) {
				t.Errorf("%q in %q: %v", r.Expr, text, got)
			}
		}
	}
	t.Logf("%d texts compared, %d expressions refused", compared, refused)
	if compared < 10000 || refused > 100 {
		t.Errorf("%d texts compared, %d expressions refused", compared, refused)
	}
}

// TestClasses compares which characters a class has.
func TestClasses(t *testing.T) {
	var assigned []rune
	for _, r := range golden.Read[struct {
		Expr   string
		Fold   bool
		Ranges [][2]rune
	}](t, "class.jsonl") {
		var want []rune
		for _, pair := range r.Ranges {
			want = append(want, pair[0], pair[1])
		}
		if assigned == nil {
			assigned = want
			continue
		}
		re, err := Compile(`\A`+r.Expr+`\Z`, r.Fold)
		if strings.HasPrefix(r.Expr, "(?a)") {
			re, err = Compile(`(?a)\A`+r.Expr[4:]+`\Z`, r.Fold)
		}
		if err != nil {
			t.Fatal(err)
		}
		for pair := range slices.Chunk(assigned, 2) {
			for c := pair[0]; c <= pair[1]; c++ {
				if got := re.MatchString(string(c)); got != syntax.Within(want, c) {
					t.Errorf("%s (fold %v) on %U: %v", r.Expr, r.Fold, c, got)
				}
			}
		}
	}
}

// TestErrors checks that an error says where and what to write instead.
func TestErrors(t *testing.T) {
	for expr, want := range map[string]string{
		`a(?!b)`:           `regular expression "a(?!b)", column 2: negative look-ahead is not supported; exclude characters with [^…], or test the other way round`,
		`é(?<=b)`:          `column 2: look-behind is not supported; match what stands before, and use a group for the part that is wanted`,
		`(a)\1`:            `column 4: a reference to a group, \1, is not supported`,
		`(?P<n>a)(?P=n)`:   `column 9: a reference to a group, (?P=…), is not supported`,
		`(a)?(?(1)b|c)`:    `column 5: conditions`,
		`(?>a)`:            `column 1: atomic groups (?>…) are not supported; write (?:…)`,
		`a++`:              `column 3: possessive`,
		`[a-\d]`:           `column 2: a-\d is no range`,
		`x[z-a]`:           `column 3: z-a: the range is the wrong way round`,
		`a**`:              `column 3: a repetition of a repetition`,
		`a{2}{3}`:          `column 5: a repetition of a repetition`,
		`^*`:               `column 2: * cannot repeat a place`,
		`*.example.org`:    `column 1: there is nothing that * could repeat; a literal one is written \*`,
		`a(b`:              `column 2: a ( that is not closed`,
		`a)b`:              `column 2: a ) without its (`,
		`a[b`:              `column 2: a [ that is not closed`,
		`a\`:               `column 2: a backslash at the end`,
		`\z`:               `column 1: \z is not known; the end of the text is \Z`,
		`\p{L}`:            `column 1: \p is not known; letters of all languages are [^\W\d_]`,
		`\N{BULLET}`:       `column 1: names of characters`,
		`a(?i)b`:           `column 2: flags for the whole expression stand at its start`,
		`(?<n>a)`:          `column 1: (?< is not known; a group with a name is written (?P<name>…)`,
		`(?P<n>a)(?P<n>b)`: `column 13: the name "n" is used twice, group 1 has it already`,
		`a{3,2}`:           `column 2: the smaller number of repetitions comes first: write {2,3}`,
		`(?:a{200}){200}`:  `column 1: the expression is too large`,
		"a\xff":            `column 2: the expression is not UTF-8`,
		strings.Repeat("(", 101) + strings.Repeat(")", 101): `column 101: more than 100 groups inside each other`,
	} {
		_, err := Compile(expr, false)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", expr, err, want)
		}
	}
}

// TestLinear searches for what takes exponential time where all ways are tried
// one after the other. If it did here, the test would never end.
func TestLinear(t *testing.T) {
	text := strings.Repeat("a", 5000) + "é\n"
	for _, expr := range []string{`(a*)*b`, `(a|a)*b`, `(a+a+)+b`, `(?:a?){40}a{40}b`, `((a*)*)*b`, `(\b|a)*b`, `(a|b??)*?c$`} {
		re, err := Compile(expr, false)
		if err != nil {
			t.Fatal(err)
		}
		if re.MatchString(text) || re.FindStringSubmatchIndex(text) != nil {
			t.Errorf("%s is found", expr)
		}
	}
}

// TestConcurrent uses one expression in several goroutines; the race detector
// looks on.
func TestConcurrent(t *testing.T) {
	re, err := Compile(`(\bé)+$`, false)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				if at := re.FindStringSubmatchIndex("a é\n"); !slices.Equal(at, []int{2, 4, 2, 4}) {
					t.Errorf("%v", at)
				}
			}
		})
	}
	wg.Wait()
}

// FuzzCompile checks that nothing makes the parser panic, that Go's engine
// takes what is written for it, and that both engines agree.
func FuzzCompile(f *testing.F) {
	for _, expr := range []string{`(?i)a(b|c)*?$`, `[^\W\d]{2,}`, `(|a)*\bé`, `(?x: a # b`, `\u00e9\101[\b]`} {
		f.Add(expr, "abé\n", true)
	}
	f.Fuzz(func(t *testing.T, expr, text string, fold bool) {
		if len(expr) > 100 || len(text) > 100 {
			return
		}
		re, err := Compile(expr, fold)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Column < 1 || e.Column > max(1, utf8.RuneCountInString(expr)) {
				t.Fatalf("%q: %v", expr, err)
			}
			return
		}
		if t := (translator{}); re.fast == nil && t.translate(re.tree, 1) {
			if _, err := regexp.Compile(t.text.String()); err != nil {
				panic(err)
			}
		}
		if !utf8.ValidString(text) {
			return
		}
		at := make([]int, 2*len(re.names))
		found := re.program().search(text, at)
		if got := re.FindStringSubmatchIndex(text); found != (got != nil) || found && !slices.Equal(at, got) {
			t.Fatalf("%q in %q: Go's engine says %v, our own %v", expr, text, got, at)
		}
	})
}

func BenchmarkCompile(b *testing.B) {
	for _, expr := range []string{`^(80|443)$`, `^[\w.-]+@example\.org$`} {
		b.Run(expr, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Compile(expr, false)
			}
		})
	}
}

func BenchmarkMatch(b *testing.B) {
	for _, c := range []struct{ expr, text string }{
		{`^(80|443)$`, "443"},
		{`^family500($|-)`, "family500-x"},
		{`(?i)^evil\.example$`, "Evil.example"},
		{`\bphish\w*\b`, "http://www.example.org/login/phishing.html"},
		{`\bphish\w*\b`, "http://www.example.org/lögin/phishing.html"},
		{`^https?://[^/]+/login`, "http://www.example.org/login/phishing.html"},
		{`^abc$`, "abc\n"},
	} {
		re, err := Compile(c.expr, false)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.expr+" in "+strconv.Quote(c.text), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				re.MatchString(c.text)
			}
		})
	}
}
