package conformance

import (
	"bytes"
	"encoding/json"
	"regexp"
	"sort"
	"strings"
)

// Flag is what --help-all says about a flag.
type Flag struct {
	Name        string
	Placeholder string // empty for a switch
	Secret      bool   // comes by the environment too
}

func (f *Flag) list() bool { return strings.Contains(f.Placeholder, ",…") }
func (f *Flag) json() bool { return strings.Contains(f.Placeholder, "json:") }

// object reports whether the flag takes nothing but an object.
func (f *Flag) object() bool { return strings.HasPrefix(f.Placeholder, "json:") }

var (
	heading  = regexp.MustCompile(`^([A-Z][a-z]+ flags|Flags):$`)
	synopsis = regexp.MustCompile(`^  (?:-\w, )?--(?:\[no-\])?([a-z0-9][a-z0-9-]*)(?:=(\S+))?(?:  |$)`)
	alias    = regexp.MustCompile(`Also --[a-z0-9-]+`)
)

// ParseHelp reads the flags from what --help-all prints.
func ParseHelp(help string) map[string]*Flag {
	flags := map[string]*Flag{}
	var last *Flag
	inside := false
	for _, line := range strings.Split(help, "\n") {
		if heading.MatchString(line) {
			inside, last = true, nil
			continue
		} else if m := synopsis.FindStringSubmatch(line); m != nil && inside {
			last = &Flag{Name: m[1], Placeholder: m[2]}
			flags[m[1]] = last
		}
		if last != nil {
			last.Secret = last.Secret || strings.Contains(line, "INTELPIPE_")
			for _, name := range alias.FindAllString(line, -1) {
				flags[strings.TrimPrefix(name, "Also --")] = last
			}
		}
	}
	return flags
}

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
			t.Env = append(t.Env, "INTELPIPE_"+strings.ToUpper(parameter)+"="+text(raw))
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
		return "json:" + compact(raw)
	case '[':
		if f.json() && !f.list() {
			return "json:" + compact(raw)
		}
		return list(raw)
	case '"':
		s := text(raw)
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
	commas, scalars := len(items) != 1 || text(items[0]) != "", true
	for i, item := range items {
		texts[i] = text(item)
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
		return compact(raw)
	}
	array, err := marshal(texts)
	if err != nil {
		return string(raw)
	}
	return array
}

// text is a string's content, and anything else as it is written.
func text(raw json.RawMessage) string {
	var s string
	if raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

func compact(raw json.RawMessage) string {
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return string(raw)
	}
	return b.String()
}

func marshal(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}
