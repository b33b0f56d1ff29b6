// Package cef implements parse-cef.
//
// parse-cef: parse lines in the Common Event Format of ArcSight
//
// A line begins with CEF:0, or has a header of syslog before it:
//
//	CEF:0|vendor|product|version|signature|name|severity|key=value key=value
//
// What the usual keys say becomes fields: src, spt, shost and suser of the
// source, dst, dpt, dhost and duser of the destination, rt, end or start the
// time. A key with a label, as cs1 with cs1Label, is kept below extra under its
// label, and any other under its own name. The format does not say what kind of
// incident it is about.
//
// # Examples
//
//	echo 'CEF:0|Example|Sensor|1.0|100|port scan|5|src=192.0.2.1 dpt=22' |
//	  parse-cef --classification-type scanner
//	echo '<13>Jan 31 10:20:30 host CEF:0|Example|Sensor|1|7|x|Low|src=192.0.2.1' |
//	  parse-cef
package cef

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command has the flags: every exported field is one.
type Command struct {
	ClassificationType string `help:"The type of all events." default:"undetermined" placeholder:"TYPE" vocabulary:"classification.type"`

	now func() time.Time
}

// Start keeps the clock, for times without a year.
func (c *Command) Start(_ context.Context, env *stage.Env) error {
	c.now = env.Now
	return nil
}

// Process makes an event of each line.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	for line := range feed.Lines(report, emit) {
		e := feed.Event(report, line)
		if err := c.fill(e, line); err != nil {
			e.Fail(err)
		}
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

// fields are those of keys whose value has to fit.
var fields = feed.Words{
	{"src", "source.ip"},
	{"spt", "source.port"},
	{"suser", "source.account"},
	{"dst", "destination.ip"},
	{"dpt", "destination.port"},
	{"duser", "destination.account"},
	{"app", "protocol.application"},
}

// perhaps are those of keys that are kept below extra where the value does not fit.
var perhaps = feed.Words{
	{"shost", "source.fqdn"},
	{"dhost", "destination.fqdn"},
	{"request", "destination.url"},
	{"proto", "protocol.transport"},
}

// header has the columns before the keys, from the second on.
var header = []string{"extra.device_vendor", "extra.device_product", "extra.device_version", "extra.signature_id", "event_description.text"}

var (
	errNone   = errors.New("there is no CEF: in the line")
	errHeader = errors.New("seven columns, each with | behind it, are expected from CEF: on")
	errPairs  = errors.New("what follows the header is not in the form key=value")
)

func (c *Command) fill(e *event.Message, line string) error {
	i := strings.Index(line, "CEF:")
	if i < 0 {
		return errNone
	}
	columns, extension := columns(line[i:], 7)
	if len(columns) < 7 {
		return errHeader
	}
	for i, field := range header {
		e.SetIf(field, columns[i+1])
	}
	if word := severity(columns[6]); !e.Try("severity", harmonization.Text(word)) {
		e.SetIf("extra.severity", columns[6])
	}
	pairs, err := pairs(extension)
	if err != nil {
		return err
	}
	for _, p := range pairs {
		if err := c.set(e, p, pairs); err != nil {
			return err
		}
	}
	for _, key := range []string{"rt", "end", "start"} {
		if text := pairs.get(key); text != "" {
			t, err := c.time(text)
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			e.Set("time.source", harmonization.FormatTime(t))
			break
		}
	}
	e.Set("classification.type", c.ClassificationType)
	return nil
}

// set stores what a key says.
func (c *Command) set(e *event.Message, p pair, all extension) error {
	for _, f := range fields {
		if f[0] == p.key {
			e.SetIf(f[1], p.value)
			return nil
		}
	}
	for _, f := range perhaps {
		if f[0] == p.key && e.Try(f[1], harmonization.Text(p.value)) {
			return nil
		}
	}
	switch {
	case p.key == "rt", p.value == "", strings.HasSuffix(p.key, "Label") && all.get(strings.TrimSuffix(p.key, "Label")) != "":
		return nil
	case p.key == "fileHash":
		if field := hash(len(p.value)); field != "" && e.Try(field, harmonization.Text(p.value)) {
			return nil
		}
	}
	key := p.key
	if label := all.get(p.key + "Label"); label != "" {
		key = label
	}
	e.SetIf(feed.ExtraKey(key), p.value)
	return nil
}

