package flags

import (
	"fmt"
	"iter"
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

// binder fills a command with what is on its command line, and else in the
// environment and in the configuration file.
type binder struct {
	Flags *Flags
	spec  *Command
	node  *kong.Node // the command, or the subcommand
	scope []*kong.Flag
	given map[*kong.Flag][]setting
	args  []string
	at    int // the word that is read
}

// bind reads the words behind the command's name and returns the subcommand, or
// the command itself if it has none.
func (f *Flags) bind(spec *Command, model *kong.Application, args []string, getenv func(string) string) (*kong.Node, error) {
	b := &binder{Flags: f, spec: spec, node: model.Node, scope: model.Flags, given: map[*kong.Flag][]setting{}}
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
		b.at = i
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
				return plain.Unknown("subcommand", "", arg, arg, Subcommands(b.node))
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
		s.value = fmt.Sprint(!reflect.Indirect(yes).Bool())
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
	if near := plain.Nearest(Name(strings.TrimLeft(arg, "-")), known); near != "" {
		return fmt.Errorf("unknown flag %s; did you mean --%s?", plain.Line(arg), near)
	}
	return fmt.Errorf("unknown flag %s", plain.Line(arg))
}

func Subcommands(n *kong.Node) iter.Seq[string] {
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
		return fmt.Errorf("a subcommand is missing: %s", plain.Choice(slices.Collect(Subcommands(b.node))))
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
	return fmt.Errorf("%s %s missing, for example: %s", plain.Enumeration(names, "and"), verb, example(b.spec, missing...))
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
			return plain.NoneOf(words, value)
		}
	}
	return nil
}
