package data

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// rawBytes of a row go into an event's raw, which makes 576 bytes of base64.
const rawBytes = 432

// canonical is how an event writes a time.
const canonical = "2006-01-02T15:04:05+00:00"

// appendEvent appends the event of a record as one line of compact JSON. It
// has a classification.type and no classification.taxonomy.
func appendEvent(b []byte, r *record) []byte {
	w := objectWriter{b: append(b, '{'), escaped: r.escaped}
	w.text("__type", "Event")
	w.text("feed.name", r.feed)
	w.text("feed.provider", "Example CERT")
	w.plain("feed.accuracy", "95.0")
	w.text("time.observation", "2026-11-02T03:00:00+00:00")
	w.text("time.source", r.time.Format(canonical))
	w.text("source.ip", r.ip)
	w.plain("source.port", strconv.Itoa(r.port))
	w.plain("source.asn", strconv.Itoa(r.asn))
	w.text("source.fqdn", r.fqdn)
	w.text("source.url", r.url)
	w.text("source.geolocation.cc", r.cc)
	w.text("source.geolocation.city", r.city)
	if r.destPort != 0 {
		w.text("destination.ip", r.destIP)
		w.plain("destination.port", strconv.Itoa(r.destPort))
		w.text("destination.fqdn", r.destFQDN)
	}
	w.text("protocol.transport", r.transport)
	w.text("protocol.application", r.application)
	w.text("classification.type", r.typ)
	w.text("classification.identifier", r.identifier)
	if r.malware != "" {
		w.text("malware.name", r.malware)
	}
	w.text("event_description.text", r.text)
	w.text("extra.user_agent", r.agent)
	w.plain("extra.packets", strconv.Itoa(r.packets))

	row := appendRow(nil, r)
	w.text("raw", base64.StdEncoding.EncodeToString(row[:min(len(row), rawBytes)]))
	return append(w.b, "}\n"...)
}

// An objectWriter writes the members of a JSON object. The encoder of the
// standard library would do, but not say which characters it escapes.
type objectWriter struct {
	b       []byte
	escaped bool
}

func (w *objectWriter) key(k string) {
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
	w.string(k)
	w.b = append(w.b, ':')
}

func (w *objectWriter) plain(k, v string) {
	w.key(k)
	w.b = append(w.b, v...)
}

func (w *objectWriter) text(k, v string) {
	w.key(k)
	w.string(v)
}

func (w *objectWriter) string(s string) {
	w.b = append(w.b, '"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			w.b = append(w.b, '\\', byte(c))
		case c < utf8.RuneSelf || !w.escaped:
			w.b = utf8.AppendRune(w.b, c)
		case c > 0xffff:
			high, low := utf16.EncodeRune(c)
			w.b = fmt.Appendf(w.b, `\u%04x\u%04x`, high, low)
		default:
			w.b = fmt.Appendf(w.b, `\u%04x`, c)
		}
	}
	w.b = append(w.b, '"')
}
