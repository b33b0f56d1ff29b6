package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
)

// set is a set of fields.
type set map[string]bool

func (s set) add(fields ...string) {
	for _, f := range fields {
		if known(f) {
			s[f] = true
		}
	}
}

// known reports whether that is a field, or all below one.
func known(field string) bool {
	if name, ok := strings.CutSuffix(field, ".*"); ok {
		field = name + ".x"
	}
	f, err := harmonization.Default().Field(harmonization.Event, field)
	return err == nil && f.Type != "JSONDict" && field != "__type"
}

func (s set) sorted() []string {
	return append([]string{}, slices.Sorted(maps.Keys(s))...) // [] and not null
}
