package refang

import "testing"

func TestWord(t *testing.T) {
	for word, want := range map[string]string{
		"www.example.org":                   "www.example.org",
		"www[.]example(.)org{.}":            "www.example.org.",
		"www[DOT]example(dot)net{d}example": "www.example.net.example",
		"www[.example.]org":                 "www.example.org",
		`www\.example\.org`:                 "www.example.org",
		"user[at]example[@]org":             "user@example@org",
		"2001[:]db8[:][:]1":                 "2001:db8::1",
		"hXXps[:]//www.example.org":         "https://www.example.org",
		"hxxp[://]www.example.org[/]a[//]b": "http://www.example.org/a//b",
		"url=hxxp://www.example.org":        "url=http://www.example.org",
		`http:\\www.example.org`:            "http://www.example.org",
		"h**ps://a":                         "https://a",
		"hxtp://htxp://a":                   "http://htxp://a",
		"meow://a":                          "http://a",
		"fxp://a":                           "ftp://a",
		"http://[2001:db8::1]/(a)[b]{c}":    "http://[2001:db8::1]/(a)[b]{c}",
		`C:\\server\\share`:                 `C:\\server\\share`,
		`C:\.git`:                           `C:\.git`,
		"[.":                                "[.",
		".]":                                ".]",
		"[see.]":                            "[see.]",
		"":                                  "",
	} {
		got, undone := Word(word)
		if got != want || undone != (got != word) {
			t.Errorf("%q: got %q %v, want %q", word, got, undone, want)
		}
	}
}
