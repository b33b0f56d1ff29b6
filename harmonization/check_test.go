package harmonization

import "testing"

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
