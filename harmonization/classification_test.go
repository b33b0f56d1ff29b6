package harmonization

import (
	"slices"
	"strings"
	"testing"
)

// TestClasses compares the table of types with the switches of the vocabulary.
func TestClasses(t *testing.T) {
	var names []string
	for c := range Classes() {
		names = append(names, c.Type)
		if !isTaxonomy(c.Taxonomy) || c.Meaning == "" || strings.ToUpper(c.Meaning[:1]) == c.Meaning[:1] {
			t.Errorf("%+v", c)
		}
	}
	if !slices.IsSorted(names) || len(names) != len(slices.Compact(slices.Clone(names))) {
		t.Errorf("not in order: %q", names)
	}
	typ, _ := Type("ClassificationType")
	for _, name := range names {
		if err := typ.Valid(Text(name)); err != nil {
			t.Error(err)
		}
	}
	// The switch names 44 types; a new one has to be described here as well.
	if len(names) != 44 {
		t.Errorf("%d types", len(names))
	}
}

func TestCheckValue(t *testing.T) {
	for _, c := range []struct{ key, text, want string }{
		{"classification.type", "scanner", "scanner"},
		{"classification.type", "scaner", `classification.type: not a valid ClassificationType: "scaner"; did you mean scanner?`},
		{"classification.taxonomy", "vulnerability", `classification.taxonomy: not a valid ClassificationTaxonomy: "vulnerability"; did you mean vulnerable?`},
		{"source.port", "80", "80"},
		{"source.tor_node", "ture", `source.tor_node: not a valid Boolean: "ture"; did you mean true?`},
		{"source.ipp", "x", `invalid key "source.ipp": not a field of events; did you mean source.ip?`},
		{"extra.any", "x", "x"},
	} {
		v, err := Default().CheckValue(Event, c.key, Text(c.text))
		got := v.Text
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s %s: %s, want %s", c.key, c.text, got, c.want)
		}
	}
}
