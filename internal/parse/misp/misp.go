// Package misp implements parse-misp.
//
// parse-misp: parse MISP events, from its API, a MISP feed or an export
//
// Input is a MISP event in JSON, as collect-misp sends it, a file of a MISP feed
// ({"Event":…}), an export ({"response":[…]}), or several of these. Each attribute
// of a kind that has a field makes an event, those of objects too:
//
//	domain, hostname     source.fqdn          url           source.url
//	ip-src, ip-dst       source.ip, or source.network of a network
//	email-src            source.account       md5, sha1, sha256  malware.hash.…
//
// Pairs of them have both fields: domain|ip, ip-dst|port (source.port), and a hash
// behind filename|. The category of an attribute has to be one of Payload delivery,
// Artifacts dropped, Payload installation and Network activity. The first tag of the
// taxonomy ecsirt that is known gives the type. feed.url is where the MISP instance
// is; with it the event gets the address of the MISP event as
// event_description.url.
//
// An attribute that is wrong goes into the dump, as a MISP event of its own, and the
// others make events. A MISP event may have 16 MiB.
//
// # Examples
//
//	echo '{"Event":{"uuid":"5a3c2b10-0000-4000-8000-0000c0a80101","Tag":[
//	  {"name":"ecsirt:fraud=\"phishing\""}],"Attribute":[{"type":"ip-src",
//	  "category":"Network activity","value":"192.0.2.1","comment":"",
//	  "uuid":"5a3c2b10-0000-4000-8000-0000c0a80102",
//	  "timestamp":"1769854830"}]}}' | parse-misp
package misp

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/indicator"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/timeformat"
)

// Command has no flags of its own.
type Command struct{}

// Process makes events of each MISP event.
func (*Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	for x := range feed.Objects(report, emit) {
		for _, text := range unwrapped(&x.Object) {
			if err := events(x, text, emit); err != nil {
				return err
			}
		}
	}
	return nil
}

// unwrapped are the MISP events in an object.
func unwrapped(o *event.Object) (list []string) {
	switch inner := o.Value("Event"); {
	case inner.Kind == harmonization.Compound && inner.Text[0] == '{':
		return []string{inner.Text}
	case !o.Has("response"):
		return []string{string(o.Text())}
	}
	var all []json.RawMessage
	response := o.Value("response").Text
	if json.Unmarshal([]byte(response), &all) != nil {
		all = []json.RawMessage{json.RawMessage(response)} // an older form, with one event
	}
	for _, text := range all {
		var element event.Object
		if element.Parse(text) != nil {
			list = append(list, string(text))
			continue
		}
		list = append(list, unwrapped(&element)...)
	}
	return list
}

// source is a MISP event.
type source struct {
	Attribute []json.RawMessage
	Object    []struct{ Attribute []json.RawMessage }
	Tag       []struct{ Name string }
}

