package conformance

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"regexp"

	"github.com/intelpipe/intelpipe/harmonization"
)

// Core checks the data format, which needs no command: its types, the
// operations on messages, and what helper functions there are.
func Core(dir string) ([]Result, error) {
	var results []Result
	for _, part := range []struct {
		name  string
		check func(line []byte, res *Result) error
	}{
		{"types", checkType}, {"messages", checkMessage}, {"functions", checkFunction},
	} {
		err := readLines(filepath.Join(dir, part.name+".jsonl"), func(line []byte) error {
			res := Result{Command: part.name, parameters: map[string]any{}}
			var id struct{ ID string }
			if err := json.Unmarshal(line, &id); err != nil {
				return err
			}
			v, err := decode(line)
			if err != nil {
				return err
			}
			res.ID = id.ID
			res.parameters, _ = v.(map[string]any)
			if err := part.check(line, &res); err != nil {
				return err
			}
			results = append(results, res)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return results, nil
}

// checkType runs a vector of types.jsonl.
func checkType(line []byte, res *Result) error {
	var v struct {
		Type           string
		Input, Output  json.RawMessage
		Sanitation, OK bool
	}
	if err := json.Unmarshal(line, &v); err != nil {
		return err
	}
	if v.Type == "GenericType" {
		v.Type = "String" // the base class of the reference's types
	}
	typ, ok := harmonization.Type(v.Type)
	if !ok {
		res.add("type", v.Type, "no such type")
		return nil
	}
	if marked.Match(v.Input) && !(v.Sanitation && bytes.Contains(v.Input, []byte(`"__bytes__"`))) {
		res.Absent = "bytes and objects of Python are no JSON values"
		return nil
	}
	in := value(v.Input)
	if !v.Sanitation {
		res.verdict(v.OK, typ.Valid(in))
		return nil
	}
	out, err := typ.Sanitise(in)
	if err == nil {
		err = typ.Valid(out)
	}
	res.verdict(v.OK, err)
	if v.OK && err == nil {
		res.equal("output", v.Output, out)
	}
	return nil
}

func (res *Result) add(part, want, got string) {
	res.Diffs = append(res.Diffs, Diff{Part: part, Want: want, Got: got})
}

// verdict compares whether something is valid.
func (res *Result) verdict(want bool, err error) {
	switch {
	case want && err != nil:
		res.add("ok", "valid", err.Error())
	case !want && err == nil:
		res.add("ok", "not valid", "valid")
	}
}

// equal compares a value with the JSON text of a vector.
func (res *Result) equal(part string, want json.RawMessage, got harmonization.Value) {
	w := value(want)
	if a, b := canonicalText(w.AppendJSON(nil)), canonicalText(got.AppendJSON(nil)); a != b {
		res.add(part, a, b)
	}
}

func canonicalText(text []byte) string {
	v, err := decode(text)
	if err != nil {
		return string(text)
	}
	return canonical(v)
}

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
