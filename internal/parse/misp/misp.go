// Package misp implements parse-misp.
//
// parse-misp: parse MISP events, from its API, a MISP feed or an export
//
// Input is a MISP event in JSON, as collect-misp sends it, a file of a MISP feed
// ({"Event":…}), an export ({"response":[…]}), or several of these. Each attribute
// of a kind that has a field makes an event, those of objects too:
//
//	domain, hostname     source.fqdn       email-src    source.account
//	ip-src, ip-dst       source.ip         md5, sha1    malware.hash.…
//	url                  source.url
//
// Its category has to be one of Payload delivery, Artifacts dropped, Payload
// installation and Network activity. The first tag of the taxonomy ecsirt that is
// known gives the type. feed.url is where the MISP instance is; with it the event
// gets the address of the MISP event as event_description.url.
//
// A MISP event may have 16 MiB. If one of its attributes is wrong, it makes no
// event, and the dump has all of it.
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
			if err := events(x, text).Emit(emit); err != nil {
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

// events returns the events of a MISP event, or one that has failed.
func events(x *feed.Element, text string) *feed.Group {
	g := new(feed.Group)
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
	if err != nil {
		g.Add(x.Piece(text)).Fail(err)
		return g
	}
	all := s.Attribute
	for _, object := range s.Object {
		all = append(all, object.Attribute...)
	}
	attributes := make([]event.Object, len(all))
	malware := harmonization.Value{}
	for i, a := range all {
		if err := attributes[i].Parse(a); err != nil {
			g.Add(x.Piece(text)).Fail(err)
			return g
		}
		if attributes[i].Get("category") == "Payload type" {
			malware = harmonization.Text(strings.ToLower(attributes[i].Get("value")))
		}
	}
	typ, identifier := classify(s.Tag)
	for i := range attributes {
		a := &attributes[i]
		key := field(a)
		if key == "" {
			continue
		}
		e := g.Add(x.Piece(""))
		e.SetIf("classification.type", typ)
		e.SetIf("classification.identifier", identifier)
		e.Try("malware.name", malware)
		e.SetIf("event_description.url", address(e.Get("feed.url"), o.Get("id")))
		e.Set("misp.event_uuid", o.Get("uuid"))
		if err := set(e, a, key); err != nil {
			e.Fail(err)
		}
		if e.Err() != nil {
			e.AppendOrigin([]byte(text))
			break
		}
		e.AppendOrigin([]byte(harmonization.JSON(string(a.Text())).Dumps()))
	}
	return g
}

// field is what an attribute becomes, or nothing.
func field(a *event.Object) string {
	if !slices.Contains(categories[:], a.Get("category")) {
		return ""
	}
	for _, t := range types {
		if t[0] == a.Get("type") {
			return t[1]
		}
	}
	return ""
}

// set stores what an attribute says.
func set(e *event.Message, a *event.Object, key string) error {
	for _, name := range []string{"value", "uuid", "comment", "timestamp"} {
		if !a.Has(name) {
			return fmt.Errorf("%s of an attribute is missing", name)
		}
	}
	e.SetValue(key, a.Value("value"))
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
		for _, t := range ecsirt {
			if t[0] == name && typ == "" {
				typ = t[1]
			}
		}
	}
	return typ, identifier
}

var categories = [...]string{"Payload delivery", "Artifacts dropped", "Payload installation", "Network activity"}

var types = [][2]string{
	{"domain", "source.fqdn"},
	{"hostname", "source.fqdn"},
	{"ip-src", "source.ip"},
	{"ip-dst", "source.ip"},
	{"url", "source.url"},
	{"email-src", "source.account"},
	{"md5", "malware.hash.md5"},
	{"sha1", "malware.hash.sha1"},
}

var ecsirt = [][2]string{
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
