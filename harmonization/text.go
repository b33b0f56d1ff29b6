package harmonization

import (
	"encoding/base64"
	"strings"
	"unsafe"

	"github.com/intelpipe/intelpipe/harmonization/vocabulary"
	"github.com/intelpipe/intelpipe/internal/python/binascii"
	"github.com/intelpipe/intelpipe/internal/python/str"
)

// The text types. White space and case are Python's, which cover all of Unicode.

func validString(v Value) bool { return v.Kind == String && v.Text != "" }

// sanitiseString converts any value to text and removes white space from both ends.
func sanitiseString(v Value) (Value, bool) {
	if v.Kind == String && str.Tight(v.Text) && str.IsASCII(v.Text) {
		return v, true
	}
	switch v.Kind {
	case Null:
		return v, false
	case String:
	default:
		v = Text(v.Python())
	}
	v.Text = str.Clean(v.Text)
	return v, v.Text != ""
}

func validLower(v Value) bool {
	if v.Kind != String || v.Text == "" {
		return false
	}
	return str.NoUpper(v.Text) || str.Lower(v.Text) == v.Text
}

func sanitiseLower(v Value) (Value, bool) {
	if v.Kind != String {
		return v, false
	}
	if str.Tight(v.Text) && str.NoUpper(v.Text) {
		return v, true
	}
	v.Text = str.Lower(str.Clean(v.Text))
	return v, v.Text != ""
}

func validUpper(v Value) bool {
	if v.Kind != String || v.Text == "" {
		return false
	}
	return str.NoLower(v.Text) || str.Upper(v.Text) == v.Text
}

func sanitiseUpper(v Value) (Value, bool) {
	if v.Kind != String {
		return v, false
	}
	if str.Tight(v.Text) && str.NoLower(v.Text) {
		return v, true
	}
	v.Text = str.Upper(str.Clean(v.Text))
	return v, v.Text != ""
}

// validBase64 takes a text from which Python decodes at least one byte.
func validBase64(v Value) bool {
	return v.Kind == String && v.Text != "" && binascii.DecodesBase64(v.Text)
}

// sanitiseBase64 encodes the text of any value, even if it is base64 already.
func sanitiseBase64(v Value) (Value, bool) {
	switch v.Kind {
	case Null:
		return v, false
	case String:
	default:
		v = Text(v.Python())
	}
	s := v.Text
	if s == "" {
		return v, false
	}
	b := make([]byte, base64.StdEncoding.EncodedLen(len(s)))
	base64.StdEncoding.Encode(b, unsafe.Slice(unsafe.StringData(s), len(s)))
	v.Text = unsafe.String(unsafe.SliceData(b), len(b))
	return v, true
}

func validTaxonomy(v Value) bool { return v.Kind == String && vocabulary.IsTaxonomy(v.Text) }

func sanitiseTaxonomy(v Value) (Value, bool) {
	if v.Kind != String || vocabulary.IsTaxonomy(v.Text) {
		return v, v.Kind == String
	}
	v.Text = vocabulary.TodaysTaxonomy(str.Lower(str.Clean(v.Text)))
	return v, vocabulary.IsTaxonomy(v.Text)
}

func validType(v Value) bool {
	_, ok := vocabulary.Taxonomy(v.Text)
	return ok && v.Kind == String
}

func sanitiseType(v Value) (Value, bool) {
	if v.Kind != String {
		return v, false
	}
	if _, ok := vocabulary.Taxonomy(v.Text); ok {
		return v, true
	}
	v.Text = vocabulary.TodaysType(str.Lower(str.Clean(v.Text)))
	return v, validType(v)
}

func validRegistry(v Value) bool { return v.Kind == String && vocabulary.IsRegistry(v.Text) }

func sanitiseRegistry(v Value) (Value, bool) {
	if v.Kind != String || vocabulary.IsRegistry(v.Text) {
		return v, v.Kind == String
	}
	v.Text = str.Upper(str.Clean(v.Text))
	if v.Text == "RIPENCC" || v.Text == "RIPE-NCC" {
		v.Text = "RIPE"
	}
	return v, vocabulary.IsRegistry(v.Text)
}

func validTLP(v Value) bool { return v.Kind == String && vocabulary.IsTLP(v.Text) }

func sanitiseTLP(v Value) (Value, bool) {
	if v.Kind != String || vocabulary.IsTLP(v.Text) {
		return v, v.Kind == String
	}
	s := str.Upper(str.Clean(v.Text))
	if rest, ok := strings.CutPrefix(s, "TLP"); ok {
		s = str.Strip(strings.TrimPrefix(str.Strip(rest), ":"))
	}
	if s == "YELLOW" {
		s = "AMBER"
	}
	v.Text = s
	return v, vocabulary.IsTLP(s)
}