// hash is the field for a hash of so many digits.
func hash(digits int) string {
	switch digits {
	case 32:
		return "malware.hash.md5"
	case 40:
		return "malware.hash.sha1"
	case 64:
		return "malware.hash.sha256"
	}
	return ""
}

// severity is the word for a number from 0 to 10, or for a word of the format.
func severity(text string) string {
	if n, err := strconv.Atoi(text); err == nil && n >= 0 && n <= 10 {
		return [...]string{"low", "low", "low", "low", "medium", "medium", "medium", "high", "high", "critical", "critical"}[n]
	}
	switch word := strings.ToLower(text); word {
	case "low", "medium", "high":
		return word
	case "very-high":
		return "critical"
	}
	return ""
}

// columns takes n columns with | behind each off a line; a backslash stands before a |
// or a backslash that belongs to a column.
func columns(line string, n int) (list []string, rest string) {
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && i+1 < len(line) && (line[i+1] == '|' || line[i+1] == '\\'):
			i++
			b.WriteByte(line[i])
		case c == '|':
			list = append(list, strings.TrimSpace(b.String()))
			b.Reset()
			if len(list) == n {
				return list, line[i+1:]
			}
		default:
			b.WriteByte(c)
		}
	}
	return list, ""
}

type pair struct{ key, value string }

type extension []pair

// get is the value of a key, or "".
func (x extension) get(key string) string {
	for _, p := range x {
		if p.key == key {
			return p.value
		}
	}
	return ""
}

// pairs takes keys and values apart. A value goes on to the blank before the next key;
// = and \ in it have a backslash before them.
func pairs(text string) (list extension, err error) {
	text = strings.TrimSpace(text)
	begin := 0 // of the value of the last key
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' {
			i++
			continue
		} else if text[i] != '=' {
			continue
		}
		at := strings.LastIndexAny(text[begin:i], " \t") + 1 + begin
		if at == i || at == begin && len(list) > 0 {
			if len(list) > 0 {
				continue // a value with an = that nobody has escaped
			}
			return nil, errPairs
		}
		if len(list) > 0 {
			list[len(list)-1].value = unescape(text[begin:at])
		} else if at > 0 {
			return nil, errPairs
		}
		list = append(list, pair{key: text[at:i]})
		begin = i + 1
	}
	if len(list) == 0 && text != "" {
		return nil, errPairs
	}
	if len(list) > 0 {
		list[len(list)-1].value = unescape(text[begin:])
	}
	return list, nil
}

func unescape(text string) string {
	text = strings.TrimSpace(text)
	if strings.IndexByte(text, '\\') < 0 {
		return text
	}
	return strings.NewReplacer(`\\`, `\`, `\=`, `=`, `\|`, `|`, `\n`, "\n", `\r`, "\r").Replace(text)
}

var layouts = []string{
	"Jan _2 2006 15:04:05.999999 MST", "Jan _2 2006 15:04:05.999999 -0700", "Jan _2 2006 15:04:05.999999",
	"Jan _2 15:04:05.999999 MST", "Jan _2 15:04:05.999999 -0700", "Jan _2 15:04:05.999999", time.RFC3339Nano,
}

// time reads milliseconds, or a date that may lack its year: then it is the last such
// day, or tomorrow.
func (c *Command) time(text string) (time.Time, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.UnixMilli(n).UTC(), nil
	}
	for _, layout := range layouts {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		if name, offset := t.Zone(); offset == 0 && name != "" && name != "UTC" && name != "GMT" && name != "Z" {
			return t, fmt.Errorf("the zone %s is not known", name)
		}
		if t.Year() == 0 {
			now := c.now().UTC()
			if t = t.AddDate(now.Year(), 0, 0); t.After(now.AddDate(0, 0, 1)) {
				t = t.AddDate(-1, 0, 0)
			}
		}
		return t.UTC(), nil
	}
	return time.Time{}, fmt.Errorf("not a time: %.60q", text)
}
