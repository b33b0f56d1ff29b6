package tool

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// kong gives the grammar of a command: its flags, arguments and subcommands,
// and how their text becomes values. Command lines are read here, so that a
// flag that is empty is one that is not given, and errors are in the words of
// this project.
//
// Tags of a command's flags that are read here:
//
//	field:"event"          the flag names fields of events, or of reports
//	vocabulary:"FIELD"     the flag's values are values of that field
//	empty:"…"              the empty text is a value as well, and means this

// setting is the value of a flag and where it was found.
type setting struct {
	value any    // a string, typed, or a stage.Secret
	place string // as an error names it
}

// places are the flags that have been given, and where.
type places map[*kong.Flag]string

// binder fills a command with what is on its command line, and else in the
// environment and in the configuration file.
type binder struct {
	flags *flags
	spec  *Spec
	node  *kong.Node // the command, or the subcommand
	scope []*kong.Flag
	given map[*kong.Flag][]setting
	args  []string
}

// bind reads the words behind the command's name and returns the subcommand, or
// the command itself if it has none.
func (f *flags) bind(spec *Spec, model *kong.Application, args []string, getenv func(string) string) (*kong.Node, error) {
	b := &binder{flags: f, spec: spec, node: model.Node, scope: model.Flags, given: map[*kong.Flag][]setting{}}
	if err := b.read(args); err != nil {
		return nil, err
	}
	f.places = places{}
	var missing []*kong.Flag
	for _, flag := range b.scope {
		settings := b.given[flag]
		if len(settings) == 0 {
			if s, ok := f.resolve(spec.Name, flag, getenv); ok {
				settings = []setting{s}
			}
		}
		switch {
		case len(settings) > 0:
			f.places[flag] = settings[len(settings)-1].place
		case flag.HasDefault:
			settings = []setting{{flag.Default, "--" + flag.Name}}
		case flag.Required:
			missing = append(missing, flag)
		}
		if err := set(flag, settings); err != nil {
			return nil, err
		}
	}
	if err := b.arguments(); err != nil {
		return nil, err
	}
	return b.node, b.complete(missing)
}

// read sorts words into flags and arguments.
func (b *binder) read(args []string) error {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			b.args = append(b.args, args[i+1:]...)
			return nil
		case len(arg) > 1 && arg[0] == '-':
			used, err := b.flag(arg, args[i+1:])
			if err != nil {
				return err
			}
			i += used
		case len(b.node.Children) > 0:
			child := slices.IndexFunc(b.node.Children, func(n *kong.Node) bool { return n.Name == arg })
			if child < 0 {
				return unknown("subcommand", "", arg, arg, subcommands(b.node))
			}
			b.node = b.node.Children[child]
			b.scope = append(slices.Clone(b.scope), b.node.Flags...)
		case foreign(b.node, len(b.args)):
			b.args = append(b.args, args[i:]...)
			return nil
		default:
			b.args = append(b.args, arg)
		}
	}
	return nil
}

// flag takes one flag, and says whether its value was the next word.
func (b *binder) flag(arg string, rest []string) (used int, err error) {
	name, value, hasValue := strings.Cut(arg, "=")
	flag, negated := b.find(name)
	switch {
	case flag == nil:
		for _, child := range b.node.Children {
			if slices.ContainsFunc(child.Flags, func(f *kong.Flag) bool { return "--"+f.Name == name }) {
				return 0, fmt.Errorf("%s has to stand behind the subcommand, as in %s %s", name, child.FullPath(), name)
			}
		}
		return 0, unknownFlag(name, b.scope)
	case flag.IsBool() && !hasValue:
		value = "true"
	case !flag.IsBool() && !hasValue:
		if len(rest) == 0 || strings.HasPrefix(rest[0], "--") || rest[0] == "-h" {
			return 0, b.valueless(flag, rest)
		}
		value, used = rest[0], 1
	}
	if value == "" && !flag.Tag.Has("empty") {
		return used, nil
	}
	s := setting{value, "--" + flag.Name}
	if negated {
		yes := reflect.New(flag.Target.Type()).Elem()
		if err := decode(flag.Value, s.value, yes); err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		s.value = fmt.Sprint(!yes.Bool())
	}
	b.given[flag] = append(b.given[flag], s)
	return used, nil
}

