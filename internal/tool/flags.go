package tool

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// common are the flags that every command has.
type common struct {
	Harmonization string     `help:"Take the fields from FILE, an IntelMQ harmonization.conf." placeholder:"FILE" group:"common"`
	Dump          string     `help:"Where messages go that fail; by default COMMAND.dump in the state directory." placeholder:"FILE" group:"common"`
	DumpBytes     stage.Size `help:"Room for lines that are too large for the dump itself and kept in files beside it." default:"2GiB" placeholder:"SIZE" group:"common"`
	RecordLimit   stage.Size `help:"The longest event that is accepted." default:"16MiB" placeholder:"SIZE" group:"common"`
	Grace         int        `help:"Seconds that a filter may go on reading after SIGTERM." default:"10" placeholder:"SECONDS" group:"common"`
	Config        string     `help:"Take flags from this JSON file." default:"/etc/intelpipe/config.json" placeholder:"FILE" group:"common"`
	Help          bool       `help:"Print this and exit." short:"h" group:"common"`
	Version       bool       `help:"Print the version and exit." group:"common"`
}

// feedFlags describe a feed. Collectors have them, and parsers for bare input.
type feedFlags struct {
	Name          string  `help:"Name of the feed, feed.name." group:"feed"`
	Provider      string  `help:"Who provides the feed, feed.provider." group:"feed"`
	Code          string  `help:"Short code of the feed, feed.code." group:"feed"`
	Documentation string  `help:"Where the feed is described, feed.documentation." group:"feed"`
	Accuracy      float64 `help:"How far the feed can be trusted, 0 to 100, feed.accuracy; 0 leaves it out." default:"100" group:"feed"`
}

// sourceFlags say how a stream is started. Collectors have them.
type sourceFlags struct {
	RateLimit float64 `help:"Collect again every so many seconds; 0 collects once." default:"0" placeholder:"SECONDS" group:"feed"`
	Restarts  int     `help:"Give up when the pipeline after -- has ended so many times in a row without anything acknowledged." default:"5" placeholder:"N" group:"common"`
}

type collectorFlags struct {
	feedFlags
	sourceFlags
}

type parserFlags struct {
	feedFlags
	FileName                    string       `help:"The name that bare input had as a file, extra.file_name." placeholder:"NAME" group:"feed"`
	Input                       string       `help:"What stdin is: reports, or the raw content of one. By default the first key decides." enum:"auto,report,raw" default:"auto" group:"feed"`
	MaxReport                   stage.Size   `help:"The largest report that is accepted." default:"64GiB" placeholder:"SIZE" group:"common"`
	DefaultFields               stage.Object `help:"Fields to set where the parser sets nothing." aliases:"defaults-fields" placeholder:"json:{…}" group:"feed"`
	CopyCollectorProvidedFields []string     `help:"Fields of the report to copy to its events, besides those of the feed." placeholder:"FIELD,…" group:"feed"`
}

type outputFlags struct {
	Pass bool `help:"Pass the events on as well." group:"common"`
}

type pathFlags struct {
	To []string `help:"Send what takes the path NAME to the file DEST, or to a spool if DEST ends in /. May be given several times." placeholder:"NAME=DEST" sep:"none" group:"common"`
}

type jobsFlags struct {
	Jobs int `help:"So many messages are worked on at once; their order stays." default:"8" placeholder:"N" group:"common"`
}

// flags are all that a command has besides its own.
type flags struct {
	common
	*collectorFlags
	*parserFlags
	*outputFlags
	*pathFlags
	*jobsFlags

	settings map[string]any // of the configuration file
	secrets  []string       // see secretVariables
}

// secretVariables returns the names of the environment variables that carry
// secrets of this command's flags: INTELPIPE_<COMMAND>_<FLAG> and
// INTELPIPE_<FLAG>, where set, and also if a flag on the command line takes
// precedence. What a command starts must not inherit them.
func (f *flags) secretVariables() []string { return f.secrets }

func (f *flags) feed() feedFlags {
	switch {
	case f.collectorFlags != nil:
		return f.collectorFlags.feedFlags
	case f.parserFlags != nil:
		return f.parserFlags.feedFlags
	}
	return feedFlags{}
}

var errHelp = errors.New("help was asked for")

