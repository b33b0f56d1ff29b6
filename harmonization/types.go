package harmonization

import (
	"errors"
	"fmt"

	"github.com/intelpipe/intelpipe/harmonization/vocabulary"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/python/datetime"
	"github.com/intelpipe/intelpipe/internal/python/dateutil"
	"github.com/intelpipe/intelpipe/internal/python/str"
)

// TypeRule is a type that a field can have.
type TypeRule struct {
	Name     string
	valid    func(Value) bool
	sanitise func(Value) (Value, bool)
}

// Valid returns nil if v is a value of the type, else a [*ValueError].
func (t *TypeRule) Valid(v Value) error {
	if t.valid(v) {
		return nil
	}
	return &ValueError{Type: t.Name, Value: v}
}

// Sanitise converts v to the canonical form of the type. The error is a [*ValueError].
func (t *TypeRule) Sanitise(v Value) (Value, error) {
	if w, ok := t.sanitise(v); ok {
		return w, nil
	}
	return Value{}, &ValueError{Type: t.Name, Value: v}
}

// SanitiseAs is [TypeRule.Sanitise] with a Reading for times that are ambiguous. The
// reading may be nil, and types other than DateTime ignore it.
func (t *TypeRule) SanitiseAs(v Value, r *Reading) (Value, error) {
	if r == nil || t.Name != "DateTime" {
		return t.Sanitise(v)
	}
	if w, ok := sanitiseTimeAs(v, r); ok {
		return w, nil
	}
	return Value{}, &ValueError{Type: t.Name, Value: v, reading: r}
}

// ValueError is the error for a value that does not fit a type or the constraints of a
// field. Most of these errors only decide whether to keep a value or to convert it, so
// the text is made when Error is called.
type ValueError struct {
	Type   string
	Value  Value
	Reason string // the constraint that is violated, as "longer than 5 characters"; "" for the type

	reading *Reading
}

// Error returns one line such as `not a valid IPAddress: "x"`. Where it can, it adds what
// is wrong with the value or what was probably meant.
func (e *ValueError) Error() string {
	b := append([]byte("not a valid "), e.Type...)
	if e.Reason != "" {
		b = append(append(b, ", "...), e.Reason...)
	}
	b = append(b, ": "...)
	switch e.Value.Kind {
	case Null:
		b = append(b, "null"...)
	case String:
		b = append(b, plain.Quote(e.Value.Text)...)
	default:
		b = append(b, plain.Line(plain.Clip(e.Value.Text, 100))...)
	}
	if why := e.explain(); why != "" && e.Reason == "" {
		b = append(append(b, "; "...), why...)
	}
	return string(b)
}

// explain returns what is wrong with a value that is not of its type, or "".
func (e *ValueError) explain() string {
	v, text := e.Value, str.Clean(e.Value.Text)
	if v.Kind != String || text == "" {
		return ""
	}
	switch e.Type {
	case "DateTime":
		_, err := dateutil.Parse(text, e.reading)
		if bad := (*datetime.Error)(nil); errors.As(err, &bad) && bad.Word != text {
			return bad.Error()
		}
	case "JSON":
		if json.IsTooDeep(text) {
			return json.TooDeep
		}
	case "JSONDict":
		if err := json.Check(text); err != nil && text[0] == '{' {
			return err.Error()
		}
		return `an object with a member is expected, as {"name": 1}`
	case "FQDN":
		if _, ok := sanitiseAddress(v); ok {
			return "it is an address"
		}
	default:
		return vocabulary.Suggest(e.Type, text)
	}
	return ""
}

// Type returns the type of a name such as IPAddress. It returns false for other names.
func Type(name string) (*TypeRule, bool) {
	for i := range types {
		if types[i].Name == name {
			return &types[i], true
		}
	}
	return nil, false
}

// types are all types, by name.
var types = [...]TypeRule{
	{"ASN", validASN, sanitiseASN},
	{"Accuracy", validAccuracy, sanitiseAccuracy},
	{"Base64", validBase64, sanitiseBase64},
	{"Boolean", validBoolean, sanitiseBoolean},
	{"ClassificationTaxonomy", validTaxonomy, sanitiseTaxonomy},
	{"ClassificationType", validType, sanitiseType},
	{"DateTime", validTime, sanitiseTime},
	{"FQDN", validName, sanitiseName},
	{"Float", validFloat, sanitiseFloat},
	{"IPAddress", validAddress, sanitiseAddress},
	{"IPNetwork", validNetwork, sanitiseNetwork},
	{"Integer", validInteger, sanitiseInteger},
	{"JSON", validJSON, sanitiseJSON},
	{"JSONDict", validDict, sanitiseDict},
	{"LowercaseString", validLower, sanitiseLower},
	{"Registry", validRegistry, sanitiseRegistry},
	{"String", validString, sanitiseString},
	{"TLP", validTLP, sanitiseTLP},
	{"URL", validURL, sanitiseURL},
	{"UppercaseString", validUpper, sanitiseUpper},
}

// anyType is the type of the keys below a JSONDict field.
var anyType = TypeRule{"JSON value", validAny, sanitiseAny}

func unknownType(name string) error {
	names := make([]string, len(types))
	for i := range types {
		names[i] = types[i].Name
	}
	return fmt.Errorf("unknown type %s; %s", plain.Quote(name), vocabulary.DidYouMean(name, names))
}
