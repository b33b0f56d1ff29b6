package vocabulary

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestTaxonomy(t *testing.T) {
	if got, ok := Taxonomy("c2-server"); got != "malicious-code" || !ok {
		t.Errorf("Taxonomy(c2-server) = %q, %v", got, ok)
	}
	if got, ok := Taxonomy("c2server"); got != "" || ok {
		t.Errorf("Taxonomy(c2server) = %q, %v", got, ok)
	}
	for _, alias := range []string{"unknown", "dropzone", "leak", "defacement", "backdoor", "dga domain"} {
		if _, ok := Taxonomy(TodaysType(alias)); !ok {
			t.Errorf("the alias %s leads nowhere", alias)
		}
	}
	for _, typ := range []string{"spam", "ddos", "fraud", "phishing", "test", "other", "weak-crypto"} {
		if taxonomy, ok := Taxonomy(typ); ok && !IsTaxonomy(taxonomy) {
			t.Errorf("%s has the unknown taxonomy %s", typ, taxonomy)
		}
	}
}

// TestMeanings holds that each type says what it means, in a line that fits beside
// its name.
func TestMeanings(t *testing.T) {
	// The switch is searched without any set-up and the table is for people:
	// they have the same types.
	source, err := os.ReadFile("vocabulary.go")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(source), "\nfunc Taxonomy(")
	text, _, _ = strings.Cut(text, "\n}\n")
	types := regexp.MustCompile(`"([^"]+)"[,:]`)
	want := map[string]bool{}
	for line := range strings.Lines(text) {
		if strings.Contains(line, "return") {
			continue
		}
		for _, m := range types.FindAllStringSubmatch(line, -1) {
			want[m[1]] = true
		}
	}
	last := ""
	for c := range Classifications() {
		if taxonomy, ok := Taxonomy(c.Type); !ok || taxonomy != c.Taxonomy || !IsTaxonomy(taxonomy) || !want[c.Type] {
			t.Errorf("%s: %s, want %s", c.Type, c.Taxonomy, taxonomy)
		}
		if c.Taxonomy < last || c.Description == "" || len(c.Description) > 80 {
			t.Errorf("%s: %s", c.Type, c.Description)
		}
		delete(want, c.Type)
		last = c.Taxonomy
	}
	if len(want) > 0 {
		t.Errorf("types without a meaning: %v", want)
	}
}