// find returns the flag of that name, and whether it stands for its opposite.
func (b *binder) find(arg string) (flag *kong.Flag, negated bool) {
	name, long := strings.CutPrefix(arg, "--")
	opposite, no := strings.CutPrefix(name, "no-")
	for _, flag := range b.scope {
		switch {
		case long && (flag.Name == name || slices.Contains(flag.Aliases, name)),
			!long && flag.Short != 0 && arg == "-"+string(flag.Short):
			return flag, false
		case long && no && flag.IsBool() && flag.Name == opposite:
			return flag, true
		}
	}
	return nil, false
}

func unknownFlag(arg string, scope []*kong.Flag) error {
	known := func(yield func(string) bool) {
		for _, flag := range scope {
			for _, name := range append([]string{flag.Name}, flag.Aliases...) {
				if !yield(name) {
					return
				}
			}
		}
	}
	if near := plain.Nearest(flagName(strings.TrimLeft(arg, "-")), known); near != "" {
		return fmt.Errorf("unknown flag %s; did you mean --%s?", plain.Line(arg), near)
	}
	return fmt.Errorf("unknown flag %s", plain.Line(arg))
}

func subcommands(n *kong.Node) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, child := range n.Children {
			if !yield(child.Name) {
				return
			}
		}
	}
}

// valueless is the error for a flag with nothing behind it.
func (b *binder) valueless(flag *kong.Flag, rest []string) error {
	if len(rest) > 0 {
		if name, _, _ := strings.Cut(rest[0], "="); rest[0] != "-h" {
			if known, _ := b.find(name); known == nil {
				return fmt.Errorf("--%s: its value is missing; if that is %s, write --%s=%s", flag.Name, plain.Line(rest[0]), flag.Name, plain.Line(rest[0]))
			}
		}
	}
	return fmt.Errorf("--%s: its value is missing, for example: %s", flag.Name, example(b.spec, flag))
}

// complete returns an error that tells what is missing, with an example.
func (b *binder) complete(missing []*kong.Flag) error {
	if len(b.node.Children) > 0 {
		return fmt.Errorf("a subcommand is missing: %s", choice(slices.Collect(subcommands(b.node))))
	}
	if len(missing) == 0 {
		return nil
	}
	var names []string
	for _, flag := range missing {
		names = append(names, "--"+flag.Name)
	}
	verb := "is"
	if len(names) > 1 {
		verb = "are"
	}
	return fmt.Errorf("%s %s missing, for example: %s", enumeration(names, "and"), verb, example(b.spec, missing...))
}

// arguments fills in what is no flag.
func (b *binder) arguments() error {
	rest := b.args
	for _, arg := range b.node.Positional {
		take := min(1, len(rest))
		if arg.IsCumulative() {
			take = len(rest)
		}
		if take == 0 {
			if arg.Required {
				return fmt.Errorf("the argument %s is missing: %s", strings.ToUpper(arg.Name), lower(arg.Help))
			}
			return nil
		}
		value := reflect.New(arg.Target.Type()).Elem()
		if err := decodeAll(arg, rest[:take], value); err != nil {
			return fmt.Errorf("the argument %s: %w", strings.ToUpper(arg.Name), err)
		}
		arg.Apply(value)
		rest = rest[take:]
	}
	if len(rest) > 0 {
		return fmt.Errorf("unexpected argument %s", plain.Quote(rest[0]))
	}
	return nil
}

// set gives a flag its value, the last one if it was given several times and is
// no list of them.
func set(flag *kong.Flag, settings []setting) error {
	value := reflect.New(flag.Target.Type()).Elem()
	for _, s := range settings {
		if s.value == "" && !flag.Tag.Has("empty") {
			continue // a default that is nothing
		}
		if err := decode(flag.Value, s.value, value); err != nil {
			return fmt.Errorf("%s: %w", s.place, err)
		}
		if err := enumerated(flag, value); err != nil {
			return fmt.Errorf("%s: %w", s.place, err)
		}
	}
	flag.Apply(value)
	flag.Set = len(settings) > 0
	return nil
}

// decode makes a value of what a flag was given.
func decode(v *kong.Value, given any, target reflect.Value) error {
	if s, ok := given.(typed); ok && target.Type() != reflect.TypeFor[harmonization.Value]() && target.Type() != reflect.TypeFor[stage.Value]() {
		given = string(s)
	}
	scan := kong.ScanFromTokens(kong.Token{Type: kong.FlagValueToken, Value: given})
	return v.Mapper.Decode(&kong.DecodeContext{Value: v, Scan: scan}, target)
}

