package tool

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/flags"
	"github.com/intelpipe/intelpipe/internal/manual"
	"github.com/intelpipe/intelpipe/internal/manual/page"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/sibling"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// builtin is what the multi-call binary can do besides its commands. It returns
// what it prints.
type builtin struct {
	name, args, help string
	run              func(specs []Spec, p System, args []string) (string, error)
}

// builtins is a function so that nothing is made of it at the start of a command.
func builtins() []builtin {
	return []builtin{
		{"list", "", "list the commands", list},
		{"help", "[COMMAND]", "explain a command", help},
		{"man", "COMMAND", "show the manual of a command", manualPage},
		{"fields", "[PATTERN]", "list the fields of events, their types and meaning", fields},
		{"types", "[PATTERN]", "list the classification types, taxonomies and meaning", types},
		{"completion", "", "print a script that completes words in bash", completion},
		{"--install-links", "DIR", "make a link for each command", install},
		{"--version", "", "print the version", version},
	}
}

// multi runs one of them.
func multi(specs []Spec, p System, args []string) int {
	if len(args) == 0 {
		fmt.Fprint(p.Stderr, "intelpipe: the name of a command is missing; intelpipe list shows all, intelpipe --help tells more\n")
		return ExitUsage
	}
	name, rest := args[0], args[1:]
	switch name {
	case "--help", "-h":
		name = "help"
	case "version":
		name = "--version"
	}
	all := builtins()
	i := slices.IndexFunc(all, func(b builtin) bool { return b.name == name })
	var err error
	if i < 0 {
		err = stage.Usage(unknownCommand(specs, args[0], ""))
	} else {
		var text string
		if text, err = all[i].run(specs, p, rest); err == nil {
			err = show(p, text)
		}
	}
	switch {
	case err == nil:
		return ExitOK
	case stage.IsUsage(err):
		fmt.Fprintf(p.Stderr, "intelpipe: %s\n", plain.Line(err.Error()))
		return ExitUsage
	}
	fmt.Fprintf(p.Stderr, "intelpipe: %s\n", plain.Line(err.Error()))
	return ExitBroken
}

// unknownCommand is the error for a word that is no command.
func unknownCommand(specs []Spec, word, where string) error {
	all := known(specs)
	if where == "" {
		all = append(all, names()...)
	}
	if near := plain.Nearest(flags.Name(word), slices.Values(all)); near != "" {
		return fmt.Errorf("unknown command %s%s; did you mean %s?", plain.Quote(word), where, near)
	}
	return fmt.Errorf("unknown command %s%s; intelpipe list shows all", plain.Quote(word), where)
}

// names are those of the built-in ones.
func names() []string {
	var all []string
	for _, b := range builtins() {
		all = append(all, b.name)
	}
	return all
}

func list(specs []Spec, _ System, args []string) (string, error) {
	if err := none("list", args); err != nil {
		return "", err
	}
	var b strings.Builder
	for _, name := range known(specs) {
		text := page.Of(name)
		if spec := flags.Find(specs, name); spec != nil {
			text = spec.Page()
		} else {
			text.Summary += " (in " + sibling.Name + ")"
		}
		fmt.Fprintf(&b, "%-32s %s\n", name, text.Summary)
	}
	return b.String(), nil
}

// none refuses arguments.
func none(name string, args []string) error {
	if len(args) > 0 {
		return stage.Usage(fmt.Errorf("%s: unexpected argument %s", name, plain.Quote(args[0])))
	}
	return nil
}

func version(_ []Spec, _ System, args []string) (string, error) {
	return "intelpipe " + Version + "\n", none("--version", args)
}

func completion(specs []Spec, _ System, args []string) (string, error) {
	if err := none("completion", args); err != nil {
		return "", err
	}
	var b bytes.Buffer
	err := manual.Completion(&b, specs, known(specs), names())
	return b.String(), err
}

// usageText is what intelpipe --help prints.
func usageText() string {
	var b strings.Builder
	b.WriteString("usage: intelpipe COMMAND [FLAGS] [then COMMAND [FLAGS]]...\n")
	for _, b2 := range builtins() {
		fmt.Fprintf(&b, "       %-30s %s\n", strings.TrimSpace("intelpipe "+b2.name+" "+b2.args), b2.help)
	}
	b.WriteString("\nFilters for security incident feeds. Each reads and writes events as JSON, one a\n" +
		"line. COMMAND --help shows the flags of a command.\n\nExample:\n" +
		"  printf '192.0.2.4\\n' | intelpipe parse-blocklistde then expert-taxonomy\n")
	return b.String()
}

func help(specs []Spec, p System, args []string) (string, error) {
	if len(args) == 0 || args[0] == "intelpipe" {
		return usageText(), nil
	}
	spec, err := one("help", specs, args)
	if err != nil {
		return "", err
	}
	if isTerminal(p.Stdout) {
		if shown, err := manPage(spec, specs, p); shown {
			return "", err
		}
	}
	model, err := flags.Model(spec)
	if err != nil {
		return "", err
	}
	return manual.Help(spec, model, true), nil
}

func manualPage(specs []Spec, p System, args []string) (string, error) {
	if len(args) == 1 && args[0] == "--common-flags" { // for internal/dev/gen
		return manual.CommonFlags(specs)
	}
	spec, err := one("man", specs, args)
	if err != nil {
		return "", err
	}
	if isTerminal(p.Stdout) {
		if shown, err := manPage(spec, specs, p); shown {
			return "", err
		}
		return help(specs, p, args) // nobody wants to read roff
	}
	var b bytes.Buffer
	err = manual.Man(&b, spec, specs)
	return b.String(), err
}

// one is the command that the only argument names.
func one(name string, specs []Spec, args []string) (*Spec, error) {
	if len(args) != 1 {
		return nil, stage.Usage(fmt.Errorf("%s: the name of one command is expected; intelpipe list shows all", name))
	}
	if spec := flags.Find(specs, args[0]); spec != nil {
		return spec, nil
	}
	if slices.ContainsFunc(builtins(), func(b builtin) bool { return b.name == args[0] }) {
		return nil, stage.Usage(fmt.Errorf("%s: intelpipe --help tells what %s does", name, args[0]))
	}
	return nil, stage.Usage(unknownCommand(specs, args[0], ""))
}

// manPage shows the manual page of a command at the terminal, if there is a man.
func manPage(spec *Spec, specs []Spec, p System) (shown bool, err error) {
	path, err := exec.LookPath("man")
	if err != nil {
		return false, nil
	}
	var b bytes.Buffer
	if err := manual.Man(&b, spec, specs); err != nil {
		return true, err
	}
	cmd := exec.Command(path, "-l", "-")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &b, p.Stdout, p.Stderr
	var exit *exec.ExitError
	if err := cmd.Run(); errors.As(err, &exit) {
		return false, nil // one that does not know -l, or has no formatter
	} else if err != nil {
		return true, stage.Fatal(err)
	}
	return true, nil
}

func fields(_ []Spec, p System, args []string) (string, error) {
	return manual.Fields(args, p.Getenv)
}

func types(_ []Spec, p System, args []string) (string, error) {
	return manual.Types(args, p.Getenv)
}

// install makes a symbolic link to this program for each command.
func install(specs []Spec, _ System, args []string) (string, error) {
	if len(args) != 1 || args[0] == "" {
		return "", stage.Usage(errors.New("--install-links: a directory is expected"))
	}
	return "", installLinks(specs, args[0])
}
