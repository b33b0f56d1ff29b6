// Package stix reads STIX 2: objects, bundles of them, and what TAXII sends.
package stix

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/indicator"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/refang"
)

// Object is one that stands for events: an indicator or an observable.
type Object struct {
	Text   string          // as it came
	Events []indicator.Set // the fields of each event
	Err    error           // why it cannot be read

	object event.Object
	seen   string // when it was observed
	links  []link
}

// link is a relationship to another object of the bundle.
type link struct {
	Relationship string `json:"relationship"`
	Type         string `json:"type"`
	Name         string `json:"name,omitempty"`
}

// Objects yields the objects that stand for events, of a bundle, of the answer of
// a TAXII server, or the one that there is. Others make no event. What is left out
// of an indicator is told by warn.
func Objects(o *event.Object, warn func(format string, args ...any)) iter.Seq[*Object] {
	return func(yield func(*Object) bool) {
		list := []json.RawMessage{json.RawMessage(o.Text())}
		if o.Has("objects") && (o.Get("type") == "bundle" || !o.Has("type")) {
			if err := json.Unmarshal([]byte(o.Value("objects").Text), &list); err != nil {
				yield(&Object{Text: string(o.Text()), Err: errors.New("objects is no list")})
				return
			}
		} else if o.Get("type") == "bundle" || !o.Has("type") && (o.Has("more") || o.Has("next")) {
			return // there are none
		}
		c := newContext(list)
		for _, text := range list {
			for _, object := range c.read(string(text), warn) {
				if !yield(object) {
					return
				}
			}
		}
	}
}

// context is what the objects of a bundle say of each other.
type context struct {
	links map[string][]link
	seen  map[string]string
}

// newContext looks for relationships and observations. What cannot be read is
// found out later.
func newContext(texts []json.RawMessage) *context {
	c := &context{map[string][]link{}, map[string]string{}}
	if len(texts) < 2 {
		return c
	}
	objects := make([]event.Object, len(texts))
	names := map[string]string{}
	for i, text := range texts {
		o := &objects[i]
		if o.Parse(text) != nil {
			continue
		}
		names[o.Get("id")] = o.Get("name")
		if o.Get("type") == "observed-data" {
			for _, ref := range list(o, "object_refs") {
				c.seen[ref] = o.Get("first_observed")
			}
		}
	}
	for i := range objects {
		o := &objects[i]
		if o.Get("type") == "relationship" {
			target := o.Get("target_ref")
			typ, _, _ := strings.Cut(target, "--")
			source := o.Get("source_ref")
			c.links[source] = append(c.links[source], link{o.Get("relationship_type"), typ, names[target]})
		}
	}
	return c
}

// read makes of an object what stands for events.
func (c *context) read(text string, warn func(string, ...any)) []*Object {
	o := &Object{Text: text}
	if o.Err = o.object.Parse([]byte(text)); o.Err != nil {
		return []*Object{o}
	}
	id := o.object.Get("id")
	o.links, o.seen = c.links[id], c.seen[id]
	switch typ := o.object.Get("type"); {
	case typ == "":
		o.Err = errors.New("type is missing: this is no object of STIX")
	case o.object.Get("revoked") == "true":
		warn("%s is left out: it has been revoked", id)
		return nil
	case typ == "indicator":
		if slices.Contains(list(&o.object, "indicator_types"), "benign") {
			warn("%s is left out: it is an indicator of what is benign", id)
			return nil
		}
		if kind := o.object.Get("pattern_type"); kind != "stix" && kind != "" {
			warn("%s: pattern_type %s is not read", id, kind)
			return nil
		}
		o.seen = o.object.Get("valid_from")
		if o.seen == "" {
			o.seen = "1970-01-01T00:00:00Z" // as the reference does
		}
		if o.Events, o.Err = Pattern(o.object.Get("pattern")); o.Err == nil && len(o.Events) == 0 {
			warn("%s: nothing in the pattern is a field of an event: %.100s", id, o.object.Get("pattern"))
		}
	case typ == "observed-data":
		return embedded(&o.object)
	default:
		o.Events = observable(&o.object)
	}
	if o.Err == nil && o.Events == nil {
		return nil
	}
	return []*Object{o}
}

// list is a member that is a list of texts.
func list(o *event.Object, name string) (list []string) {
	if json.Unmarshal([]byte(o.Value(name).Text), &list) != nil {
		return nil
	}
	return list
}

// embedded are the observables in an observation of STIX 2.0.
func embedded(o *event.Object) (list []*Object) {
	var all event.Object
	if all.Parse([]byte(o.Value("objects").Text)) != nil {
		return nil
	}
	for _, text := range all.All {
		inner := &Object{Text: string(text), seen: o.Get("first_observed")}
		if inner.Err = inner.object.Parse(text); inner.Err == nil {
			inner.Events = observable(&inner.object)
		}
		if inner.Err != nil || inner.Events != nil {
			list = append(list, inner)
		}
	}
	return list
}

// observable is the event that an observable stands for, if any.
func observable(o *event.Object) []indicator.Set {
	var set indicator.Set
	add := func(path, value string) {
		if o.Get("defanged") == "true" {
			value, _ = refang.Word(value)
		}
		if f := Field(o.Get("type")+":"+path, value); f.Key != "" {
			set = append(set, f)
		}
	}
	add("value", o.Get("value"))
	add("number", o.Get("number"))
	var hashes event.Object
	if hashes.Parse([]byte(o.Value("hashes").Text)) == nil {
		for name := range hashes.All {
			add("hashes."+name, hashes.Get(name))
		}
	}
	if set == nil {
		return nil
	}
	return []indicator.Set{set}
}

// All are the fields of each event. An object that cannot be read makes one, which
// fails.
func (o *Object) All() []indicator.Set {
	if o.Err != nil {
		return []indicator.Set{nil}
	}
	return o.Events
}

// Fill stores what the object says, and the fields of one of its events.
func (o *Object) Fill(e *event.Message, fields indicator.Set) {
	if o.Err != nil {
		e.Fail(o.Err)
		return
	}
	e.Set("classification.type", "undetermined")
	e.SetIf("comment", o.object.Get("description"))
	e.SetIf("time.source", o.seen)
	for _, name := range []string{"labels", "indicator_types", "confidence"} {
		if v := o.object.Value(name); !v.Empty() {
			e.SetValue("extra."+name, v)
		}
	}
	for _, f := range fields {
		e.Set(f.Key, f.Value)
	}
	var phases []struct {
		Chain string `json:"kill_chain_name"`
		Phase string `json:"phase_name"`
	}
	if json.Unmarshal([]byte(o.object.Value("kill_chain_phases").Text), &phases) == nil && len(phases) > 0 {
		var names []string
		for _, p := range phases {
			names = append(names, p.Chain+":"+p.Phase)
		}
		setList(e, "extra.kill_chain", names)
	}
	if len(o.links) > 0 {
		setList(e, "extra.relationships", o.links)
	}
	for _, l := range o.links {
		if l.Type == "malware" && l.Name != "" && !e.Has("malware.name") {
			e.Try("malware.name", harmonization.Text(l.Name))
		}
	}
}

// setList stores a list.
func setList(e *event.Message, key string, list any) {
	text, err := json.Marshal(list)
	if err != nil {
		e.Fail(fmt.Errorf("%s: %w", key, err))
		return
	}
	e.SetText(key, text)
}