// decodeAll makes a value of one or several arguments.
func decodeAll(v *kong.Value, args []string, target reflect.Value) error {
	tokens := make([]kong.Token, len(args))
	for i, arg := range args {
		tokens[i] = kong.Token{Type: kong.PositionalArgumentToken, Value: arg}
	}
	return v.Mapper.Decode(&kong.DecodeContext{Value: v, Scan: kong.ScanFromTokens(tokens...)}, target)
}

// enumerated checks a value of which there are only some.
func enumerated(flag *kong.Flag, v reflect.Value) error {
	if flag.Enum == "" {
		return nil
	}
	words := slices.DeleteFunc(flag.EnumSlice(), func(s string) bool { return s == "" })
	values := []string{fmt.Sprint(v.Interface())}
	if list, ok := v.Interface().([]string); ok {
		values = list
	}
	for _, value := range values {
		if !slices.Contains(words, value) {
			return noneOf(words, value)
		}
	}
	return nil
}

// noneOf is the error for a value that is none of the words.
func noneOf(words []string, value string) error {
	if near := plain.Nearest(value, slices.Values(words)); near != "" {
		return fmt.Errorf("%s: %s is expected; did you mean %s?", plain.Quote(value), choice(words), near)
	}
	return fmt.Errorf("%s: %s is expected", plain.Quote(value), choice(words))
}

func choice(words []string) string { return enumeration(words, "or") }

// enumeration is a, b and c.
func enumeration(words []string, and string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " " + and + " " + words[last]
}

func lower(s string) string {
	return strings.ToLower(s[:min(1, len(s))]) + strings.TrimSuffix(s[min(1, len(s)):], ".")
}

// example is a call of the command with these flags, from its manual if that
// has one.
func example(spec *Spec, flags ...*kong.Flag) string {
	for _, text := range examples(spec.Doc) {
		text = strings.Join(strings.Fields(strings.ReplaceAll(text, "\\\n", " ")), " ")
		if i := strings.Index(" "+text, " "+spec.Name+" "); i >= 0 {
			text = own(text, i)
			if !strings.Contains(text, "$") && !slices.ContainsFunc(flags, func(f *kong.Flag) bool { return !strings.Contains(text, "--"+f.Name) }) {
				return text
			}
		}
	}
	text := spec.Name
	for _, flag := range flags {
		text += " " + synopsis(flag)
	}
	return text
}

// own cuts the command out of text that begins at start. It ends where another
// one begins, or its input or output is named, or the quote that it stands in.
func own(text string, start int) string {
	var quotes []rune // that are open, outside of the command and in it
	outside := 0
	for i, r := range text {
		if i == start {
			outside = len(quotes)
		}
		switch n := len(quotes); {
		case n > 0 && r == quotes[n-1]:
			if n == outside && i >= start {
				return strings.TrimSpace(text[start:i])
			}
			quotes = quotes[:n-1]
		case (r == '\'' || r == '"') && (n == 0 || n == outside && i >= start):
			quotes = append(quotes, r)
		case i >= start && n == outside && strings.ContainsRune("|&;<>)", r):
			return strings.TrimSpace(text[start:i])
		}
	}
	return text[start:]
}

