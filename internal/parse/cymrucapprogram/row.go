package cymrucapprogram

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed/accuracy"
)

// row is the event of a line, or of one destination port in it.
type row struct {
	*event.Message
	category, port string
}

// put sets fields, which must not have a value yet.
func (r *row) put(v harmonization.Value, fields ...string) {
	for _, field := range fields {
		if err := r.Add(field, v); err != nil {
			r.Fail(err)
		}
	}
}

// add does so with a text, if it is not empty.
func (r *row) add(text string, fields ...string) {
	if text != "" {
		r.put(harmonization.Text(text), fields...)
	}
}

// strange makes the line fail for a text.
func (r *row) strange(text string) { r.Fail(fmt.Errorf("%q is not understood", text)) }

// ignore is for categories whose text says nothing.
func (*row) ignore(string) {}

// malware adds the name of a family of malware.
func (r *row) malware(name string) {
	r.add(strings.ToLower(name), "classification.identifier", "malware.name")
}

// bot reads names, each with the words behind it.
func (r *row) bot(text string) {
	name, values := "", map[string]string{}
	for word := range strings.FieldsSeq(text) {
		switch word {
		case "srcport", "mwtype", "destaddr", "dstaddr":
			name = word
			values[name] = ""
		default:
			values[name] = strings.TrimSpace(values[name] + " " + word)
		}
	}
	if len(values) == 0 || len(values) == 1 && values[""] != "" && r.category == "bot" {
		r.strange(text)
		return
	}
	if port, ok := values["srcport"]; ok {
		r.integer("extra.source_port", port)
	}
	r.malware(values["mwtype"])
	for _, name := range []string{"destaddr", "dstaddr"} {
		address, rest, _ := strings.Cut(values[name], " ")
		r.add(address, "destination.ip")
		r.add(rest, "event_description.text")
	}
}

// toxbot reads a port, and nothing else.
func (r *row) toxbot(text string) {
	if port, ok := strings.CutPrefix(text, "srcport "); ok {
		r.integer("extra.source_port", port)
	}
}

// stormworm reads how sure the feed is, as a share of its accuracy, and a port.
func (r *row) stormworm(text string) {
	for word := range strings.FieldsSeq(text) {
		if number, ok := strings.CutPrefix(word, "confidence:"); ok {
			n, err := strconv.ParseFloat(number, 64)
			if err != nil || math.IsNaN(n) || n < 0 || n > 5 {
				r.Fail(fmt.Errorf("%q: a number from 0 to 5 is expected", word))
			}
			r.SetValue("feed.accuracy", accuracy.Share(r.Message, n, 5))
		}
		if word == "legacy" || word == "crypto" {
			r.add(word, "malware.version")
		}
	}
	if _, rest, ok := strings.Cut(text, "srcport "); ok {
		port, _, _ := strings.Cut(rest, " ")
		r.integer("extra.source_port", port)
	}
}

// scanner reads a port, if there is anything.
func (r *row) scanner(text string) {
	if text != "" {
		r.integer("source.port", text)
	}
}

func (r *row) integer(field, text string) {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		r.Fail(fmt.Errorf("%s: %q is no number", field, text))
		return
	}
	r.put(harmonization.Int(n), field)
}

// proxy reads "http-8080", or "http".
func (r *row) proxy(text string) {
	name, port, _ := strings.Cut(text, "-")
	if strings.Contains(port, "-") {
		r.Fail(fmt.Errorf("%q: a protocol, a dash and a port are expected", text))
	}
	r.add(name, "protocol.application")
	r.add(port, "source.port")
}
