package abusix

import "testing"

func TestLooksLikeMail(t *testing.T) {
	for text, want := range map[string]bool{
		"abuse@example.org": true, "a@example.org,b@example.org": true, "a+b@x.example.org , c@example.net": true,
		"": false, "abuse": false, "abuse@example": false, "a@b@example.org": false, "abuse@example.org;": true,
		"abuse@example.org\n": false, "abuse @example.org": false, "<abuse@example.org>": false, "a@example.org,": false, "\x1b@example.org": false,
	} {
		if got := looksLikeMail().MatchString(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
