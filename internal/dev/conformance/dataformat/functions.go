package dataformat

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/archive"
	"github.com/intelpipe/intelpipe/internal/dev/conformance/report"
	"github.com/intelpipe/intelpipe/internal/dev/conformance/vector"
	"github.com/intelpipe/intelpipe/internal/timeformat"
)

// withoutCounterpart says why a function of the reference is not there.
var withoutCounterpart = map[string]string{
	"splitreports.generate_reports":      "pieces of a report are made by the collectors as they read, in no function of its own",
	"splitreports.read_delimited_chunks": "pieces of a report are made by the collectors as they read, in no function of its own",
	"utils.base64_decode":                "called with null, which has no bytes in Go",
	"utils.base64_encode":                "called with null, which has no bytes in Go",
	"utils.decode":                       "text and bytes are one in Go; what is not UTF-8 is the parsers' business",
	"utils.encode":                       "text and bytes are one in Go; what is not UTF-8 is the parsers' business",
	"utils.parse_logline":                "the log is stderr, and nobody reads it back",
	"utils.seconds_to_human":             "there is no log of statistics",
	"utils.version_smaller":              "there is no configuration to upgrade",
}

// checkFunction runs a vector of functions.jsonl.
func checkFunction(line []byte, res *report.Result) error {
	var v struct {
		Function string
		Args     []json.RawMessage
		Kwargs   map[string]json.RawMessage
		Output   json.RawMessage
		Error    string
	}
	if err := json.Unmarshal(line, &v); err != nil {
		return err
	}
	if why := withoutCounterpart[v.Function]; why != "" {
		res.Absent = why
		return nil
	}
	var in harmonization.Value
	if len(v.Args) > 0 {
		in = value(v.Args[0])
	}
	var out harmonization.Value
	var err error
	conversion, isTime := strings.CutPrefix(v.Function, "DateTime.")
	switch {
	case isTime:
		spec := strings.TrimPrefix(conversion, "from_")
		switch conversion {
		case "from_isoformat":
			spec = "utc_isoformat"
		case "convert":
			format := v.Kwargs["format"]
			if len(v.Args) > 1 {
				format = v.Args[1]
			}
			spec = vector.Text(format)
		}
		var convert timeformat.Converter
		if convert, err = timeformat.Parse(spec); err == nil {
			out, err = convert(in, nil)
		}
	case v.Function == "ASN.check_asn":
		typ, _ := harmonization.Type("ASN")
		out = harmonization.Bool(typ.Valid(in) == nil)
	case v.Function == "utils.parse_relative":
		d, bad := timeformat.ParseRelative(in.Text)
		out, err = harmonization.Float(d.Minutes()), bad
	case v.Function == "utils.unzip":
		checkMembers(in.Text, v.Output, res)
		return nil
	default:
		res.Absent = v.Function + " is not known here"
		return nil
	}
	verdict(res, v.Error == "", err)
	if v.Error == "" && err == nil {
		equal(res, "output", v.Output, out)
	}
	return nil
}

// checkMembers compares the files in an archive, and their names if the vector
// has them.
func checkMembers(packed string, output json.RawMessage, res *report.Result) {
	var got [][2]string
	for m, err := range archive.Members(strings.NewReader(packed), archive.Limits{}) {
		var data []byte
		if err == nil {
			data, err = io.ReadAll(m)
		}
		if err != nil {
			res.Add("ok", "an archive", err.Error())
			return
		}
		got = append(got, [2]string{m.Name, string(data)})
	}
	var items []json.RawMessage
	if json.Unmarshal(untuple(output), &items) != nil {
		res.Add("output", string(output), "a list")
		return
	}
	if len(items) != len(got) {
		res.Add("count", string(output), strings.Repeat("file ", len(got)))
		return
	}
	for i, item := range items {
		var pair []json.RawMessage
		if json.Unmarshal(untuple(item), &pair) == nil && len(pair) == 2 {
			if name := value(pair[0]); name.Text != got[i][0] {
				res.Add("name", name.Text, got[i][0])
			}
			item = pair[1]
		}
		if data := value(item); data.Text != got[i][1] {
			res.Add("output", data.Text, got[i][1])
		}
	}
}
