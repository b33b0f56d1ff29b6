package tool

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/charset"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// common are the flags that every command has.
type common struct {
	Harmonization string     `help:"Take the fields from FILE, an IntelMQ harmonization.conf." placeholder:"FILE" group:"common"`
	Dump          string     `help:"Where messages go that fail; by default COMMAND.dump in the state directory." placeholder:"FILE" group:"common"`
	DumpBytes     stage.Size `help:"How large the dump may become, with the files beside it that have lines too large for it. When it is full the command ends." default:"2GiB" placeholder:"SIZE" group:"common"`
	RecordLimit   stage.Size `help:"The longest event that is accepted." default:"16MiB" placeholder:"SIZE" group:"common"`
	Grace         int        `help:"Seconds after SIGTERM in which a filter may go on reading, or in which something has to come back from the pipeline of a source." default:"10" placeholder:"SECONDS" group:"common"`
	Config        string     `help:"Take flags from this JSON file." default:"/etc/intelpipe/config.json" placeholder:"FILE" group:"common"`
	Verbose       bool       `help:"Say at the end how many messages were read, passed on, dropped and failed, also when none failed." group:"common"`
	Help          bool       `help:"Print the command's own flags and examples, and exit." short:"h" group:"common"`
	HelpAll       bool       `help:"Print all flags and the manual's text, and exit." group:"common"`
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
	Encoding                    string       `help:"Read reports that have no byte order mark in this encoding, such as latin1 or utf-16le. By default the charset that the report's server named, else utf-8." placeholder:"NAME" group:"feed"`
	EncodingErrors              string       `help:"What to do with bytes that do not fit the encoding: let their line fail (strict), put U+FFFD in their place (replace), or leave them out (ignore)." enum:"strict,replace,ignore" default:"strict" group:"feed"`
	Timezone                    string       `help:"Read times without a zone as times of this one, such as Europe/Vienna or +02:00, instead of UTC." placeholder:"ZONE" group:"feed"`
	DayFirst                    bool         `help:"Read dates such as 11/12/2026 with the day first." group:"feed"`
	MaxReport                   stage.Size   `help:"The largest report that is accepted." default:"64GiB" placeholder:"SIZE" group:"common"`
	DefaultFields               stage.Object `help:"Fields to set where the parser sets nothing." aliases:"defaults-fields" placeholder:"json:{…}" group:"feed" field:"event,group"`
	CopyCollectorProvidedFields []string     `help:"Fields of the report to copy to its events, besides those of the feed." placeholder:"FIELD,…" group:"feed" field:"report,group"`
}

// reading is what the flags say about how to read reports.
func (p *parserFlags) reading() (*event.Reading, error) {
	if p.Encoding != "" {
		if _, err := charset.Lookup(p.Encoding); err != nil {
			return nil, fmt.Errorf("--encoding: %w", err)
		}
	}
	r := &event.Reading{Encoding: p.Encoding, Errors: p.EncodingErrors}
	r.DayFirst = p.DayFirst
	if p.Timezone != "" {
		var err error
		if r.Location, err = harmonization.Zone(p.Timezone); err != nil {
			return nil, fmt.Errorf("--timezone: %w", err)
		}
	}
	return r, nil
}

type outputFlags struct {
	Pass bool `help:"Pass the events on as well." group:"common"`
}

type pathFlags struct {
	To []string `help:"Send what takes the path NAME to the file DEST, or to a spool if DEST ends in /. May be given several times." placeholder:"NAME=DEST" sep:"none" group:"common"`
}

