package dataformat

import (
	"bytes"
	"encoding/json"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/dev/conformance/report"
)

// checkType runs a vector of types.jsonl.
func checkType(line []byte, res *report.Result) error {
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
		res.Add("type", v.Type, "no such type")
		return nil
	}
	if marked.Match(v.Input) && !(v.Sanitation && bytes.Contains(v.Input, []byte(`"__bytes__"`))) {
		res.Absent = "bytes and objects of Python are no JSON values"
		return nil
	}
	in := value(v.Input)
	if !v.Sanitation {
		verdict(res, v.OK, typ.Valid(in))
		return nil
	}
	out, err := typ.Sanitise(in)
	if err == nil {
		err = typ.Valid(out)
	}
	verdict(res, v.OK, err)
	if v.OK && err == nil {
		equal(res, "output", v.Output, out)
	}
	return nil
}