// examples are the commands of the section Examples of a manual. A line that
// ends with a backslash goes on in the next one.
func examples(doc string) []string {
	_, section, _ := strings.Cut(doc, "# Examples\n")
	section, _, _ = strings.Cut(section, "\n# ")
	var list []string
	more := false
	for line := range strings.Lines(section) {
		text, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "\t")
		if !ok {
			more = false
			continue
		}
		if more {
			list[len(list)-1] += "\n" + text
		} else {
			list = append(list, text)
		}
		more = strings.HasSuffix(text, `\`)
	}
	return list
}

// checkNames looks up the fields that flags name, and the words of vocabularies,
// in the dictionary in force.
func (f *flags) checkNames(d *harmonization.Dictionary) error {
	given := slices.SortedFunc(maps.Keys(f.places), func(a, b *kong.Flag) int { return cmp.Compare(a.Name, b.Name) })
	for _, flag := range given {
		place := f.places[flag]
		if tag := flag.Tag.Get("field"); tag != "" {
			kind, options, _ := strings.Cut(tag, ",")
			if err := checkFields(d, kind, options, flag.Target.Interface()); err != nil {
				return fmt.Errorf("%s: %w", place, err)
			}
		}
		if field := flag.Tag.Get("vocabulary"); field != "" {
			f, err := d.Field(harmonization.Event, field)
			if err != nil {
				return fmt.Errorf("%s: %w", place, err)
			}
			for value := range members(flag.Target.Interface(), true) {
				if value == "" {
					continue
				}
				if _, err := f.Sanitise(harmonization.Text(value)); err != nil {
					return fmt.Errorf("%s: %w", place, err)
				}
			}
		}
	}
	return nil
}

// checkFields looks up the names in a flag's value. Options, separated by
// commas: values, of an object that has the names there and not as keys;
// columns, names in the form of parse-csv; newer, which takes fields that only
// the built-in dictionary knows; group, which takes extra for all below it;
// false, which means none.
func checkFields(d *harmonization.Dictionary, kind, options string, value any) error {
	has := func(option string) bool { return slices.Contains(strings.Split(options, ","), option) }
	message := harmonization.Event
	if kind == "report" {
		message = harmonization.Report
	}
	for name := range members(value, has("values")) {
		parts := []string{name}
		if has("columns") {
			parts = slices.DeleteFunc(strings.Split(name, "|"), func(s string) bool { return s == "" || s == "__IGNORE__" })
		}
		for _, name := range parts {
			if has("false") && name == "false" {
				continue
			}
			err := d.Check(message, name)
			if err != nil && has("newer") && harmonization.Default().Check(message, name) == nil {
				err = nil
			}
			if err != nil {
				return err
			}
			if f, _ := d.Field(message, name); f != nil && f.Type == "JSONDict" && !has("group") {
				return fmt.Errorf("no message has %s itself: name a field below it, such as %s.tag", name, name)
			}
		}
	}
	return nil
}

// members yields the names in a flag's value: itself, its elements, or its keys
// or values.
func members(value any, values bool) iter.Seq[string] {
	switch v := value.(type) {
	case string:
		return slices.Values([]string{v})
	case []string:
		return slices.Values(v)
	case stage.Object:
		return func(yield func(string) bool) {
			for _, key := range slices.Sorted(maps.Keys(v)) {
				name := key
				if text, ok := v[key].(string); values && ok {
					name = text
				} else if values {
					continue // the command says what it wants
				}
				if !yield(name) {
					return
				}
			}
		}
	}
	panic(fmt.Sprintf("a flag of type %T cannot name fields", value)) // a mistake in the command's struct
}

// parse reads a command line: the command, or the subcommand that was chosen, is
// filled in. For --help and --version it writes what is wanted and returns
// errHelp.
func (f *flags) parse(spec *Spec, specs []Spec, cmd any, args []string, p Process) (any, error) {
	k, err := parser(spec, cmd, f, p.Getenv)
	if err != nil {
		return nil, err // a mistake in the command's struct
	}
	words := 0
	for _, arg := range args {
		if !strings.HasPrefix(arg, "-") {
			if foreign(k.Model.Node, words) {
				break
			}
			words++
		}
		var text string
		switch arg {
		case "--help", "-h":
			text = helpText(spec, k.Model, false)
		case "--help-all":
			text = helpText(spec, k.Model, true)
		case "--version":
			text = spec.Name + " " + Version + "\n"
		default:
			continue
		}
		return nil, cmp.Or(show(p, text), errHelp)
	}
	if err := f.load(args, p.Getenv); err != nil {
		return nil, usageError{err}
	}
	if err := f.check(spec.Name, k.Model, specs); err != nil {
		return nil, usageError{err}
	}
	node, err := f.bind(spec, k.Model, args, p.Getenv)
	if err != nil {
		return nil, usageError{err}
	}
	if node != k.Model.Node {
		return node.Target.Addr().Interface(), nil
	}
	return cmd, nil
}

// foreign reports whether the words of another command begin with that
// argument.
func foreign(n *kong.Node, argument int) bool {
	return argument < len(n.Positional) && n.Positional[argument].Passthrough
}

// show writes text that a person has asked for.
func show(p Process, text string) error {
	if _, err := p.Stdout.Write([]byte(text)); err != nil {
		return stage.Fatal(err)
	}
	return nil
}

var errHelp = errors.New("help was asked for")
