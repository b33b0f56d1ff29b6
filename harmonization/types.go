package harmonization

import "strconv"

// TypeRule is one of the types a field can have.
type TypeRule struct {
	Name     string
	valid    func(Value) bool
	sanitise func(Value) (Value, bool)
}

// Valid returns nil if v is a value of the type exactly as it is.
func (t *TypeRule) Valid(v Value) error {
	if t.valid(v) {
		return nil
	}
	return &ValueError{Type: t.Name, Value: v}
}

// Sanitise returns v in the canonical form of the type.
func (t *TypeRule) Sanitise(v Value) (Value, error) {
	if w, ok := t.sanitise(v); ok {
		return w, nil
	}
	return Value{}, &ValueError{Type: t.Name, Value: v}
}

// ValueError says that a value does not fit a type or a field's constraints.
// Its text is made when it is asked for: most of these errors only decide
// between keeping a value and converting it.
type ValueError struct {
	Type   string
	Value  Value
	Reason string // what was violated if it was not the type: "longer than 5 characters"
}

// Error returns one line such as `not a valid IPAddress: "x"`.
func (e *ValueError) Error() string {
	b := append([]byte("not a valid "), e.Type...)
	if e.Reason != "" {
		b = append(append(b, ", "...), e.Reason...)
	}
	b = append(b, ": "...)
	text := e.Value.Text
	if len(text) > 100 {
		text = clean(text[:100]) + "…"
	}
	switch e.Value.Kind {
	case Null:
		return string(append(b, "null"...))
	case String:
		return string(strconv.AppendQuote(b, text))
	}
	return string(append(b, text...))
}

// Type returns the type of that name.
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
