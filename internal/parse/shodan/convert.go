package shodan

import (
	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/json"
)

// converter returns what is done to a part, or nil.
func converter(name string) feed.Converter {
	switch name {
	case "coap.resources", "http.components", "mac", "rsync.modules":
		return keys
	case "ftp.features", "vulns":
		return identified
	case "opts.ldap.supportedControl", "opts.ldap.supportedLDAPVersion":
		return several
	case "ssl.cert.serial", "ssl.dhparams.generator":
		return text
	}
	return nil
}

// domain is the first of a list that is a domain.
func domain(v harmonization.Value, r *feed.Record) (harmonization.Value, error) {
	var names []json.RawMessage
	if json.Unmarshal([]byte(v.Text), &names) != nil {
		return harmonization.Value{}, nil
	}
	d := r.Event().Dict()
	for _, name := range names {
		if name, err := d.CheckValue(harmonization.Event, "source.fqdn", harmonization.JSON(string(name))); err == nil && !name.Empty() {
			return name, nil
		}
	}
	return harmonization.Value{}, nil
}

// keys is the list of the names of an object's members.
func keys(v harmonization.Value, _ *feed.Record) (harmonization.Value, error) {
	var o event.Object
	if v.Kind != harmonization.Compound || o.Parse([]byte(v.Text)) != nil {
		return harmonization.Value{}, nil
	}
	names := []string{}
	for name := range o.All {
		names = append(names, name)
	}
	return harmonization.JSON(string(list(names))), nil
}

// identified is the list of the objects in an object, each with its name.
func identified(v harmonization.Value, _ *feed.Record) (harmonization.Value, error) {
	var o, member event.Object
	if v.Kind != harmonization.Compound || o.Parse([]byte(v.Text)) != nil {
		return harmonization.Value{}, nil
	}
	out := []byte{'['}
	for name, text := range o.All {
		if member.Parse(text) != nil {
			return harmonization.Value{}, nil
		}
		if len(out) > 1 {
			out = append(out, ", "...)
		}
		out = append(out, '{')
		for key, value := range member.All {
			if key != "identifier" {
				out = append(json.AppendString(out, key), ": "...)
				out = append(append(out, value...), ", "...)
			}
		}
		out = append(out, `"identifier": `...)
		out = append(json.AppendString(out, name), '}')
	}
	return harmonization.JSON(string(append(out, ']'))), nil
}

// several makes a list of what is none.
func several(v harmonization.Value, _ *feed.Record) (harmonization.Value, error) {
	if v.Empty() || v.Kind == harmonization.Compound && v.Text[0] == '[' {
		return v, nil
	}
	return harmonization.JSON("[" + string(v.AppendJSON(nil)) + "]"), nil
}

// text is a number as text.
func text(v harmonization.Value, _ *feed.Record) (harmonization.Value, error) {
	if v.Kind == harmonization.Null {
		return v, nil
	}
	return harmonization.Text(v.Python()), nil
}

// list is a list of texts as JSON.
func list(names []string) []byte {
	text, _ := json.Marshal(names) // texts always have JSON
	return text
}
