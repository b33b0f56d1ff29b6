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

// Help writes what --help prints.
func Help(w io.Writer, spec *Spec, model *kong.Application) {
	label := "usage:"
	for _, n := range calls(model) {
		fmt.Fprintf(w, "%6s %s [FLAGS]%s\n", label, n.FullPath(), words(n, "%s"))
		label = ""
	}
	fmt.Fprintf(w, "\n%s: %s\n", spec.Name, spec.Summary)
	if spec.Doc != "" {
		fmt.Fprintf(w, "\n%s\n", strings.TrimSpace(spec.Doc))
	}
	for _, s := range sections(model) {
		fmt.Fprintf(w, "\n%s\n", strings.TrimSpace(s.title+": "+s.text))
		for _, i := range s.items {
			fmt.Fprintf(w, "  %s\n        %s\n", i.name, i.help)
		}
	}
}

// calls are the ways to call a command: its subcommands, or just itself.
func calls(model *kong.Application) []*kong.Node {
	if len(model.Children) > 0 {
		return model.Children
	}
	return []*kong.Node{model.Node}
}

// words are what follows the flags of a call as it is typed, the names in a
// format: its arguments, and the pipeline of what starts a stream.
func words(n *kong.Node, format string) string {
	var b strings.Builder
	for _, arg := range n.Positional {
		text := fmt.Sprintf(format, strings.ToUpper(arg.Name))
		if arg.IsCumulative() {
			text += "..."
		}
		if !arg.Required {
			text = "[" + text + "]"
		}
		b.WriteString(" " + text)
	}
	if _, ok := n.Target.Addr().Interface().(stage.Collector); ok {
		b.WriteString(" [-- " + fmt.Sprintf(format, "PIPELINE") + "...]")
	}
	return b.String()
}

// A section of --help or of the man page has names as they are typed, each
// with what it means.
type section struct {
	title, text string
	items       []item
}

type item struct{ name, help string }

// sections are shown in this order: subcommands or arguments, the flags that
// are a command's own, those that several commands share, those that all have.
func sections(model *kong.Application) []section {
	var all []section
	for _, n := range model.Children {
		all = append(all, section{n.FullPath(), n.Help, append(positional(n), flagged(n, "")...)})
	}
	all = append(all, section{title: "Arguments", items: positional(model.Node)})
	groups := []string{"", "common"}
	for _, flag := range model.Flags {
		if key := groupOf(flag); !slices.Contains(groups, key) {
			groups = slices.Insert(groups, len(groups)-1, key)
		}
	}
	for _, group := range groups {
		title := "Flags"
		if group != "" {
			title = strings.ToUpper(group[:1]) + group[1:] + " flags"
		}
		all = append(all, section{title: title, items: flagged(model.Node, group)})
	}
	return slices.DeleteFunc(all, func(s section) bool { return s.text == "" && len(s.items) == 0 })
}

func positional(n *kong.Node) []item {
	var items []item
	for _, arg := range n.Positional {
		items = append(items, item{strings.ToUpper(arg.Name), arg.Help})
	}
	return items
}

// flagged are the flags of one group.
func flagged(n *kong.Node, group string) []item {
	var items []item
	for _, flag := range n.Flags {
		if groupOf(flag) == group && !flag.Hidden {
			items = append(items, item{synopsis(flag), description(flag)})
		}
	}
	return items
}

func groupOf(flag *kong.Flag) string {
	if flag.Group == nil {
		return ""
	}
	return flag.Group.Key
}

// synopsis is a flag as it is typed.
func synopsis(flag *kong.Flag) string {
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

// description is the help of a flag with its default.
func description(flag *kong.Flag) string {
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
	if isSecret(flag) {
		s += fmt.Sprintf(" Or the secret itself in INTELPIPE_%s.", variable(secretName(flag)))
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
