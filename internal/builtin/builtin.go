// Package builtin is what intelpipe does besides its commands: it lists and explains
// them, shows the data format, and makes their links.
package builtin

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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

// Call is what a word of the command line needs to know.
type Call struct {
	Commands []flags.Command // of this binary
	Version  string
	Terminal bool // stdout is one
	Stdout   io.Writer
	Stderr   io.Writer
	Getenv   func(string) string
}

// word is one of them. It returns what it prints.
type word struct {
	name, args, help string
	run              func(c *Call, args []string) (string, error)
}

// words is a function so that nothing is made of it at the start of a command.
func words() []word {
	return []word{
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

// Run does what the first argument says, and returns the text to print. An error is
// one of usage, or that of what was to be done.
func (c *Call) Run(args []string) (string, error) {
	if len(args) == 0 {
		return "", stage.Usage(errors.New("the name of a command is missing; intelpipe list shows all, intelpipe --help tells more"))
	}
	name, rest := args[0], args[1:]
	switch name {
	case "--help", "-h":
		name = "help"
	case "version":
		name = "--version"
	}
	all := words()
	i := slices.IndexFunc(all, func(w word) bool { return w.name == name })
	if i < 0 {
		return "", stage.Usage(Unknown(c.Commands, args[0], ""))
	}
	return all[i].run(c, rest)
}

// Unknown is the error for a word that is no command; where says at which place of
// a chain it stands.
func Unknown(specs []flags.Command, word, where string) error {
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
	for _, w := range words() {
		all = append(all, w.name)
	}
	return all
}

func list(c *Call, args []string) (string, error) {
	if err := none("list", args); err != nil {
		return "", err
	}
	var b strings.Builder
	for _, name := range known(c.Commands) {
		text := page.Of(name)
		if spec := flags.Find(c.Commands, name); spec != nil {
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

func version(c *Call, args []string) (string, error) {
	return "intelpipe " + c.Version + "\n", none("--version", args)
}

func completion(c *Call, args []string) (string, error) {
	if err := none("completion", args); err != nil {
		return "", err
	}
	var b bytes.Buffer
	err := manual.Completion(&b, c.Commands, known(c.Commands), names())
	return b.String(), err
}

// usageText is what intelpipe --help prints.
func usageText() string {
	var b strings.Builder
	b.WriteString("usage: intelpipe COMMAND [FLAGS] [then COMMAND [FLAGS]]...\n")
	for _, w := range words() {
		fmt.Fprintf(&b, "       %-30s %s\n", strings.TrimSpace("intelpipe "+w.name+" "+w.args), w.help)
	}
	b.WriteString("\nFilters for security incident feeds. Each reads and writes events as JSON, one a\n" +
		"line. COMMAND --help shows the flags of a command.\n\nExample:\n" +
		"  printf '192.0.2.4\\n' | intelpipe parse-blocklistde then expert-taxonomy\n")
	return b.String()
}

func help(c *Call, args []string) (string, error) {
	if len(args) == 0 || args[0] == "intelpipe" {
		return usageText(), nil
	}
	spec, err := c.one("help", args)
	if err != nil {
		return "", err
	}
	if c.Terminal {
		if shown, err := c.manPage(spec); shown {
			return "", err
		}
	}
	model, err := flags.Model(spec)
	if err != nil {
		return "", err
	}
	return manual.Help(spec, model, true), nil
}

func manualPage(c *Call, args []string) (string, error) {
	if len(args) == 1 && args[0] == "--common-flags" { // for internal/dev/gen
		return manual.CommonFlags(c.Commands)
	}
	spec, err := c.one("man", args)
	if err != nil {
		return "", err
	}
	if c.Terminal {
		if shown, err := c.manPage(spec); shown {
			return "", err
		}
		return help(c, args) // nobody wants to read roff
	}
	var b bytes.Buffer
	err = manual.Man(&b, spec, c.Commands)
	return b.String(), err
}

// one is the command that the only argument names.
func (c *Call) one(name string, args []string) (*flags.Command, error) {
	if len(args) != 1 {
		return nil, stage.Usage(fmt.Errorf("%s: the name of one command is expected; intelpipe list shows all", name))
	}
	if spec := flags.Find(c.Commands, args[0]); spec != nil {
		return spec, nil
	}
	if slices.ContainsFunc(words(), func(w word) bool { return w.name == args[0] }) {
		return nil, stage.Usage(fmt.Errorf("%s: intelpipe --help tells what %s does", name, args[0]))
	}
	return nil, stage.Usage(Unknown(c.Commands, args[0], ""))
}

// manPage shows the manual page of a command at the terminal, if there is a man.
func (c *Call) manPage(spec *flags.Command) (shown bool, err error) {
	path, err := exec.LookPath("man")
	if err != nil {
		return false, nil
	}
	var b bytes.Buffer
	if err := manual.Man(&b, spec, c.Commands); err != nil {
		return true, err
	}
	cmd := exec.Command(path, "-l", "-")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &b, c.Stdout, c.Stderr
	var exit *exec.ExitError
	if err := cmd.Run(); errors.As(err, &exit) {
		return false, nil // one that does not know -l, or has no formatter
	} else if err != nil {
		return true, stage.Fatal(err)
	}
	return true, nil
}

func fields(c *Call, args []string) (string, error) {
	return manual.Fields(args, c.Getenv)
}

func types(c *Call, args []string) (string, error) {
	return manual.Types(args, c.Getenv)
}

// install makes a symbolic link to this program for each command.
func install(c *Call, args []string) (string, error) {
	if len(args) != 1 || args[0] == "" {
		return "", stage.Usage(errors.New("--install-links: a directory is expected"))
	}
	return "", installLinks(c.Commands, args[0])
}
