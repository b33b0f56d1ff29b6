// Package manual is the words for people that are made of the grammar of a command
// and of its package comment: help, man pages and completion.
package manual

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/kong"

	"github.com/intelpipe/intelpipe/internal/flags"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// helpWidth is how wide help is at most, on any terminal.
const helpWidth = 80

// helpText is what --help prints, the command's own flags and two examples, or
// with all what --help-all does: everything.
func Help(spec *flags.Command, model *kong.Application, all bool) string {
	var b strings.Builder
	label := "usage:"
	for _, n := range calls(model) {
		fmt.Fprintf(&b, "%6s %s [FLAGS]%s\n", label, n.FullPath(), words(n, "%s"))
		label = ""
	}
	b.WriteString("\n" + wrap(spec.Name+": "+spec.Page().Summary, 0, 0) + "\n")
	if all && spec.Page().Doc != "" {
		b.WriteString("\n" + reflow(strings.TrimSpace(spec.Page().Doc)) + "\n")
	}
	for _, s := range sections(model) {
		if !all && s.shared {
			continue
		}
		b.WriteString("\n" + wrap(strings.TrimSpace(s.title+": "+s.text), 0, 0) + "\n")
		for _, i := range s.items {
			b.WriteString(i.entry())
		}
	}
	if all {
		b.WriteString("\n" + wrap("man 7 intelpipe has a glossary of words such as window, checkpoint, path and dump.", 0, 0) + "\n")
		return b.String()
	}
	if list := flags.Examples(spec.Page().Doc); len(list) > 0 {
		b.WriteString("\nExamples:\n")
		for _, text := range firstExamples(spec.Name, list, 2) {
			b.WriteString("  " + strings.ReplaceAll(text, "\n", "\n  ") + "\n")
		}
	}
	b.WriteString("\n" + wrap(fmt.Sprintf("--help-all shows all flags, intelpipe man %s the manual.", spec.Name), 0, 0) + "\n")
	return b.String()
}

// firstExamples returns examples until n of them have called the command.
func firstExamples(name string, list []string, n int) []string {
	for i, text := range list {
		if strings.Contains(text, name) {
			if n--; n == 0 {
				return list[:i+1]
			}
		}
	}
	return list
}

// helpIndent is the column in which the texts of flags begin.
const helpIndent = 26

// entry is a name with its help beside it.
func (i item) entry() string {
	name := fmt.Sprintf("  %-*s", helpIndent-4, i.name) + "  "
	return name + wrap(i.help, utf8.RuneCountInString(name), helpIndent) + "\n"
}

// wrap breaks text into lines no longer than helpWidth. The first one begins in
// a column of its own, the others are indented. A blank that must not be broken
// is U+00A0.
func wrap(text string, column, indent int) string {
	var b strings.Builder
	for i, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' }) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0 && column+n <= helpWidth:
		case i == 0, column+1+n > helpWidth:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return strings.ReplaceAll(b.String(), "\u00a0", " ")
}

// reflow wraps the paragraphs of a manual. What is indented stays as it is.
func reflow(doc string) string {
	paragraphs := strings.Split(doc, "\n\n")
	for i, p := range paragraphs {
		if !strings.ContainsAny(p, "\t#") && !strings.Contains("\n"+p, "\n ") {
			paragraphs[i] = wrap(strings.ReplaceAll(p, "\n", " "), 0, 0)
		}
	}
	return strings.Join(paragraphs, "\n\n")
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
	_, collects := n.Target.Addr().Interface().(stage.Collector)
	launcher, launches := n.Target.Addr().Interface().(stage.Launcher)
	if collects || launches && launcher.Launches() {
		b.WriteString(" [-- " + fmt.Sprintf(format, "PIPELINE") + "...]")
	}
	return b.String()
}

// A section of --help or of the man page has names as they are typed, each
// with what it means.
type section struct {
	title, text string
	shared      bool // the flags are not the command's own
	items       []item
}

type item struct{ name, help string }

// sections are shown in this order: subcommands or arguments, the flags that
// are a command's own, those that several commands share, those that all have.
func sections(model *kong.Application) []section {
	var all []section
	for _, n := range model.Children {
		all = append(all, section{title: n.FullPath(), text: n.Help, items: append(positional(n), flagged(n, "")...)})
	}
	all = append(all, section{title: "Arguments", items: positional(model.Node)})
	groups := []string{"", "common"}
	for _, flag := range model.Flags {
		if key := flags.GroupOf(flag); !slices.Contains(groups, key) {
			groups = slices.Insert(groups, len(groups)-1, key)
		}
	}
	for _, group := range groups {
		title := "Flags"
		if group != "" {
			title = strings.ToUpper(group[:1]) + group[1:] + " flags"
		}
		shared := slices.Contains([]string{"common", "feed", "lookup", "connection"}, group) ||
			group == "HTTP" && !strings.HasPrefix(model.Name, "collect-") // which are about little else
		all = append(all, section{title: title, shared: shared, items: flagged(model.Node, group)})
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
		if flags.GroupOf(flag) == group && !flag.Hidden {
			items = append(items, item{flags.Synopsis(flag), description(flag)})
		}
	}
	return items
}

// description is the help of a flag with its default.
func description(flag *kong.Flag) string {
	s := flag.Help
	if flag.Required {
		s += " Required."
	}
	switch {
	case flag.Default != "":
		value := flag.Default
		if strings.ContainsAny(value, " ") || strings.Trim(value, ",;:=|") == "" {
			value = strings.ReplaceAll(strconv.Quote(value), " ", "\u00a0")
		}
		s += fmt.Sprintf(" Default:\u00a0%s.", value)
	case flag.IsBool() && !slices.Contains([]string{"help", "help-all", "version"}, flag.Name):
		s += " Default:\u00a0false."
	}
	for _, alias := range flag.Aliases {
		s += fmt.Sprintf(" Also\u00a0--%s.", alias)
	}
	if flags.IsSecret(flag) {
		s += fmt.Sprintf(" Or the secret itself in INTELPIPE_%s.", flags.Variable(flags.SecretName(flag)))
	}
	return s
}
