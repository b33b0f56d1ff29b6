package table

import (
	"slices"

	"github.com/intelpipe/intelpipe/harmonization"
)

// If is a Converter for a value whose meaning stands in another column: it is left
// out unless that has one of the words.
func If(column string, words ...string) Converter {
	return func(v harmonization.Value, r *Record) (harmonization.Value, error) {
		if !slices.Contains(words, r.Get(column)) {
			return harmonization.Value{}, nil
		}
		return v, nil
	}
}
