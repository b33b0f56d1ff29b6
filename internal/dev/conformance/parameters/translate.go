// Package parameters turns the parameters of a bot into the flags of a command.
package parameters

import (
	"encoding/json"
	"sort"
	"strings"

	"github.com/intelpipe/intelpipe/internal/dev/conformance/vector"
)

// Translation is what becomes of a vector's parameters.
type Translation struct {
	Args    []string
	Env     []string
	Dropped []string // parameters for which there is no flag
}

// Translate turns parameters into flags by rule: the name with - for _, the
// value as the flag takes it. Settings are flags that the runner itself gives
// where the command has them: the addresses of what it serves.
func Translate(parameters map[string]json.RawMessage, flags map[string]*Flag, settings map[string]string) Translation {
	var t Translation
	for name, value := range settings {
		if flags[name] != nil {
			t.Args = append(t.Args, "--"+name+"="+value)
		}
	}
	for parameter, raw := range parameters {
		name := strings.ReplaceAll(parameter, "_", "-")
		if _, ours := settings[name]; ours && flags[name] != nil || noFlag(parameter) || string(raw) == "null" {
			continue
		}
		if f := flags[name]; f != nil {
			t.Args = append(t.Args, "--"+name+"="+argument(f, raw))
		} else if f := flags[name+"-file"]; f != nil && f.Secret {
			t.Env = append(t.Env, "INTELPIPE_"+strings.ToUpper(parameter)+"="+vector.Text(raw))
		} else {
			t.Dropped = append(t.Dropped, parameter)
		}
	}
	sort.Strings(t.Args)
	sort.Strings(t.Env)
	sort.Strings(t.Dropped)
	return t
}

// noFlag reports whether the design has no flag for a parameter, because the
// shell, cron and systemd do its work. Rate limits would make a collector
// repeat.
func noFlag(parameter string) bool {
	switch parameter {
	case "run_mode", "load_balance", "instances_threads", "rate_limit":
		return true
	}
	for _, prefix := range []string{"error_", "logging_", "statistics_"} {
		if strings.HasPrefix(parameter, prefix) {
			return true
		}
	}
	return strings.Contains(parameter, "_pipeline_")
}

// argument writes a value as the flag takes it.
func argument(f *Flag, raw json.RawMessage) string {
	switch raw[0] {
	case '{':
		return "json:" + vector.Compact(raw)
	case '[':
		if f.json() && !f.list() {
			return "json:" + vector.Compact(raw)
		}
		return list(raw)
	case '"':
		s := vector.Text(raw)
		if f.object() && strings.HasPrefix(strings.TrimSpace(s), "{") {
			return "json:" + s
		}
		if f.json() && strings.HasPrefix(s, "json:") {
			return "json:" + string(raw)
		}
		return s
	}
	if f.json() {
		return "json:" + string(raw)
	}
	return string(raw)
}

// list writes a comma list, or a JSON array where that would be read
// differently.
func list(raw json.RawMessage) string {
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return string(raw)
	}
	texts := make([]string, len(items))
	commas, scalars := len(items) != 1 || vector.Text(items[0]) != "", true
	for i, item := range items {
		texts[i] = vector.Text(item)
		if strings.Contains(texts[i], ",") || strings.TrimSpace(texts[i]) != texts[i] || i == 0 && strings.HasPrefix(texts[i], "[") {
			commas = false
		}
		if c := item[0]; c == '{' || c == '[' {
			commas, scalars = false, false
		}
	}
	if commas {
		return strings.Join(texts, ",")
	}
	if !scalars {
		return vector.Compact(raw)
	}
	array, err := vector.Encode(texts)
	if err != nil {
		return string(raw)
	}
	return array
}
