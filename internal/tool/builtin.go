package tool

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/flags"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/manual"
	"github.com/intelpipe/intelpipe/internal/manual/page"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// builtin is what the multi-call binary can do besides its commands. It returns
// what it prints.
type builtin struct {
	name, args, help string
	run              func(specs []Spec, p Process, args []string) (string, error)
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
func multi(specs []Spec, p Process, args []string) int {
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
	known := func(yield func(string) bool) {
		for _, s := range specs {
			if !yield(s.Name) {
				return
			}
		}
		for _, b := range builtins() {
			if where == "" && !yield(b.name) {
				return
			}
		}
	}
	if near := plain.Nearest(flags.Name(word), known); near != "" {
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

func list(specs []Spec, _ Process, args []string) (string, error) {
	if err := none("list", args); err != nil {
		return "", err
	}
	var b strings.Builder
	for _, s := range specs {
		fmt.Fprintf(&b, "%-32s %s\n", s.Name, s.Page().Summary)
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

func version(_ []Spec, _ Process, args []string) (string, error) {
	return "intelpipe " + Version + "\n", none("--version", args)
}

func completion(specs []Spec, _ Process, args []string) (string, error) {
	if err := none("completion", args); err != nil {
		return "", err
	}
	var b bytes.Buffer
	err := manual.Completion(&b, specs, names())
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

func help(specs []Spec, p Process, args []string) (string, error) {
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

func manualPage(specs []Spec, p Process, args []string) (string, error) {
	if len(args) == 1 && args[0] == "--common-flags" { // for internal/gen
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
func manPage(spec *Spec, specs []Spec, p Process) (shown bool, err error) {
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

// inspection are the arguments and flags of fields and types.
type inspection struct {
	Pattern       string `arg:"" optional:"" help:"Show only what has this text in its name or meaning; * stands for any text, and then the whole name has to match."`
	JSON          bool   `name:"json" help:"Print an object a line."`
	Report        bool   `help:"Show the fields of reports."`
	Harmonization string `help:"Take the fields from FILE, an IntelMQ harmonization.conf." placeholder:"FILE"`
	Config        string `help:"Take flags from this JSON file." default:"/etc/intelpipe/config.json" placeholder:"FILE"`
	Help          bool   `help:"Print this and exit." short:"h"`

	dictionary *harmonization.Dictionary
}

// inspect reads the command line of fields and types, with which other flags of
// the configuration file have nothing to do.
func inspect(name, summary string, p Process, args []string) (*inspection, string, error) {
	c := new(inspection)
	spec := &Spec{Name: "intelpipe " + name, Text: &page.Page{Summary: summary}}
	err := flags.ParseOwn(spec, c, args, p.Getenv)
	var asked *flags.Asked
	if errors.As(err, &asked) {
		text, _, _ := strings.Cut(manual.Help(spec, asked.Model, false), "\n--help-all ")
		return nil, text, nil
	} else if err != nil {
		return nil, "", err
	}
	if c.dictionary, err = dictionary(c.Harmonization); err != nil {
		return nil, "", stage.Usage(err)
	}
	return c, "", nil
}

// matches reports whether the pattern is in a row. With a * in it, the whole
// name has to match.
func (c *inspection) matches(r row) bool {
	pattern := strings.ToLower(c.Pattern)
	if strings.Contains(pattern, "*") {
		ok, _ := filepath.Match(strings.NewReplacer("[", `\[`, "?", `\?`).Replace(pattern), r[0][1])
		return ok
	}
	return slices.ContainsFunc(r[:], func(pair [2]string) bool { return strings.Contains(strings.ToLower(pair[1]), pattern) })
}

func fields(_ []Spec, p Process, args []string) (string, error) {
	c, text, err := inspect("fields", "list the fields of messages, their types and what they mean", p, args)
	if c == nil {
		return text, err
	}
	kind := harmonization.Event
	if c.Report {
		kind = harmonization.Report
	}
	var rows []row
	for f := range c.dictionary.Fields(kind) {
		rows = append(rows, row{{"name", f.Name}, {"type", f.Type}, {"meaning", f.Description}})
	}
	return c.print("fields: no field", rows)
}

func types(_ []Spec, p Process, args []string) (string, error) {
	c, text, err := inspect("types", "list the classification types, their taxonomies and what they mean", p, args)
	if c == nil {
		return text, err
	}
	var rows []row
	for class := range harmonization.Classifications() {
		if _, err := c.dictionary.CheckValue(harmonization.Event, "classification.type", harmonization.Text(class.Type)); err == nil {
			rows = append(rows, row{{"type", class.Type}, {"taxonomy", class.Taxonomy}, {"meaning", class.Description}})
		}
	}
	return c.print("types: no classification type", rows)
}

// row is what is known of one thing, in pairs of a name and a value.
type row [3][2]string

// print lays the rows that match out as columns, or as objects.
func (c *inspection) print(what string, all []row) (string, error) {
	rows := slices.DeleteFunc(slices.Clone(all), func(r row) bool { return !c.matches(r) })
	if len(rows) == 0 {
		var names []string
		for _, r := range all {
			names = append(names, r[0][1])
		}
		hint := ""
		if near := plain.Nearest(c.Pattern, slices.Values(names)); near != "" {
			hint = "; did you mean " + near + "?"
		}
		return "", stage.Usage(fmt.Errorf("%s matches %s%s", what, plain.Quote(c.Pattern), hint))
	}
	var b strings.Builder
	var width [2]int
	for _, r := range rows {
		for i := range width {
			width[i] = max(width[i], len(r[i][1]))
		}
	}
	for _, r := range rows {
		if !c.JSON {
			b.WriteString(strings.TrimRight(fmt.Sprintf("%-*s  %-*s  %s", width[0], r[0][1], width[1], r[1][1], plain.Line(r[2][1])), " ") + "\n")
			continue
		}
		line := []byte{'{'}
		for i, pair := range r {
			if i > 0 {
				line = append(line, ',')
			}
			line = append(json.AppendString(line, pair[0]), ':')
			line = json.AppendString(line, pair[1])
		}
		b.Write(append(line, "}\n"...))
	}
	return b.String(), nil
}

// install makes a symbolic link to this program for each command.
func install(specs []Spec, _ Process, args []string) (string, error) {
	if len(args) != 1 || args[0] == "" {
		return "", stage.Usage(errors.New("--install-links: a directory is expected"))
	}
	return "", installLinks(specs, args[0])
}
