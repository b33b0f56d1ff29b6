package tool

import (
	"cmp"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// groups returns the groups of flags in the order in which they are shown: a
// command's own, what several commands share, what all have.
func groups(model *kong.Application) []string {
	keys := []string{""}
	for _, flag := range model.Flags {
		if flag.Group != nil && !slices.Contains(keys, flag.Group.Key) && flag.Group.Key != "common" {
			keys = append(keys, flag.Group.Key)
		}
	}
	return append(keys, "common")
}

// title is the heading of a group.
func title(group string) string {
	if group == "" {
		return "Flags"
	}
	return strings.ToUpper(group[:1]) + group[1:] + " flags"
}

// Help writes what --help prints.
func Help(w io.Writer, spec *Spec, model *kong.Application) {
	fmt.Fprintf(w, "usage: %s [FLAGS]\n\n%s: %s\n", spec.Name, spec.Name, spec.Summary)
	if spec.Doc != "" {
		fmt.Fprintf(w, "\n%s\n", strings.TrimSpace(spec.Doc))
	}
	for _, sub := range model.Children {
		fmt.Fprintf(w, "\n  %s %s\n        %s\n", spec.Name, usage(sub), sub.Help)
	}
	for _, group := range groups(model) {
		heading := "\n" + title(group) + ":\n"
		for _, flag := range Flags(model, group) {
			fmt.Fprintf(w, "%s  %s\n        %s\n", heading, Synopsis(flag), Description(flag))
			heading = ""
		}
	}
}

func usage(n *kong.Node) string {
	words := []string{n.Name}
	for _, arg := range n.Positional {
		words = append(words, arg.Summary())
	}
	return strings.Join(words, " ")
}

// Flags returns the flags of one group.
func Flags(model *kong.Application, group string) []*kong.Flag {
	var flags []*kong.Flag
	for _, flag := range model.Flags {
		key := ""
		if flag.Group != nil {
			key = flag.Group.Key
		}
		if key == group && !flag.Hidden {
			flags = append(flags, flag)
		}
	}
	return flags
}

// Synopsis is a flag as it is typed.
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

// Description is the help of a flag with its default.
func Description(flag *kong.Flag) string {
	s := flag.Help
	if flag.Required {
		s += " Required."
	}
	if flag.Default != "" && !flag.IsBool() && flag.Default != "0" {
		s += fmt.Sprintf(" Default: %s.", flag.Default)
	}
	for _, alias := range flag.Aliases {
		s += fmt.Sprintf(" Also --%s.", alias)
	}
	if flag.Target.Type() == reflect.TypeFor[stage.Secret]() {
		s += fmt.Sprintf(" Or the secret itself in INTELPIPE_%s.", variable(strings.TrimSuffix(flag.Name, "-file")))
	}
	return s
}

// Model is the grammar of a command, for the views that are generated from it.
func Model(spec *Spec) (*kong.Application, error) {
	k, err := parser(spec, spec.New(), new(flags), func(string) string { return "" })
	if err != nil {
		return nil, err
	}
	return k.Model, nil
}
