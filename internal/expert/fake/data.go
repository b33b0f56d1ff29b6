package fake

import (
	"fmt"
	"net/netip"
	"os"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/python/value"
)

// data is what events get.
type data struct {
	networks []netip.Prefix
	fields   []field // in the order of the file
}

// field is one that gets one of its values.
type field struct {
	key    string
	values []harmonization.Value
}

// second is the second address of a network, or the only one.
func second(p netip.Prefix) netip.Addr {
	if next := p.Addr().Next(); p.Contains(next) {
		return next
	}
	return p.Addr()
}

// document is a file that is read.
type document struct{ path, text string }

// wrong is an error at an offset of the file.
func (d *document) wrong(at int, format string, args ...any) error {
	return fmt.Errorf("%s: %w", json.Place(d.path, d.text, at), fmt.Errorf(format, args...))
}

// load reads the data.
func load(path string, dictionary *harmonization.Dictionary) (*data, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	d := &document{path, string(text)}
	if err := json.CheckOnce(d.text); err != nil {
		return nil, json.InFile(path, err)
	}
	top, _ := value.Parse(d.text)
	if err := d.object(top); err != nil {
		return nil, err
	}
	made := &data{}
	for i, key := range top.Keys {
		switch n := top.Items[i]; key {
		case "ip_network":
			made.networks, err = d.networks(n)
		case "event_fields":
			made.fields, err = d.fields(n, dictionary)
		default:
			err = d.wrong(n.At, "unknown member %s; ip_network and event_fields are known", plain.Quote(key))
		}
		if err != nil {
			return nil, err
		}
	}
	return made, nil
}

// object refuses what is no object.
func (d *document) object(n value.Node) error {
	if n.Value.Kind != value.Compound || n.List {
		return d.wrong(n.At, "an object is expected")
	}
	return nil
}

func (d *document) networks(n value.Node) (all []netip.Prefix, err error) {
	if !n.List {
		return nil, d.wrong(n.At, "ip_network is a list of networks")
	}
	for _, item := range n.Items {
		p, err := netip.ParsePrefix(item.Value.Text)
		if item.Value.Kind != value.String || err != nil || p != p.Masked() {
			return nil, d.wrong(item.At, "a network is expected, such as \"192.0.2.0/24\", with no bits behind its length")
		}
		all = append(all, p)
	}
	return all, nil
}

func (d *document) fields(n value.Node, dictionary *harmonization.Dictionary) (all []field, err error) {
	if err := d.object(n); err != nil {
		return nil, err
	}
	for i, key := range n.Keys {
		item := n.Items[i]
		known, err := dictionary.Field(harmonization.Event, key)
		if err != nil {
			return nil, d.wrong(item.At, "%w", err)
		}
		f := field{key: key}
		if f.values, err = d.values(item); err != nil {
			return nil, err
		}
		for _, v := range f.values {
			if _, err := known.Sanitise(v); err != nil {
				return nil, d.wrong(item.At, "%s: %w", key, err)
			}
		}
		all = append(all, f)
	}
	return all, nil
}

// values returns what a field may get.
func (d *document) values(n value.Node) (all []harmonization.Value, err error) {
	if err := d.object(n); err != nil {
		return nil, err
	}
	mode := false
	for i, key := range n.Keys {
		switch item := n.Items[i]; {
		case key == "mode" && item.Value == harmonization.Text("random_single_value"):
			mode = true
		case key == "mode":
			return nil, d.wrong(item.At, "unknown mode; random_single_value is known")
		case key == "values" && item.List && len(item.Items) > 0:
			for _, v := range item.Items {
				end := json.Skip(d.text, v.At)
				all = append(all, harmonization.JSON(d.text[v.At:end]))
			}
		case key == "values":
			return nil, d.wrong(item.At, "values is a list of at least one value")
		default:
			return nil, d.wrong(item.At, "unknown member %s; mode and values are known", plain.Quote(key))
		}
	}
	if !mode || all == nil {
		return nil, d.wrong(n.At, "both mode and values are needed")
	}
	return all, nil
}
