package xarf

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
)

// names are the fields for the keys of lines.
var names = feed.Words{
	{"date", "time.source"},
	{"destination", "destination.ip"},
	{"destination-port", "destination.port"},
	{"source-port", "source.port"},
	{"service", "protocol.application"},
	{"transport-protocol", "protocol.transport"},
}

var errLine = errors.New("a key, a colon and a value are expected in each line")

// lines reads keys and values, and the order of the keys. A value goes on in lines that
// are indented, or are items of a list.
func lines(text string) (keys []string, parts map[string][]string, err error) {
	parts = map[string][]string{}
	for l := range strings.Lines(text) {
		more := strings.TrimSpace(l)
		switch {
		case more == "", more == "---", more == "...", more[0] == '#':
			continue
		case len(keys) > 0 && (l[0] == ' ' || l[0] == '\t' || strings.HasPrefix(l, "- ")):
			key := keys[len(keys)-1]
			parts[key] = append(parts[key], unquoted(strings.TrimPrefix(more, "- ")))
			continue
		}
		key, value, ok := strings.Cut(l, ":")
		key = strings.ToLower(strings.TrimSpace(key))
		switch {
		case !ok:
			return nil, nil, fmt.Errorf("%w, not %.60q", errLine, more)
		case parts[key] != nil:
			return nil, nil, fmt.Errorf("%s: a second value of this key", key)
		}
		keys, parts[key] = append(keys, key), []string{unquoted(value)}
	}
	return keys, parts, nil
}

// unquoted is a value without quotes. What YAML has before several lines is none.
func unquoted(value string) string {
	if value = strings.TrimSpace(value); value == "|" || value == ">" {
		return ""
	}
	return strings.Trim(value, `"'`)
}

// fill reads a report in lines.
func fill(e *event.Message, text string) error {
	keys, parts, err := lines(text)
	if err != nil {
		return err
	}
	get := func(key string) string { return strings.TrimSpace(strings.Join(parts[key], " ")) }
	if get("source") == "" {
		return errSource
	}
	kind, port := typ(get("report-type")), "destination.port"
	if slices.Contains(offering, kind) {
		port = "source.port"
	}
	e.Set("classification.type", kind)
	for _, key := range keys {
		field := feed.ExtraKey(strings.ReplaceAll(key, "-", "_"))
		for _, n := range append(names, [2]string{"port", port}) {
			if n[0] == key && !e.Has(n[1]) {
				field = n[1]
			}
		}
		if key != "source" {
			e.SetIf(field, get(key))
		} else if err := setSource(e, get(key)); err != nil {
			return err
		}
	}
	return nil
}