// parser builds the grammar of one command. Its flags come from the command
// line, else from the environment, else from the configuration file.
func parser(spec *Spec, cmd any, f *flags, getenv func(string) string) (*kong.Kong, error) {
	options := []kong.Option{
		kong.Name(spec.Name),
		kong.NoDefaultHelp(),
		kong.Exit(func(int) {}),
		kong.Embed(&f.common),
		kong.TypeMapper(reflect.TypeFor[[]string](), kong.MapperFunc(listMapper)),
		kong.TypeMapper(reflect.TypeFor[stage.Object](), kong.MapperFunc(objectMapper)),
		kong.TypeMapper(reflect.TypeFor[stage.Secret](), kong.MapperFunc(secretMapper)),
		kong.TypeMapper(reflect.TypeFor[harmonization.Value](), kong.MapperFunc(valueMapper)),
		kong.PostBuild(func(k *kong.Kong) error {
			for _, flag := range k.Model.Flags {
				if flag.IsBool() {
					flag.Tag.Negatable = "_" // --no-x
				}
			}
			return nil
		}),
		kong.Resolvers(kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
			return f.resolve(spec.Name, flag, getenv)
		})),
	}
	switch family(spec.Name) {
	case "collect":
		f.collectorFlags = new(collectorFlags)
		if _, ok := cmd.(stage.Relay); ok {
			options = append(options, kong.Embed(&f.sourceFlags))
		} else {
			options = append(options, kong.Embed(f.collectorFlags))
		}
	case "parse":
		f.parserFlags = new(parserFlags)
		options = append(options, kong.Embed(f.parserFlags))
	case "output":
		f.outputFlags = new(outputFlags)
		options = append(options, kong.Embed(f.outputFlags))
	}
	if _, ok := cmd.(stage.Router); ok {
		f.pathFlags = new(pathFlags)
		options = append(options, kong.Embed(f.pathFlags))
	}
	if _, ok := cmd.(stage.Concurrent); ok {
		f.jobsFlags = new(jobsFlags)
		options = append(options, kong.Embed(f.jobsFlags))
	}
	k, err := kong.New(cmd, options...)
	if err != nil {
		return nil, err
	}
	return k, kong.Visit(k.Model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok && isSecret(flag) {
			for _, name := range variables(spec.Name, secretName(flag)) {
				if getenv(name) != "" {
					f.secrets = append(f.secrets, name)
				}
			}
		}
		return next(nil)
	})
}

func isSecret(flag *kong.Flag) bool { return flag.Target.Type() == reflect.TypeFor[stage.Secret]() }

// secretName is the name of a flag for the secret itself, without the file.
func secretName(flag *kong.Flag) string { return strings.TrimSuffix(flag.Name, "-file") }

// variables are the environment variables for a flag: that of the command
// comes before that of all commands.
func variables(command, flag string) []string {
	return []string{"INTELPIPE_" + variable(command) + "_" + variable(flag), "INTELPIPE_" + variable(flag)}
}

// family is the part of a command's name before the dash.
func family(name string) string {
	before, _, _ := strings.Cut(name, "-")
	return before
}

// resolve looks a flag up in the environment and the configuration file.
func (f *flags) resolve(command string, flag *kong.Flag, getenv func(string) string) (any, error) {
	if flag.Name == "help" || flag.Name == "version" || flag.Name == "config" {
		return nil, nil
	}
	secret := isSecret(flag)
	name := flag.Name
	if secret {
		name = secretName(flag)
	}
	files := variables(command, flag.Name)
	for i, variable := range variables(command, name) {
		if text := getenv(variable); text != "" {
			if secret {
				return stage.Secret(text), nil
			}
			return text, nil
		}
		if text := getenv(files[i]); secret && text != "" {
			return text, nil
		}
	}
	if dir := getenv("CREDENTIALS_DIRECTORY"); secret && dir != "" {
		if path := filepath.Join(dir, name); exists(path) {
			return path, nil
		}
	}
	own, _ := f.settings[command].(map[string]any)
	for _, settings := range []map[string]any{own, f.settings} {
		for _, name := range append([]string{flag.Name}, flag.Aliases...) {
			if v, ok := lookup(settings, name); ok {
				return v, nil
			}
		}
	}
	return nil, nil
}

