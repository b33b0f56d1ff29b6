package dataformat

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/dev/conformance/compare"
	"github.com/intelpipe/intelpipe/internal/dev/conformance/report"
	"github.com/intelpipe/intelpipe/internal/dev/conformance/vector"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/export"
)

// call is a vector of messages.jsonl.
type call struct {
	Call, Class   string
	Before, After json.RawMessage
	Args          []json.RawMessage
	Kwargs        map[string]json.RawMessage
	Harmonization json.RawMessage
	Output        json.RawMessage
	Error         string
}

// Reasons for operations that are left out.
const (
	noDefault = "a default for keys that are missing is the caller's business"
	noEqual   = "nothing compares whole messages"
	noIgnore  = "values to ignore are left out by the parser that knows them"
	noRebuild = "nothing makes a report of an event"
)

// checkMessage runs a vector of messages.jsonl.
func checkMessage(line []byte, res *report.Result) error {
	var v call
	if err := json.Unmarshal(line, &v); err != nil {
		return err
	}
	var dict *harmonization.Dictionary
	if len(v.Harmonization) > 0 && v.Harmonization[0] == '{' {
		var err error
		if dict, err = harmonization.Load("harmonization.conf", bytes.NewReader(v.Harmonization)); err != nil {
			verdict(res, v.Error == "", err)
			return nil
		}
	}
	m := event.New(event.Event, dict)
	if v.Before != nil {
		if err := m.Decode([]byte(vector.Compact(v.Before))); err != nil {
			return err
		}
	}
	out, err := v.run(m, res)
	if res.Absent != "" {
		return nil
	}
	verdict(res, v.Error == "", err)
	if err == nil && v.Error == "" && v.Output != nil {
		want := unmark(v.Output)
		if strings.HasSuffix(v.Call, "serialize") || v.Call == "to_json" {
			want = json.RawMessage(vector.Text(want)) // JSON in a string: order and blanks do not count
		}
		if a, b := compare.Canonical(want), compare.Canonical(out); a != b {
			res.Add("output", a, b)
		}
	}
	if v.After != nil && v.Call != "new" {
		if a, b := compare.Canonical(v.After), compare.Canonical(withType(m)); a != b {
			res.Add("after", a, b)
		}
	}
	return nil
}

// withType is the message as the reference keeps it: an empty one too has its type.
func withType(m *event.Message) []byte {
	line := m.Append(nil)
	if !bytes.Contains(line, []byte(`"__type"`)) {
		c := m.Clone()
		c.SetText("__type", []byte(`"`+m.Kind.String()+`"`))
		return c.Append(nil)
	}
	return line
}

var (
	yes  = []byte("true")
	no   = []byte("false")
	null = []byte("null")
)

func truth(b bool) []byte {
	if b {
		return yes
	}
	return no
}

// run performs the operation and returns its result as JSON.
func (v *call) run(m *event.Message, res *report.Result) ([]byte, error) {
	key := ""
	if len(v.Args) > 0 && v.Args[0][0] == '"' {
		key = vector.Text(v.Args[0])
	}
	var arg harmonization.Value
	if len(v.Args) > 1 {
		arg = value(v.Args[1])
	}
	switch v.Call {
	case "add":
		return v.add(m, key, arg, res)
	case "change":
		err := m.Change(key, arg)
		if arg.Empty() {
			return null, err
		}
		return yes, err
	case "__setitem__":
		m.SetValue(key, arg)
		return null, m.Err()
	case "update":
		return null, set(m, v.Args[0])
	case "__delitem__":
		m.Delete(key)
		return null, nil
	case "__contains__":
		return truth(m.Has(key)), nil
	case "__getitem__", "get":
		return v.get(m, key, res)
	case "finditems":
		return find(m, key)
	case "is_valid":
		return truth(v.valid(m, key, arg)), nil
	case "hash":
		return v.hash(m)
	case "copy", "deep_copy":
		c := m.Clone()
		m.SetText("comment", null) // must not show in the copy
		defer m.Delete("comment")
		return withType(c), nil
	case "serialize":
		return withType(m), nil
	case "factory.serialize":
		if err := m.Decode([]byte(vector.Compact(unmark(v.Args[0])))); err != nil {
			return nil, err
		}
		return withType(m), nil
	case "to_dict", "to_json":
		flags := export.Flags{
			HierarchicalOutput:      string(v.Kwargs["hierarchical"]) == "true",
			MessageJSONDictAsString: string(v.Kwargs["jsondict_as_string"]) == "true",
			MessageWithType:         string(v.Kwargs["with_type"]) == "true",
			KeepRawField:            true,
		}
		return flags.Append(nil, m)
	case "factory.from_dict":
		if err := m.Decode([]byte(vector.Compact(v.Args[0]))); err != nil {
			return nil, err
		}
		return withType(m), nil
	case "factory.unserialize":
		return nil, m.Decode([]byte(key))
	case "new":
		return v.create(res)
	case "__eq__":
		res.Absent = noEqual
	case "set_default_value":
		res.Absent = noDefault
	default:
		res.Absent = v.Call + " is not known here"
	}
	return nil, nil
}

