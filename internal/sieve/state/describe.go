package state

import (
	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/plain"
)

// Describe shows a value in an error, with what it is.
func Describe(v harmonization.Value) string {
	switch v.Kind {
	case harmonization.Null:
		return "null"
	case harmonization.Boolean:
		return "the boolean " + v.Text
	case harmonization.Number:
		return "the number " + plain.Clip(v.Text, 40)
	case harmonization.String:
		return "the text " + plain.Quote(plain.Clip(v.Text, 60))
	}
	what := "the object "
	if v.Text[0] == '[' {
		what = "the list "
	}
	return what + plain.Line(plain.Clip(v.Text, 60))
}
