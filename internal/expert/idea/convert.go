package idea

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
)

// object is one of IDEA. Only what is not empty is set.
type object map[string]any

func (o object) text(key, text string) {
	if text != "" {
		o[key] = text
	}
}

// list appends to the list that is at key.
func (o object) list(key string, items ...any) {
	old, _ := o[key].([]any)
	for _, item := range items {
		if item != "" && !slices.Contains(old, item) {
			old = append(old, item)
		}
	}
	if len(old) > 0 {
		o[key] = old
	}
}

// number is a list of a number, as it stands in the event.
func (o object) number(key string, text []byte) {
	if len(text) > 0 {
		o[key] = []json.RawMessage{text}
	}
}

// address is a list of an address, under the key of its version.
func (o object) address(key, address string) {
	if strings.Contains(address, ":") {
		o.list(key+"6", address)
	} else {
		o.list(key+"4", address)
	}
}

// child appends an object to the list that is at key.
func (o object) child(key string, child object) {
	if len(child) > 0 {
		old, _ := o[key].([]object)
		o[key] = append(old, child)
	}
}

// reference is a value with its kind in front, or nothing.
func reference(kind, value string) string {
	if value == "" || kind == "" {
		return value
	}
	return kind + ":" + url.QueryEscape(value)
}

// references are the fields that other things are found by, with their kinds.
var references = [...]struct{ kind, field string }{
	{"malid", "classification.identifier"}, {"", "event_description.url"}, {"intelmq_feed", "feed.code"},
	{"misp_attr", "misp.attribute_uuid"}, {"misp_event", "misp.event_uuid"}, {"rtir", "rtir_id"}, {"", "screenshot_url"},
}

// hashes are the fields with hashes, with their kinds.
var hashes = [...]struct{ kind, field string }{
	{"crypt", "malware.hash"}, {"md5", "malware.hash.md5"}, {"sha1", "malware.hash.sha1"},
}

// convert makes an alert of an event.
func convert(m *event.Message, test bool) (object, error) {
	alert := object{"Format": "IDEA0", "ID": id(m)}
	if name := m.Get("feed.name"); name != "" {
		alert["Description"] = name + ": " + first(m, "undetermined", "event_description.text", "comment", "classification.type")
	}
	class := classify(m.Get("classification.type"))
	alert.list("Category", class.category)
	if test {
		alert.list("Category", "Test")
	}
	alert.text("DetectTime", m.Get("time.observation"))
	alert.text("EventTime", m.Get("time.source"))
	if hash := m.Get("event_hash"); hash != "" {
		alert["RelID"] = reference("hash", hash)
	}
	if accuracy, err := strconv.ParseFloat(m.Get("feed.accuracy"), 64); err == nil {
		alert["Confidence"] = confidence(accuracy)
	}
	alert.text("Note", m.Get("comment"))
	for _, r := range references {
		alert.list("Ref", reference(r.kind, m.Get(r.field)))
	}
	alert.child("Attach", malware(m))
	original, err := original(m)
	if err != nil {
		return nil, err
	}
	alert.child("Attach", original)
	alert.child("Source", side(m, "source.", class.source))
	alert.child("Target", side(m, "destination.", ""))
	return alert, nil
}

// id is a UUID that looks like a random one, and is the same for the same event.
func id(m *event.Message) string {
	sum := sha256.Sum256(m.Append(nil))
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// first returns the first field that is there, or a text.
func first(m *event.Message, text string, keys ...string) string {
	for _, key := range keys {
		if found := m.Get(key); found != "" {
			return found
		}
	}
	return text
}

// confidence is 0 to 1, written as Python does.
func confidence(accuracy float64) json.RawMessage {
	switch {
	case accuracy <= 0:
		return json.RawMessage("0")
	case accuracy >= 100:
		return json.RawMessage("1")
	}
	return json.RawMessage(harmonization.Float(accuracy / 100).Text)
}

// malware is the attachment for what was found, without its content.
func malware(m *event.Message) object {
	o := object{}
	for _, h := range hashes {
		o.list("Hash", reference(h.kind, m.Get(h.field)))
	}
	if name := m.Get("malware.name"); name != "" {
		o.list("Ref", reference("malware", name+"-"+m.Get("malware.version")))
	}
	return o
}

// original is the attachment for what the feed said.
func original(m *event.Message) (object, error) {
	o := object{}
	if raw := m.Get("raw"); raw != "" {
		content, err := base64.StdEncoding.DecodeString(raw)
		if err != nil {
			return nil, fmt.Errorf("raw: %w", err)
		}
		text, err := charmap.ISO8859_1.NewDecoder().Bytes(content)
		if err != nil {
			return nil, fmt.Errorf("raw: %w", err)
		}
		o["Content"] = string(text)
		o.list("Type", "OrigData")
	}
	o.list("Ref", m.Get("feed.url"))
	return o, nil
}

// side is one end of the incident. What the event says of the protocol and of the
// status holds for both.
func side(m *event.Message, side, kind string) object {
	o := object{}
	o.list("Proto", m.Get("protocol.transport"), m.Get("protocol.application"))
	o.list("Type", kind)
	if m.Get(side+"tor_node") == "true" {
		o.list("Type", "Tor")
	}
	o.list("Account", m.Get(side+"account"))
	o.number("ASN", m.JSON(side+"asn"))
	o.list("Hostname", m.Get(side+"fqdn"))
	o.address("IP", m.Get(side+"ip"))
	o.list("LocalHostname", m.Get(side+"local_hostname"))
	o.address("LocalIP", m.Get(side+"local_ip"))
	o.number("Port", m.JSON(side+"port"))
	o.list("PTR", m.Get(side+"reverse_dns"))
	o.list("URL", m.Get(side+"url"))
	o.text("Note", m.Get("status"))
	return o
}