func (v *call) add(m *event.Message, key string, arg harmonization.Value, res *report.Result) ([]byte, error) {
	if v.Kwargs["ignore"] != nil {
		res.Absent = noIgnore
		return nil, nil
	}
	overwrite := string(v.Kwargs["overwrite"])
	if overwrite == "false" && m.Has(key) {
		return no, nil
	}
	if string(v.Kwargs["sanitize"]) == "false" && !v.valid(m, key, arg) {
		return no, &harmonization.ValueError{Value: arg}
	} else if string(v.Kwargs["sanitize"]) == "false" {
		m.SetText(key, arg.AppendJSON(nil))
		return yes, nil
	}
	if string(v.Kwargs["raise_failure"]) == "false" {
		return truth(m.Try(key, arg)), nil
	}
	var err error
	if overwrite == "true" {
		m.SetValue(key, arg)
		err = m.Err()
	} else {
		err = m.Add(key, arg)
	}
	if arg.Empty() {
		return null, err
	}
	return yes, err
}

// set sets all members of an object.
func set(m *event.Message, members json.RawMessage) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(members, &all); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if key != "__type" {
			field := value(all[key])
			m.SetValue(key, field)
		}
	}
	return m.Err()
}

func (v *call) get(m *event.Message, key string, res *report.Result) ([]byte, error) {
	got, ok := m.Value(key)
	if key == "extra" && !ok && m.Has(key) {
		return extra(m)
	}
	if !ok && v.Error == "" {
		res.Absent = noDefault
	}
	if !ok {
		return nil, event.ErrKeyNotExists
	}
	return got.AppendJSON(nil), nil
}

func (v *call) valid(m *event.Message, key string, arg harmonization.Value) bool {
	if arg.Empty() {
		return false
	}
	kind := harmonization.Event
	if m.Kind == event.Report {
		kind = harmonization.Report
	}
	f, err := m.Dict().Field(kind, key)
	if err != nil {
		return false
	}
	if string(v.Kwargs["sanitize"]) == "false" {
		return f.Valid(arg) == nil
	}
	_, err = f.Sanitise(arg)
	return err == nil
}

func (v *call) hash(m *event.Message) ([]byte, error) {
	var keys struct {
		Set []string `json:"__set__"`
	}
	if raw := v.Kwargs["filter_keys"]; raw != nil {
		if err := json.Unmarshal(raw, &keys); err != nil {
			return nil, err
		}
	}
	slices.Sort(keys.Set)
	sum := m.Hash(keys.Set, string(v.Kwargs["filter_type"]) == `"whitelist"`)
	return []byte(`"` + hex.EncodeToString(sum[:]) + `"`), nil
}

// create makes a message of its members.
func (v *call) create(res *report.Result) ([]byte, error) {
	if len(v.Args) == 0 {
		return null, nil
	}
	if strings.Contains(string(v.Args[0]), `"__message__"`) {
		res.Absent = noRebuild
		return nil, nil
	}
	return null, set(event.New(event.Event, nil), v.Args[0])
}

func find(m *event.Message, prefix string) ([]byte, error) {
	pairs := [][]any{}
	for key, raw := range m.All() {
		if strings.HasPrefix(key, prefix) {
			pairs = append(pairs, []any{key, json.RawMessage(bytes.Clone(raw))})
		}
	}
	text, err := vector.Encode(pairs)
	return []byte(text), err
}

// extra is the extra fields as outputs write them into one column.
func extra(m *event.Message) ([]byte, error) {
	flags := export.Flags{MessageJSONDictAsString: true}
	line, err := flags.Append(nil, m)
	if err != nil {
		return nil, err
	}
	var members struct{ Extra json.RawMessage }
	err = json.Unmarshal(line, &members)
	return members.Extra, err
}
