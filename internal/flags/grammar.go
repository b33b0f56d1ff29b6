package flags

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// parser builds the grammar of one command.
func parser(spec *Command, cmd any, f *Flags, getenv func(string) string) (*kong.Kong, error) {
	options := []kong.Option{
		kong.Name(spec.Name),
		kong.NoDefaultHelp(),
		kong.Exit(func(int) {}),
		kong.Embed(&f.Common),
	}
	options = append(options, mappers()...)
	switch Family(spec.Name) {
	case "collect":
		f.CollectorFlags = new(CollectorFlags)
		if _, ok := cmd.(stage.Relay); ok {
			options = append(options, kong.Embed(&f.SourceFlags))
		} else {
			options = append(options, kong.Embed(f.CollectorFlags))
		}
		if _, ok := cmd.(stage.Receiver); ok {
			f.ReceiverFlags = new(ReceiverFlags)
			options = append(options, kong.Embed(f.ReceiverFlags))
		}
	case "parse":
		f.ParserFlags = new(ParserFlags)
		options = append(options, kong.Embed(f.ParserFlags))
	case "output":
		f.OutputFlags = new(OutputFlags)
		options = append(options, kong.Embed(f.OutputFlags))
	}
	if _, ok := cmd.(stage.Batcher); ok {
		f.BatchFlags = new(BatchFlags)
		options = append(options, kong.Embed(f.BatchFlags))
	}
	if _, ok := cmd.(stage.Updater); ok {
		f.UpdateFlags = new(UpdateFlags)
		options = append(options, kong.Embed(f.UpdateFlags))
	}
	if _, ok := cmd.(stage.Router); ok {
		f.PathFlags = new(PathFlags)
		options = append(options, kong.Embed(f.PathFlags))
	}
	if _, ok := cmd.(stage.Concurrent); ok {
		f.JobsFlags = new(JobsFlags)
		options = append(options, kong.Embed(f.JobsFlags))
		if w, ok := cmd.(stage.Waiting); ok {
			options = append(options, kong.Vars{"jobs": strconv.Itoa(w.DefaultJobs())})
		}
	}
	k, err := kong.New(cmd, options...)
	if err != nil {
		return nil, err
	}
	if stage.Consumes(cmd) && slices.Contains(filters, Family(spec.Name)) && len(k.Model.Positional) == 0 {
		f.FileFlags = new(FileFlags)
		if err := takeFiles(k, f.FileFlags); err != nil {
			return nil, err
		}
	}
	return k, kong.Visit(k.Model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok && IsSecret(flag) {
			for _, name := range variables(spec.Name, SecretName(flag)) {
				if getenv(name) != "" {
					f.secrets = append(f.secrets, name)
				}
			}
		}
		return next(nil)
	})
}

func IsSecret(flag *kong.Flag) bool { return flag.Target.Type() == reflect.TypeFor[stage.Secret]() }

// secretName is the name of a flag for the secret itself, without the file.
func SecretName(flag *kong.Flag) string { return strings.TrimSuffix(flag.Name, "-file") }

// variables are the environment variables for a flag: that of the command
// comes before that of all commands.
func variables(command, flag string) []string {
	return []string{"INTELPIPE_" + Variable(command) + "_" + Variable(flag), "INTELPIPE_" + Variable(flag)}
}

func Variable(name string) string {
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// filters are the families of commands that read a stream of messages.
var filters = []string{"parse", "expert", "output"}

// takeFiles gives a command the arguments of another grammar, which kong does
// only for flags.
func takeFiles(k *kong.Kong, f *FileFlags) error {
	files, err := kong.New(f, kong.NoDefaultHelp(), kong.TypeMapper(reflect.TypeFor[[]string](), kong.MapperFunc(listMapper)))
	if err == nil {
		k.Model.Positional = files.Model.Positional
	}
	return err
}

// foreign reports whether the words of another command begin with that
// argument.
func foreign(n *kong.Node, argument int) bool {
	return argument < len(n.Positional) && n.Positional[argument].Passthrough
}

func GroupOf(flag *kong.Flag) string {
	if flag.Group == nil {
		return ""
	}
	return flag.Group.Key
}

// synopsis is a flag as it is typed.
func Synopsis(flag *kong.Flag) string {
	s := "--" + flag.Name
	if flag.Short != 0 {
		s = fmt.Sprintf("-%c, %s", flag.Short, s)
	}
	if flag.IsBool() {
		if flag.Default == "true" {
			s = "--[no-]" + flag.Name
		}
		return s
	}
	return s + "=" + cmp.Or(flag.PlaceHolder, placeholder(flag))
}

func placeholder(flag *kong.Flag) string {
	if flag.Enum != "" {
		return strings.ReplaceAll(flag.Enum, ",", "|")
	}
	switch flag.Target.Kind() {
	case reflect.Int, reflect.Int64, reflect.Float64:
		return "N"
	case reflect.Slice:
		return "A,B,…"
	}
	return "TEXT"
}

// Model is the grammar of a command, for the views that are generated from it.
func Model(spec *Command) (*kong.Application, error) {
	k, err := parser(spec, spec.New(), new(Flags), func(string) string { return "" })
	if err != nil {
		return nil, err
	}
	return k.Model, nil
}
