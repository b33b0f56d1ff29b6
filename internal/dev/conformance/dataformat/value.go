package dataformat

import (
	"encoding/json"
	"regexp"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/dev/conformance/compare"
	"github.com/intelpipe/intelpipe/internal/dev/conformance/report"
	"github.com/intelpipe/intelpipe/internal/dev/conformance/vector"
)

// marked is a value that JSON lacks.
var marked = regexp.MustCompile(`^\{"__(bytes|datetime|float|ip|regex|tuple|set|error)__":`)

// value makes a value of a vector's. Bytes become text.
func value(raw json.RawMessage) harmonization.Value {
	if raw == nil {
		return harmonization.Value{}
	}
	var special struct {
		Bytes []byte `json:"__bytes__"`
	}
	if marked.Match(raw) && json.Unmarshal(raw, &special) == nil && special.Bytes != nil {
		return harmonization.Text(string(special.Bytes))
	}
	return harmonization.JSON(string(raw))
}

// unmark takes the marks off messages and tuples.
func unmark(raw json.RawMessage) json.RawMessage {
	var m struct {
		Message json.RawMessage `json:"__message__"`
	}
	if raw[0] == '{' && json.Unmarshal(raw, &m) == nil && m.Message != nil {
		return m.Message
	}
	var items []json.RawMessage
	if raw[0] == '[' && json.Unmarshal(raw, &items) == nil {
		for i := range items {
			items[i] = untuple(items[i])
		}
		if text, err := vector.Encode(items); err == nil {
			return json.RawMessage(text)
		}
	}
	return raw
}

// untuple takes the mark off a tuple.
func untuple(raw json.RawMessage) json.RawMessage {
	var t struct {
		Items json.RawMessage `json:"__tuple__"`
	}
	if len(raw) > 0 && raw[0] == '{' && json.Unmarshal(raw, &t) == nil && t.Items != nil {
		return t.Items
	}
	return raw
}

// verdict compares whether something is valid.
func verdict(res *report.Result, want bool, err error) {
	switch {
	case want && err != nil:
		res.Add("ok", "valid", err.Error())
	case !want && err == nil:
		res.Add("ok", "not valid", "valid")
	}
}

// equal compares a value with the JSON text of a vector.
func equal(res *report.Result, part string, want json.RawMessage, got harmonization.Value) {
	w := value(want)
	if a, b := compare.Canonical(w.AppendJSON(nil)), compare.Canonical(got.AppendJSON(nil)); a != b {
		res.Add(part, a, b)
	}
}