// fileFlags are what a filter takes besides flags.
type fileFlags struct {
	Files []string `arg:"" optional:"" name:"file" help:"Read these files, one after the other, instead of stdin, which is -." sep:"none"`
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
	*fileFlags

	settings map[string]any // of the configuration file
	config   string         // its name
	secrets  []string       // see secretVariables
	places   places         // of the flags that have been given
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

// parser builds the grammar of one command.
func parser(spec *Spec, cmd any, f *flags, getenv func(string) string) (*kong.Kong, error) {
	options := []kong.Option{
		kong.Name(spec.Name),
		kong.NoDefaultHelp(),
		kong.Exit(func(int) {}),
		kong.Embed(&f.common),
	}
	options = append(options, mappers()...)
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
	if _, ok := cmd.(stage.Processor); ok && slices.Contains(filters, family(spec.Name)) && len(k.Model.Positional) == 0 {
		f.fileFlags = new(fileFlags)
		if err := takeFiles(k, f.fileFlags); err != nil {
			return nil, err
		}
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

// mappers make values of text.
func mappers() []kong.Option {
	return []kong.Option{
		kong.TypeMapper(reflect.TypeFor[[]string](), kong.MapperFunc(listMapper)),
		kong.TypeMapper(reflect.TypeFor[stage.Object](), kong.MapperFunc(objectMapper)),
		kong.TypeMapper(reflect.TypeFor[stage.Secret](), kong.MapperFunc(secretMapper)),
		kong.TypeMapper(reflect.TypeFor[harmonization.Value](), kong.MapperFunc(valueMapper)),
		kong.TypeMapper(reflect.TypeFor[stage.Value](), kong.MapperFunc(fieldValueMapper)),
		kong.TypeMapper(reflect.TypeFor[[]float64](), kong.MapperFunc(numbersMapper)),
		kong.KindMapper(reflect.Bool, kong.MapperFunc(boolMapper)),
		kong.KindMapper(reflect.Int, kong.MapperFunc(intMapper)),
		kong.KindMapper(reflect.Int64, kong.MapperFunc(intMapper)),
		kong.KindMapper(reflect.Float64, kong.MapperFunc(floatMapper)),
	}
}

// filters are the families of commands that read a stream of messages.
var filters = []string{"parse", "expert", "output"}

// takeFiles gives a command the arguments of another grammar, which kong does
// only for flags.
func takeFiles(k *kong.Kong, f *fileFlags) error {
	files, err := kong.New(f, kong.NoDefaultHelp(), kong.TypeMapper(reflect.TypeFor[[]string](), kong.MapperFunc(listMapper)))
	if err == nil {
		k.Model.Positional = files.Model.Positional
	}
	return err
}

// family is the part of a command's name before the dash.
func family(name string) string {
	before, _, _ := strings.Cut(name, "-")
	return before
}

// resolve looks a flag up in the environment and the configuration file.
func (f *flags) resolve(command string, flag *kong.Flag, getenv func(string) string) (setting, bool) {
	if flag.Name == "help" || flag.Name == "help-all" || flag.Name == "version" || flag.Name == "config" || flag.Tag.Has("noenv") {
		return setting{}, false
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
				return setting{stage.Secret(text), "the variable " + variable}, true
			}
			return setting{text, "the variable " + variable}, true
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
func (f *flags) check(command string, model *kong.Application, specs []Spec) error {
	known := map[string]bool{}
	names(known, model)
	own, isObject := f.settings[command].(map[string]any)
	if _, given := f.settings[command]; given && !isObject {
		return fmt.Errorf("%s: %s: an object with the flags of the command is expected", f.config, command)
	}
	for _, name := range slices.Sorted(maps.Keys(own)) {
		if !known[flagName(name)] {
			return unknown("flag", fmt.Sprintf("%s: %s: ", f.config, command), name, flagName(name), maps.Keys(known))
		}
	}
	near := maps.Clone(known)
	for i := range specs {
		near[specs[i].Name] = true
	}
	all := false
	for _, name := range slices.Sorted(maps.Keys(f.settings)) {
		if known[flagName(name)] || find(specs, name) != nil || len(specs) == 1 {
			continue
		}
		if plain.Nearest(flagName(name), maps.Keys(near)) == "" {
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
		if !known[flagName(name)] {
			return unknown("flag or command", f.config+": ", name, flagName(name), maps.Keys(known))
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

// flagName is the name of a flag, for one that may be spelt as IntelMQ does.
func flagName(name string) string { return strings.ReplaceAll(name, "_", "-") }

// unknown is the error for a name that is none, with the one that was probably
// meant.
func unknown(kind, place, name, word string, known iter.Seq[string]) error {
	if near := plain.Nearest(word, known); near != "" {
		return fmt.Errorf("%sunknown %s %s; did you mean %s?", place, kind, plain.Quote(name), near)
	}
	return fmt.Errorf("%sunknown %s %s", place, kind, plain.Quote(name))
}

// exists says no only if it is certain: what cannot be read is to be an error.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}

// text pops a flag's value as text.
func text(ctx *kong.DecodeContext) string { return fmt.Sprint(ctx.Scan.Pop().Value) }

// listMapper reads a,b,c or, where an element holds a comma, ["a","b,c"]. A
// flag tagged sep:"none" takes its value as one element.
func listMapper(ctx *kong.DecodeContext, target reflect.Value) error {
	if ctx.Value.Flag == nil { // arguments
		list := []string{}
		for token := ctx.Scan.Pop(); !token.IsEOL(); token = ctx.Scan.Pop() {
			list = append(list, fmt.Sprint(token.Value))
		}
		target.Set(reflect.ValueOf(list))
		return nil
	}
	s := text(ctx)
	if ctx.Value.Tag.Sep == -1 {
		target.Set(reflect.ValueOf(append(target.Interface().([]string), s)))
		return nil
	}
	list, err := elements(s)
	target.Set(reflect.ValueOf(list))
	return err
}

// elements reads a comma list or a JSON array.
func elements(s string) ([]string, error) {
	list := []string{}
	switch {
	case strings.HasPrefix(s, "["):
		var items []any
		if err := json.Unmarshal([]byte(s), &items); err != nil {
			return list, fmt.Errorf("a comma list or a JSON array is expected: %w", err)
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
	return list, nil
}

// numbersMapper reads a list of numbers.
func numbersMapper(ctx *kong.DecodeContext, target reflect.Value) error {
	list, err := elements(text(ctx))
	if err != nil {
		return err
	}
	numbers := make([]float64, len(list))
	for i, s := range list {
		if numbers[i], err = number(s); err != nil {
			return err
		}
	}
	target.Set(reflect.ValueOf(numbers))
	return nil
}

func number(s string) (float64, error) {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
		return 0, fmt.Errorf("%s: a number is expected", plain.Quote(s))
	}
	return n, nil
}

func floatMapper(ctx *kong.DecodeContext, target reflect.Value) error {
	n, err := number(text(ctx))
	target.SetFloat(n)
	return err
}

func intMapper(ctx *kong.DecodeContext, target reflect.Value) error {
	s := text(ctx)
	n, err := strconv.ParseInt(s, 10, target.Type().Bits())
	if errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("%s: this number is too large", plain.Quote(s))
	} else if err != nil {
		return fmt.Errorf("%s: a whole number is expected", plain.Quote(s))
	}
	target.SetInt(n)
	return nil
}

func boolMapper(ctx *kong.DecodeContext, target reflect.Value) error {
	s := text(ctx)
	switch strings.ToLower(s) {
	case "true", "yes", "on", "1":
		target.SetBool(true)
	case "false", "no", "off", "0":
		target.SetBool(false)
	default:
		return fmt.Errorf("%s: true or false is expected", plain.Quote(s))
	}
	return nil
}

// objectMapper reads json:{…}.
func objectMapper(ctx *kong.DecodeContext, target reflect.Value) error {
	s := text(ctx)
	if err := checkJSON(s); err != nil {
		return err
	}
	var value any
	if err := json.Unmarshal([]byte(strings.TrimPrefix(s, "json:")), &value); err != nil {
		return err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: an object is expected, json:{…}", plain.Quote(s))
	}
	target.Set(reflect.ValueOf(stage.Object(object)))
	return nil
}

// checkJSON looks at a JSON document that may stand behind json:. Columns count
// from the beginning of the flag's value.
func checkJSON(s string) error {
	literal := strings.TrimPrefix(s, "json:")
	err := json.Check(literal)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) && syntax.Line == 1 {
		syntax.Column += len(s) - len(literal)
	}
	return err
}

// valueMapper reads a string, or after json: a value of any type.
func valueMapper(ctx *kong.DecodeContext, target reflect.Value) error {
	v, err := fieldValue(ctx)
	target.Set(reflect.ValueOf(v.Value))
	return err
}

// fieldValueMapper also says whether the value has its type already.
func fieldValueMapper(ctx *kong.DecodeContext, target reflect.Value) error {
	v, err := fieldValue(ctx)
	target.Set(reflect.ValueOf(v))
	return err
}

func fieldValue(ctx *kong.DecodeContext) (v stage.Value, err error) {
	token := ctx.Scan.Pop()
	s := fmt.Sprint(token.Value)
	literal, isJSON := strings.CutPrefix(s, "json:")
	if _, ok := token.Value.(typed); ok {
		literal, isJSON = s, true
	}
	if !isJSON {
		return stage.Value{Value: harmonization.Text(s)}, nil
	}
	if err := checkJSON(s); err != nil {
		return v, err
	}
	v.Typed = true
	v.Value, err = event.ParseValue(literal)
	return v, err
}

// secretMapper reads the file that the flag names. From the environment the
// secret comes as it is.
func secretMapper(ctx *kong.DecodeContext, target reflect.Value) error {
	token := ctx.Scan.Pop()
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