// events makes the events of a MISP event, or one that has failed.
func events(x *feed.Element, text string, emit stage.Emit) error {
	var s source
	var o event.Object
	err := o.Parse([]byte(text))
	switch {
	case err != nil:
	case !o.Has("uuid"), !o.Has("Attribute"):
		err = errors.New("uuid or Attribute is missing")
	case json.Unmarshal([]byte(text), &s) != nil:
		err = errors.New("one of Attribute, Object and Tag is no list of objects")
	}
	all := s.Attribute
	for _, object := range s.Object {
		all = append(all, object.Attribute...)
	}
	attributes := make([]event.Object, len(all))
	var malware *event.Object
	for i := range all {
		if err != nil {
			break
		}
		if err = attributes[i].Parse(all[i]); attributes[i].Get("category") == "Payload type" {
			malware = &attributes[i]
		}
	}
	if err != nil {
		e := x.Piece(text)
		e.Fail(err)
		return emit(e)
	}
	typ, identifier := classify(s.Tag)
	for i := range attributes {
		a := &attributes[i]
		keys := fields(a)
		if keys == "" {
			continue
		}
		e := x.Piece(harmonization.JSON(string(a.Text())).Dumps())
		e.SetIf("classification.type", typ)
		e.SetIf("classification.identifier", identifier)
		if malware != nil {
			e.Try("malware.name", harmonization.Text(strings.ToLower(malware.Get("value"))))
		}
		e.SetIf("event_description.url", address(e.Get("feed.url"), o.Get("id")))
		e.Set("misp.event_uuid", o.Get("uuid"))
		if err := set(e, a, keys); err != nil {
			e.Fail(err)
		}
		if err := e.Err(); err != nil {
			e.Release()
			e = x.Piece(alone(&o, malware, a))
			e.Fail(err)
		}
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

// alone is a MISP event that has one of its attributes alone, and what is said of
// malware.
func alone(o, malware, a *event.Object) string {
	text := []byte{'{'}
	for _, name := range []string{"id", "uuid", "Tag"} {
		if o.Has(name) {
			text = append(json.AppendString(text, name), ':')
			text = append(o.Value(name).AppendJSON(text), ',')
		}
	}
	text = append(text, `"Attribute":[`...)
	if malware != nil {
		text = append(append(text, malware.Text()...), ',')
	}
	return string(append(text, a.Text()...)) + "]}"
}

// fields is what an attribute becomes, or nothing: of a pair two fields, with | between
// them.
func fields(a *event.Object) string {
	if !slices.Contains(categories[:], a.Get("category")) {
		return ""
	}
	field, _ := types.Find(a.Get("type"))
	return field
}

// set stores what an attribute says.
func set(e *event.Message, a *event.Object, keys string) error {
	for _, name := range []string{"value", "uuid", "comment", "timestamp"} {
		if !a.Has(name) {
			return fmt.Errorf("%s of an attribute is missing", name)
		}
	}
	value := a.Value("value")
	if first, second, ok := strings.Cut(keys, "|"); ok {
		i := strings.LastIndexByte(value.Text, '|')
		if i < 0 {
			return fmt.Errorf("%s: a value with | in it is expected, not %.60q", a.Get("type"), value.Text)
		}
		setOne(e, first, harmonization.Text(value.Text[:i]))
		setOne(e, second, harmonization.Text(value.Text[i+1:]))
	} else {
		setOne(e, keys, value)
	}
	e.SetIf("misp.attribute_uuid", a.Get("uuid"))
	e.SetIf("comment", a.Get("comment"))
	e.Set("event_description.text", a.Get("category"))
	seen, err := timeformat.Epoch(a.Value("timestamp"), nil)
	if err != nil {
		return fmt.Errorf("time.source: %w", err)
	}
	e.SetValue("time.source", seen)
	return nil
}

// setOne stores a value, unless there is no field for it. What has an address may have a
// network.
func setOne(e *event.Message, key string, v harmonization.Value) {
	if key == "" {
		return
	}
	if key == "source.ip" && indicator.SourceField(v.Text) == "source.network" {
		key = "source.network"
	}
	e.SetValue(key, v)
}

// address is where MISP shows an event.
func address(instance, id string) string {
	base, err := url.Parse(instance)
	if err != nil || instance == "" || id == "" {
		return ""
	}
	return base.JoinPath().ResolveReference(&url.URL{Path: "events/view/" + id}).String()
}

// classify finds the first tag that is known.
func classify(tags []struct{ Name string }) (typ, identifier string) {
	for _, tag := range tags {
		name, ok := strings.CutPrefix(tag.Name, "ecsirt:")
		if !ok {
			continue
		}
		if name == `information-content-security="dropzone"` {
			identifier = "dropzone"
		}
		if typ == "" {
			typ, _ = ecsirt.Find(name)
		}
	}
	return typ, identifier
}

var categories = [...]string{"Payload delivery", "Artifacts dropped", "Payload installation", "Network activity"}

var types = feed.Words{
	{"domain", "source.fqdn"},
	{"hostname", "source.fqdn"},
	{"ip-src", "source.ip"},
	{"ip-dst", "source.ip"},
	{"url", "source.url"},
	{"email-src", "source.account"},
	{"md5", "malware.hash.md5"},
	{"sha1", "malware.hash.sha1"},
	{"sha256", "malware.hash.sha256"},
	{"domain|ip", "source.fqdn|source.ip"},
	{"hostname|port", "source.fqdn|source.port"},
	{"ip-src|port", "source.ip|source.port"},
	{"ip-dst|port", "source.ip|source.port"},
	{"filename|md5", "|malware.hash.md5"},
	{"filename|sha1", "|malware.hash.sha1"},
	{"filename|sha256", "|malware.hash.sha256"},
}

var ecsirt = feed.Words{
	{`fraud="phishing"`, "phishing"},
	{`availability="ddos"`, "ddos"},
	{`abusive-content="spam"`, "spam"},
	{`information-gathering="scanner"`, "scanner"},
	{`information-content-security="dropzone"`, "other"},
	{`malicious-code="malware"`, "infected-system"},
	{`malicious-code="botnet-drone"`, "infected-system"},
	{`malicious-code="ransomware"`, "infected-system"},
	{`malicious-code="malware-configuration"`, "malware-configuration"},
	{`malicious-code="c2server"`, "c2-server"},
	{`intrusion-attempts="exploit"`, "exploit"},
	{`intrusion-attempts="brute-force"`, "brute-force"},
	{`intrusion-attempts="ids-alert"`, "ids-alert"},
	{`intrusions="defacement"`, "unauthorised-information-modification"},
	{`intrusions="compromised"`, "system-compromise"},
	{`intrusions="backdoor"`, "system-compromise"},
	{`vulnerable="vulnerable-service"`, "vulnerable-system"},
	{`other="blacklist"`, "blacklist"},
	{`other="unknown"`, "undetermined"},
	{`test="test"`, "test"},
}
