package schema

import (
	"maps"
	"slices"
	"testing"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
)

// FuzzFile reads schema files that say anything, and makes an event by each type.
func FuzzFile(f *testing.F) {
	f.Add(`{"_meta":{"date_created":"2026-01-31 10:20:30"},"scan_http":{"feed_name":"A","file_name":"a","url":"https://www.example.org/",
		"constant_fields":{"classification.type":"other","no.field":1,"extra.x":{"y":[null]}},"required_fields":[["source.ip","ip","validate_ip"]],
		"optional_fields":[["extra.","tag"],["extra.cve","tag","extract_cve_from_tag"],[false,"noise"],["source.url","url","convert_http_host_and_url",true]]}}`)
	f.Add(`{"a":{"required_fields":[["","",""],[7,7],["source.ip"]]}}`)
	f.Add(`{"a":{"required_fields":null,"constant_fields":null},"_meta":7}`)
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Parse([]byte(text))
		if err != nil {
			return
		}
		for _, name := range slices.Sorted(maps.Keys(file.files)) {
			typ, err := file.ByFile(name)
			if err != nil {
				continue
			}
			if typ == nil {
				t.Fatalf("%q is read, and not there", name)
			}
			var names []string
			for _, c := range typ.Columns {
				names = append(names, c.From)
			}
			plan, err := typ.Plan(harmonization.Default(), names, true)
			if err != nil {
				continue
			}
			plan.Fill(event.New(event.Event, nil), names)
		}
	})
}
