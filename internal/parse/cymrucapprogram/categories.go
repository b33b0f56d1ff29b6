package cymrucapprogram

import (
	"slices"
	"strings"
)

// form is how the lines of a report are written. The old one is that of before 2019.
type form uint8

const (
	present form = 1 << iota
	old
)

// category is what the first column says: fields that are the same in all lines of it,
// and what the information is if it is text, which is a comment in the old form.
type category struct {
	forms                        form
	names                        []string
	typ, identifier, application string
	malware                      bool // the category is the name of a family

	whole []string           // fields of the text; with none of these three there must be none
	words []string           // fields of its words
	read  func(*row, string) // what understands it
}

var categories = []category{
	{forms: present, names: []string{"bot"}, typ: "infected-system", read: (*row).bot},
	{forms: old, names: []string{"bots"}, typ: "infected-system", read: (*row).bot},
	{forms: present, names: []string{"conficker"}, typ: "infected-system", malware: true},
	{forms: old, names: []string{"beagle"}, typ: "infected-system", malware: true},
	{forms: old, names: []string{"blaster", "dameware", "dipnet", "mydoom", "nachi", "phatbot", "sinit", "slammer"}, typ: "infected-system", malware: true, read: (*row).ignore},
	{forms: old, names: []string{"toxbot"}, typ: "infected-system", malware: true, read: (*row).toxbot},
	{forms: present | old, names: []string{"bruteforce"}, typ: "brute-force", whole: []string{"classification.identifier", "protocol.application"}},
	{forms: present, names: []string{"controller"}, typ: "c2-server"},
	{forms: present, names: []string{"darknet"}, typ: "scanner", identifier: "darknet"},
	{forms: old, names: []string{"defacement"}, typ: "unauthorised-information-modification", identifier: "defacement", words: []string{"source.url", "extra.zoneh.id"}},
	{forms: old, names: []string{"fastflux"}, typ: "system-compromise", identifier: "fastflux", whole: []string{"source.reverse_dns"}},
	{forms: present, names: []string{"honeypot"}, typ: "scanner"},
	{forms: old, names: []string{"malwareurl"}, typ: "malware-distribution", identifier: "malwareurl", words: []string{"source.url"}},
	{forms: present, names: []string{"openresolver", "openresolvers"}, typ: "vulnerable-system", identifier: "dns-open-resolver", application: "dns"},
	{forms: old, names: []string{"openresolvers"}, typ: "vulnerable-system", identifier: "dns-open-resolver", application: "dns", read: (*row).ignore},
	{forms: present | old, names: []string{"phishing"}, typ: "phishing", identifier: "phishing", whole: []string{"source.url"}},
	{forms: present, names: []string{"proxy"}, typ: "proxy", identifier: "openproxy", read: (*row).proxy},
	{forms: old, names: []string{"proxy"}, typ: "proxy", identifier: "openproxy", whole: []string{"extra.request"}},
	{forms: old, names: []string{"routers"}, typ: "system-compromise", whole: []string{"classification.identifier"}},
	{forms: present, names: []string{"scanner"}, typ: "scanner", identifier: "scanner"},
	{forms: old, names: []string{"scanners"}, typ: "scanner", identifier: "scanner", read: (*row).scanner},
	{forms: present | old, names: []string{"spam"}, typ: "spam", identifier: "spam"},
	{forms: old, names: []string{"spreaders"}, typ: "malware-distribution", identifier: "spreader", words: []string{"source.url", "malware.hash.md5"}},
	{forms: old, names: []string{"stormworm"}, read: (*row).stormworm},
}

// find returns the category, or nil.
func find(in form, name string) *category {
	for i := range categories {
		if c := &categories[i]; c.forms&in != 0 && slices.Contains(c.names, name) {
			return c
		}
	}
	return nil
}

// tell adds what the text says.
func (c *category) tell(r *row, text string) {
	switch {
	case c.read != nil:
		c.read(r, text)
	case text != "" && c.whole == nil && c.words == nil:
		r.strange(text)
	}
	r.add(text, c.whole...)
	for i, word := range strings.Fields(text) {
		if i < len(c.words) {
			r.add(word, c.words[i])
		}
	}
}
