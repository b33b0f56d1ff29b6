package cymrucapprogram

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
)

// old is the form that reports had before 2019. Its information is a comment, with
// another meaning in each category.
func (r *row) old(columns []string) {
	r.add("source.as_name", columns[5])
	comment := r.information
	first, rest, _ := strings.Cut(comment, " ")
	second, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	switch r.category {
	case "beagle", "spam":
		if comment != "" {
			r.fail(fmt.Errorf("%s: the comment %q is not understood", r.category, comment))
		}
		if r.category == "spam" {
			r.is("spam", "spam")
			return
		}
		r.is("infected-system", "")
		r.malware(r.category)
	case "blaster", "dameware", "dipnet", "mydoom", "nachi", "phatbot", "sinit", "slammer":
		r.is("infected-system", "")
		r.malware(r.category)
	case "toxbot":
		r.is("infected-system", "")
		r.malware(r.category)
		if port, ok := strings.CutPrefix(comment, "srcport "); ok {
			r.integer("extra.source_port", port)
		}
	case "bots":
		r.is("infected-system", "")
		r.words(comment)
	case "bruteforce":
		r.is("brute-force", comment)
		r.add("protocol.application", comment)
	case "defacement":
		r.is("unauthorised-information-modification", "defacement")
		r.add("source.url", first)
		r.add("extra.zoneh.id", second)
	case "fastflux":
		r.is("system-compromise", "fastflux")
		r.add("source.reverse_dns", comment)
	case "malwareurl":
		r.is("malware-distribution", "malwareurl")
		r.add("source.url", first)
	case "openresolvers":
		r.is("vulnerable-system", "dns-open-resolver")
		r.add("protocol.application", "dns")
	case "phishing":
		r.is("phishing", "phishing")
		r.add("source.url", comment)
	case "proxy":
		r.is("proxy", "openproxy")
		r.add("extra.request", comment)
	case "routers":
		r.is("system-compromise", comment)
	case "scanners":
		r.is("scanner", "scanner")
		if comment != "" {
			r.integer("source.port", comment)
		}
	case "spreaders":
		r.is("malware-distribution", "spreader")
		r.add("source.url", first)
		r.add("malware.hash.md5", second)
	case "stormworm":
		r.stormworm(comment)
	default:
		r.unknown()
	}
}

// integer adds a number.
func (r *row) integer(key, text string) {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		r.fail(fmt.Errorf("%s: %q is no number", key, text))
		return
	}
	r.fail(r.Add(key, harmonization.Int(n)))
}

// words adds what a comment about a bot says: names, each with the words behind it.
func (r *row) words(comment string) {
	name, values := "", map[string][]string{}
	for word := range strings.FieldsSeq(comment) {
		switch word {
		case "srcport", "mwtype", "destaddr", "dstaddr":
			name = word
			values[name] = nil
		default:
			values[name] = append(values[name], word)
		}
	}
	if len(values) == 0 || len(values) == 1 && values[""] != nil && r.category == "bot" {
		r.fail(fmt.Errorf("%q is not understood", comment))
		return
	}
	if port, ok := values["srcport"]; ok {
		r.integer("extra.source_port", strings.Join(port, " "))
	}
	if family, ok := values["mwtype"]; ok {
		r.malware(strings.Join(family, " "))
	}
	for _, name := range []string{"destaddr", "dstaddr"} {
		if address := values[name]; len(address) > 0 {
			r.add("destination.ip", address[0])
			r.add("event_description.text", strings.Join(address[1:], " "))
		}
	}
}

// stormworm adds how sure the feed is, as a share of its accuracy.
func (r *row) stormworm(comment string) {
	for word := range strings.FieldsSeq(comment) {
		if text, ok := strings.CutPrefix(word, "confidence:"); ok {
			n, err := strconv.ParseFloat(text, 64)
			if err != nil || math.IsNaN(n) || n < 0 || n > 5 {
				r.fail(fmt.Errorf("%q: a number from 0 to 5 is expected", word))
				return
			}
			accuracy := 100.0
			if v, ok := r.Value("feed.accuracy"); ok {
				accuracy, _ = strconv.ParseFloat(v.Text, 64)
			}
			r.SetValue("feed.accuracy", harmonization.Float(accuracy*n/5))
		}
		if word == "legacy" || word == "crypto" {
			r.add("malware.version", word)
		}
	}
	if _, port, ok := strings.Cut(comment, "srcport "); ok {
		port, _, _ = strings.Cut(port, " ")
		r.integer("extra.source_port", port)
	}
}
