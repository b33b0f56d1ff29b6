// Package stixeset implements parse-stix-eset.
//
// parse-stix-eset: parse the STIX feeds of ESET Threat Intelligence
//
// Does what parse-stix does, and tells from the description of an object which
// type the event has, and which malware it is about.
//
// # Examples
//
//	echo '{"type":"indicator","pattern_type":"stix","pattern":
//	  "[domain-name:value = '\''www.example.org'\'']",
//	  "description":"Host is used as command and control server of
//	  Win32/Emotet.BN trojan malware family.",
//	  "valid_from":"2026-01-31T10:20:30Z"}' | tr -d '\n' | parse-stix-eset
package stixeset

import (
	"context"
	"regexp"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/stix"
)

// Command has no flags of its own.
type Command struct {
	env      *stage.Env
	patterns []*regexp.Regexp
	named    *regexp.Regexp
}

// Start prepares the patterns.
func (c *Command) Start(_ context.Context, env *stage.Env) error {
	c.env, c.named = env, regexp.MustCompile(naming)
	for _, p := range patterns {
		c.patterns = append(c.patterns, regexp.MustCompile("^(?:"+p[0]+")"))
	}
	return nil
}

// Process makes events of each object.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	for x := range feed.Objects(report, emit) {
		for o := range stix.Objects(&x.Object, c.env.Warn) {
			var g feed.Group
			for _, fields := range o.All() {
				e := g.Add(x.Piece(o.Text))
				o.Fill(e, fields)
				c.classify(e)
				if e.Err() != nil {
					break
				}
			}
			if err := g.Emit(emit); err != nil {
				return err
			}
		}
	}
	return nil
}

// classify tells type and malware from the description.
func (c *Command) classify(e *event.Message) {
	text := e.Get("comment")
	if typ, ok := descriptions.Find(text); ok {
		e.Set("classification.type", typ)
		return
	}
	for i, pattern := range c.patterns {
		if m := pattern.FindStringSubmatch(text); m != nil {
			e.Set("classification.type", patterns[i][1])
			e.SetIf("malware.name", c.family(m[1]))
			return
		}
	}
}

// family is the part of a name, Platform/Type.Family.Variant!suffix, that says
// which malware it is.
func (c *Command) family(name string) string {
	if m := c.named.FindStringSubmatch(name); m != nil {
		name = m[3]
	}
	return strings.ToLower(name)
}

const naming = `^([^/]*/)?([^.]*\.)?([^.]+)(\.[^!]*)(!.*)?$`

var descriptions = feed.Words{
	{"Host actively distributes high-severity malicious content in the form of executable code.", "malware-distribution"},
	{"Host actively distributes high-severity threat in the form of executable code.", "malware-distribution"},
	{"Host actively distributes high-severity threat in the form of malicious code.", "malware-distribution"},
	{"Host actively distributes high-severity threat in the form of script code.", "malware-distribution"},
	{"Host is known to be actively distributing adware or other medium-risk software.", "malware-distribution"},
	{"Host is known to be actively distributing high-severity mobile threats or low-risk software.", "other"},
	{"Host is known to be actively distributing threats or is of uncertain reputation.", "other"},
	{"Host is known to be distributing low-risk and potentially unwanted content.", "other"},
	{"Host actively distributes potentially unwanted or unsafe threat.", "other"},
	{"Host is known source of phishing or other fraudulent content.", "phishing"},
	{"Host is known source of active fraudulent content.", "other"},
	{"Host is used as command and control server.", "c2-server"},
	{"Web services scanning and attacks", "scanner"},
	{"RDP bruteforce IP", "brute-force"},
	{"SQL bruteforce IP", "brute-force"},
	{"SMB bruteforce IP", "brute-force"},
	{"MySQL bruteforce IP", "brute-force"},
	{"FTP bruteforce IP", "brute-force"},
}

// patterns are anchored at the start, and tried in this order. Group 1 is malware.
var patterns = [][2]string{
	{`C&C indicates that a botnet ([^ ]+) ([^ ]+) is present.`, "c2-server"},
	{`C&C of ([^ ]+) ([^ ]+)`, "c2-server"},
	{`Host is used as command and control server of ([^ ]+) ([^ ]+) malware family.`, "c2-server"},
	{`Each of these file hashes indicates that a variant of ([^ ]+) ([^ ]+) is present.`, "malware"},
	{`[.* ]?([^ ]+) C&C server.*$`, "c2-server"},
	{`[.* ]?([^ ]+) backdoor.*$`, "malware"},
	{`[.* ]?([^ ]+) trojan.*$`, "malware"},
	{`[.* ]?([^ ]+) implant.*$`, "malware"},
	{`Loader for ([^ ]+).*$`, "malware"},
}