func variable(name string) string {
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
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

// typed is a value of the configuration file that is no string.
type typed string

const defaultConfig = "/etc/intelpipe/config.json"

// load reads the configuration file: the one that --config or the environment
// names has to be there. It is needed before the flags are parsed.
func (f *flags) load(args []string, getenv func(string) string) error {
	path := cmp.Or(getenv("INTELPIPE_CONFIG"), defaultConfig)
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--config="); ok {
			path = value
		} else if arg == "--config" && i+1 < len(args) {
			path = args[i+1]
		}
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && path == defaultConfig {
		return nil
	} else if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &f.settings); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// check looks in what the configuration file says of one command for names that
// it does not know: a misspelt one would be as if it were not there.
func (f *flags) check(command string, model *kong.Application) error {
	own, _ := f.settings[command].(map[string]any)
	known := map[string]bool{}
	kong.Visit(model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			for _, name := range append([]string{flag.Name}, flag.Aliases...) {
				known[strings.ReplaceAll(name, "-", "_")] = true
			}
		}
		return next(nil)
	})
	for _, name := range slices.Sorted(maps.Keys(own)) {
		if !known[strings.ReplaceAll(name, "-", "_")] {
			return fmt.Errorf("the configuration file: %s has no flag --%s", command, strings.ReplaceAll(name, "_", "-"))
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// text pops a flag's value as text.
func text(ctx *kong.DecodeContext) (string, error) {
	token, err := ctx.Scan.PopValue(ctx.Value.Name)
	if err != nil {
		return "", err
	}
	return fmt.Sprint(token.Value), nil
}

// listMapper reads a,b,c or, where an element holds a comma, ["a","b,c"]. A
// flag tagged sep:"none" takes its value as one element.
func listMapper(ctx *kong.DecodeContext, target reflect.Value) error {
	s, err := text(ctx)
	if err != nil {
		return err
	}
	list := []string{}
	switch {
	case ctx.Value.Tag.Sep == -1:
		list = append(target.Interface().([]string), s)
	case strings.HasPrefix(s, "["):
		var items []any
		if err := json.Unmarshal([]byte(s), &items); err != nil {
			return fmt.Errorf("a comma list or a JSON array is expected: %w", err)
		}
		for _, item := range items {
			list = append(list, fmt.Sprint(item))
		}
	case s != "":
		list = strings.Split(s, ",")
		for i := range list {
			list[i] = strings.TrimSpace(list[i])
		}
	}
	target.Set(reflect.ValueOf(list))
	return nil
}

// objectMapper reads json:{…}.
func objectMapper(ctx *kong.DecodeContext, target reflect.Value) error {
	s, err := text(ctx)
	if err != nil {
		return err
	}
	var object map[string]any
	if err := json.Unmarshal([]byte(strings.TrimPrefix(s, "json:")), &object); err != nil {
		return fmt.Errorf("json:{…} is expected: %w", err)
	}
	target.Set(reflect.ValueOf(stage.Object(object)))
	return nil
}

// valueMapper reads a string, or after json: a value of any type.
func valueMapper(ctx *kong.DecodeContext, target reflect.Value) error {
	token, err := ctx.Scan.PopValue(ctx.Value.Name)
	if err != nil {
		return err
	}
	s := fmt.Sprint(token.Value)
	v := harmonization.Text(s)
	literal, isJSON := strings.CutPrefix(s, "json:")
	if _, ok := token.Value.(typed); ok {
		literal, isJSON = s, true
	}
	if isJSON {
		var err error
		if v, err = event.ParseValue(literal); err != nil {
			return fmt.Errorf("no JSON after json: %w", err)
		}
	}
	target.Set(reflect.ValueOf(v))
	return nil
}

// secretMapper reads the file that the flag names. From the environment the
// secret comes as it is.
func secretMapper(ctx *kong.DecodeContext, target reflect.Value) error {
	token, err := ctx.Scan.PopValue(ctx.Value.Name)
	if err != nil {
		return err
	}
	secret, ok := token.Value.(stage.Secret)
	if !ok {
		data, err := os.ReadFile(fmt.Sprint(token.Value))
		if err != nil {
			return err
		}
		secret = stage.Secret(strings.TrimRight(string(data), "\r\n"))
	}
	target.Set(reflect.ValueOf(secret))
	return nil
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
