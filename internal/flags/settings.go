package flags

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// resolve looks a flag up in the environment and the configuration file.
func (f *Flags) resolve(command string, flag *kong.Flag, getenv func(string) string) (setting, bool) {
	if flag.Name == "help" || flag.Name == "help-all" || flag.Name == "version" || flag.Name == "config" || flag.Tag.Has("noenv") {
		return setting{}, false
	}
	secret := IsSecret(flag)
	name := flag.Name
	if secret {
		name = SecretName(flag)
	}
	files := variables(command, flag.Name)
	for i, Variable := range variables(command, name) {
		if text := getenv(Variable); text != "" {
			if secret {
				return setting{stage.Secret(text), "the variable " + Variable}, true
			}
			return setting{text, "the variable " + Variable}, true
		}
		if text := getenv(files[i]); secret && text != "" {
			return setting{text, "the variable " + files[i]}, true
		}
	}
	if dir := getenv("CREDENTIALS_DIRECTORY"); secret && dir != "" {
		if path := filepath.Join(dir, name); exists(path) {
			return setting{path, "the credential " + name}, true
		}
	}
	own, _ := f.settings[command].(map[string]any)
	for i, settings := range []map[string]any{own, f.settings} {
		for _, name := range append([]string{flag.Name}, flag.Aliases...) {
			if v, ok := lookup(settings, name); ok && (v != "" || flag.Tag.Has("empty")) {
				return setting{v, f.config + ": " + []string{command + ": ", ""}[i] + name}, true
			}
		}
	}
	return setting{}, false
}

// lookup accepts a flag's name as it is and as IntelMQ spells it.
func lookup(config map[string]any, name string) (any, bool) {
	v, ok := config[name]
	if !ok {
		v, ok = config[strings.ReplaceAll(name, "-", "_")]
	}
	if !ok || v == nil {
		return nil, false
	}
	if s, ok := v.(string); ok {
		return s, true
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, false
	}
	if _, isList := v.([]any); isList {
		return string(text), true
	}
	if _, isObject := v.(map[string]any); isObject {
		return "json:" + string(text), true
	}
	return typed(string(text)), true
}

const defaultConfig = "/etc/intelpipe/config.json"

// load reads the configuration file: the one that --config or the environment
// names has to be there. It is needed before the flags are parsed.
func (f *Flags) load(args []string, getenv func(string) string) error {
	path := cmp.Or(getenv("INTELPIPE_CONFIG"), defaultConfig)
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--config="); ok {
			path = cmp.Or(value, path)
		} else if arg == "--config" && i+1 < len(args) {
			path = cmp.Or(args[i+1], path)
		}
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && path == defaultConfig {
		return nil
	} else if err != nil {
		return err
	}
	f.config = path
	var content any
	if err := json.Unmarshal(data, &content); err != nil {
		return json.InFile(path, err)
	}
	var ok bool
	if f.settings, ok = content.(map[string]any); !ok {
		return fmt.Errorf(`%s: an object with flags is expected, such as {"dump": "/var/lib/intelpipe/failed.dump"}`, path)
	}
	return nil
}

// check looks in the configuration file for names that nobody knows: a
// misspelt one would be as if it were not there. What stands at the top may
// belong to any command, of which a program that is one command knows nothing;
// it is looked at if it is nearly a name of this command.
func (f *Flags) check(command string, model *kong.Application, specs []Command) error {
	known := map[string]bool{}
	names(known, model)
	own, isObject := f.settings[command].(map[string]any)
	if _, given := f.settings[command]; given && !isObject {
		return fmt.Errorf("%s: %s: an object with the flags of the command is expected", f.config, command)
	}
	for _, name := range slices.Sorted(maps.Keys(own)) {
		if !known[Name(name)] {
			return plain.Unknown("flag", fmt.Sprintf("%s: %s: ", f.config, command), name, Name(name), maps.Keys(known))
		}
	}
	near := maps.Clone(known)
	for i := range specs {
		near[specs[i].Name] = true
	}
	all := false
	for _, name := range slices.Sorted(maps.Keys(f.settings)) {
		if known[Name(name)] || Find(specs, name) != nil || len(specs) == 1 {
			continue
		}
		if plain.Nearest(Name(name), maps.Keys(near)) == "" {
			continue // it would take long to find out whether it belongs to another command
		}
		if !all {
			for i := range specs {
				other, err := Model(&specs[i])
				if err != nil {
					return err
				}
				names(known, other)
				known[specs[i].Name] = true
			}
			all = true
		}
		if !known[Name(name)] {
			return plain.Unknown("flag or command", f.config+": ", name, Name(name), maps.Keys(known))
		}
	}
	return nil
}

// names adds the names of all flags of a command.
func names(known map[string]bool, model *kong.Application) {
	kong.Visit(model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			known[flag.Name] = true
			for _, alias := range flag.Aliases {
				known[alias] = true
			}
		}
		return next(nil)
	})
}

// exists says no only if it is certain: what cannot be read is to be an error.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}
