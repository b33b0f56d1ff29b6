// Gen writes everything that follows from the commands' packages: the
// programs below cmd, the table of commands in the multi-call binary, the list
// of its dependencies, the fields that commands read and write, the man pages, the
// completion and the table in the README. With -check it writes nothing and tells
// what is not current.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const module = "github.com/intelpipe/intelpipe"

// families are the directories below internal whose packages are commands.
var families = []string{"collect", "parse", "expert", "output", "admin"}

// command is what a command's package says about itself.
type command struct {
	name, summary, doc string
	family, pkg        string
	full               bool // it is in intelpipe-full only
	table              bool // it has a Table in place of a Command
}

// new is the expression that makes it, in a file that imports its package as alias.
func (c command) new(alias string) string {
	if c.table {
		return "feed.NewParser(&" + alias + ".Table)"
	}
	return "new(" + alias + ".Command)"
}

// imports are the packages that new needs.
func (c command) imports() (paths []string) {
	if c.table {
		paths = append(paths, module+"/internal/feed")
	}
	return append(paths, module+"/internal/tool")
}

func (c command) path() string { return "internal/" + c.family + "/" + c.pkg }

func main() {
	check := flag.Bool("check", false, "write nothing, fail if a file is not current")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	commands, err := scan()
	if err != nil {
		return err
	}
	lean, extra := slices.Clone(commands), slices.Clone(commands)
	lean = slices.DeleteFunc(lean, func(c command) bool { return c.full })
	extra = slices.DeleteFunc(extra, func(c command) bool { return !c.full })
	files := map[string][]byte{
		"cmd/intelpipe/tools.go":        table("tools", lean),
		"cmd/intelpipe/extra_test.go":   table("extra", extra),
		"cmd/intelpipe-full/tools.go":   table("tools", commands),
		"internal/dev/fields/tools.go":  append(table("tools", commands), rooms(commands)...),
		"internal/manual/page/pages.go": pages(commands),
	}
	for _, c := range commands {
		files["cmd/"+c.name+"/main.go"] = program(c)
	}
	if files["README.md"], err = readme(commands); err != nil {
		return err
	}
	g := generator{check: check, expected: map[string]bool{}}
	if _, err := os.Stat(fields); err != nil && !check { // the programs below cannot be built without one
		if err := os.WriteFile(fields, []byte("{}\n"), 0o644); err != nil {
			return err
		}
	}
	for name, text := range files {
		if strings.HasSuffix(name, ".go") {
			if text, err = format.Source(text); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		if err := g.write(name, text); err != nil {
			return err
		}
	}
	if len(g.stale) == 0 || !check { // they are told by a program that has all commands
		text, err := exec.Command("go", "run", "./internal/dev/fields").Output()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return fmt.Errorf("internal/dev/fields: %s", exit.Stderr)
		} else if err != nil {
			return err
		}
		if err := g.write(fields, text); err != nil {
			return err
		}
	}
	if len(g.stale) == 0 || !check { // the views come from the binary
		if err := g.views(commands); err != nil {
			return err
		}
	}
	if err := g.orphans(); err != nil {
		return err
	}
	if len(g.stale) > 0 {
		slices.Sort(g.stale)
		return fmt.Errorf("not current, run make generate: %s", strings.Join(g.stale, " "))
	}
	return nil
}

// fields is the file with the fields that each command reads and writes.
const fields = "internal/manual/page/fields.json"

// scan reads the package comments of all commands.
func scan() ([]command, error) {
	var commands []command
	for _, family := range families {
		dirs, err := filepath.Glob("internal/" + family + "/*")
		if err != nil {
			return nil, err
		}
		for _, dir := range dirs {
			pkg := filepath.Base(dir)
			file := filepath.Join(dir, pkg+".go")
			if sources, err := filepath.Glob(dir + "/*.go"); err != nil || len(sources) == 0 {
				continue // a directory that is left over
			}
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
			if err != nil {
				return nil, err
			}
			c, err := read(f.Doc, family, pkg)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			c.table = slices.ContainsFunc(f.Decls, isTable)
			commands = append(commands, c)
			commands = append(commands, c.otherNames(f.Doc)...)
		}
	}
	slices.SortFunc(commands, func(a, b command) int { return strings.Compare(a.name, b.name) })
	return commands, nil
}

// isTable reports whether a declaration is that of the variable Table.
func isTable(d ast.Decl) bool {
	g, ok := d.(*ast.GenDecl)
	if !ok || g.Tok != token.VAR {
		return false
	}
	return slices.ContainsFunc(g.Specs, func(s ast.Spec) bool { return s.(*ast.ValueSpec).Names[0].Name == "Table" })
}

// read takes a package comment apart: "Package x implements NAME.", then
// "NAME: SUMMARY", then the manual.
func read(doc *ast.CommentGroup, family, pkg string) (command, error) {
	if doc == nil {
		return command{}, fmt.Errorf("no package comment")
	}
	_, text, _ := strings.Cut(doc.Text(), "\n\n")
	line, rest, _ := strings.Cut(text, "\n")
	name, summary, ok := strings.Cut(line, ": ")
	if !ok {
		return command{}, fmt.Errorf("the second paragraph of the package comment has to be NAME: SUMMARY")
	}
	if want := family + "-"; family != "admin" && !strings.HasPrefix(name, want) {
		return command{}, fmt.Errorf("%s does not begin with %s", name, want)
	}
	full := slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return c.Text == fullMark })
	return command{name: name, summary: summary, doc: strings.TrimSpace(rest), family: family, pkg: pkg, full: full}, nil
}

// otherNames are the same command under each name that its package comment gives as
// nameMark.
func (c command) otherNames(doc *ast.CommentGroup) (others []command) {
	for _, line := range doc.List {
		if name, ok := strings.CutPrefix(line.Text, nameMark); ok {
			other := c
			other.name = name
			other.doc = "It is " + c.name + " under another name.\n\n" + strings.ReplaceAll(c.doc, c.name, name)
			others = append(others, other)
		}
	}
	return others
}

// nameMark is the beginning of a line of a package comment that gives the command
// another name.
const nameMark = "//intelpipe:name "

// fullMark is the line of a package comment by which a command is in intelpipe-full
// only, since its client is large or slow to start.
const fullMark = "//intelpipe:full"

const generated = "// Code generated by internal/dev/gen; DO NOT EDIT.\n\n"

func program(c command) []byte {
	var b bytes.Buffer
	b.WriteString(generated)
	fmt.Fprintf(&b, "// %s is one command by itself: %s.\n", strings.ToUpper(c.name[:1])+c.name[1:], c.summary)
	b.WriteString("package main\n\nimport (\n")
	paths := append(c.imports(), module+"/"+c.path())
	slices.Sort(paths)
	for _, path := range paths {
		fmt.Fprintf(&b, "\t%q\n", path)
	}
	fmt.Fprintf(&b, ")\n\nfunc main() {\n\ttool.Main(tool.Spec{Name: %q, New: func() any { return %s }})\n}\n", c.name, c.new(c.pkg))
	return b.Bytes()
}

// pages is the source of what all commands say about themselves.
func pages(commands []command) []byte {
	var b bytes.Buffer
	b.WriteString(generated + "package page\n\n// Names are those of all commands, sorted.\nvar Names = [...]string{\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "\t%q,\n", c.name)
	}
	b.WriteString("}\n\n// Of returns the page of a command, which is empty if there is no such command.\nfunc Of(name string) Page {\n\tswitch name {\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "\tcase %q:\n\t\treturn Page{Summary: %q, Doc: %s, Full: %v}\n", c.name, c.summary, quote(c.doc), c.full)
	}
	b.WriteString("\t}\n\treturn Page{}\n}\n")
	return b.Bytes()
}

func quote(s string) string {
	if strings.Contains(s, "`") {
		return strconv.Quote(s)
	}
	return "`" + s + "`"
}

func table(name string, commands []command) []byte {
	var b bytes.Buffer
	b.WriteString(generated + "package main\n\nimport (\n")
	var paths []string
	for _, c := range commands {
		paths = append(paths, c.imports()...)
	}
	slices.Sort(paths)
	for _, path := range slices.Compact(paths) {
		fmt.Fprintf(&b, "\t%q\n", path)
	}
	b.WriteString("\n")
	imported := map[string]bool{}
	for _, c := range commands {
		if !imported[c.path()] {
			fmt.Fprintf(&b, "\t%s %q\n", alias(c), module+"/"+c.path())
		}
		imported[c.path()] = true
	}
	fmt.Fprintf(&b, ")\n\nvar %s = []tool.Spec{\n", name)
	for _, c := range commands {
		fmt.Fprintf(&b, "\t{Name: %q, New: func() any { return %s }},\n", c.name, c.new(alias(c)))
	}
	b.WriteString("}\n")
	return b.Bytes()
}

// rooms is a table of the folders of commands: one that is a Table alone is of a type of
// another package.
func rooms(commands []command) []byte {
	var b bytes.Buffer
	b.WriteString("\nvar rooms = map[string]string{\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "\t%q: %q,\n", c.name, c.path())
	}
	b.WriteString("}\n")
	return b.Bytes()
}

// alias keeps packages apart that have the same name in two families.
func alias(c command) string { return c.family + c.pkg }

const begin, end = "<!-- commands: generated -->\n", "<!-- /commands -->\n"

// readme renews the table of commands in the README.
func readme(commands []command) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("| Command | What it does |\n|---|---|\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "| [%s](man/%s.1) | %s |\n", c.name, c.name, c.summary)
	}
	return between("README.md", begin, end, b.Bytes())
}

// between is a file written by hand with what is generated between two lines.
func between(name, begin, end string, text []byte) ([]byte, error) {
	old, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	before, rest, ok1 := strings.Cut(string(old), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("%s: the line %q or %q is missing, between which text is generated", name, begin, end)
	}
	return []byte(before + begin + string(text) + end + after), nil
}

type generator struct {
	check    bool
	expected map[string]bool
	stale    []string
}

func (g *generator) write(name string, text []byte) error {
	g.expected[name] = true
	if old, err := os.ReadFile(name); err == nil && bytes.Equal(old, text) {
		return nil
	}
	if g.check {
		g.stale = append(g.stale, name)
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o644)
}

// views asks the binary for what follows from the flags.
func (g *generator) views(commands []command) error {
	dir, err := os.MkdirTemp("", "gen")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "intelpipe-full")
	if out, err := exec.Command("go", "build", "-o", binary, "./cmd/intelpipe-full").CombinedOutput(); err != nil {
		return fmt.Errorf("cmd/intelpipe-full: %s", out)
	}
	for _, main := range []string{"cmd/intelpipe", "cmd/intelpipe-full"} {
		depends, err := dependencies(main)
		if err != nil {
			return err
		}
		if err := g.write(main+"/depends.txt", depends); err != nil {
			return err
		}
	}
	views := map[string][]string{"scripts/completion.bash": {"completion"}}
	for _, c := range commands {
		views["man/"+c.name+".1"] = []string{"man", c.name}
	}
	flags, err := exec.Command(binary, "man", "--common-flags").Output()
	if err != nil {
		return fmt.Errorf("intelpipe man --common-flags: %w", err)
	}
	page, err := between("man/intelpipe.7", ".\\\" common flags: generated\n", ".\\\" end of common flags\n", flags)
	if err != nil {
		return err
	}
	if err := g.write("man/intelpipe.7", page); err != nil {
		return err
	}
	for name, args := range views {
		out, err := exec.Command(binary, args...).Output()
		if err != nil {
			return fmt.Errorf("intelpipe %s: %w", strings.Join(args, " "), err)
		}
		if err := g.write(name, out); err != nil {
			return err
		}
	}
	return nil
}

// dependencies lists the packages of others that are in the binary, so that
// one more is seen in a review.
func dependencies(main string) ([]byte, error) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./"+main).Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var b bytes.Buffer
	lines := strings.Fields(string(out))
	slices.Sort(lines)
	for _, line := range lines {
		if !strings.HasPrefix(line, module+"/") {
			b.WriteString(line + "\n")
		}
	}
	return b.Bytes(), nil
}

// orphans removes what was generated for a command that is no more.
func (g *generator) orphans() error {
	files, err := filepath.Glob("cmd/*/main.go")
	if err != nil {
		return err
	}
	pages, err := filepath.Glob("man/*.1")
	if err != nil {
		return err
	}
	for _, name := range append(files, pages...) {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if g.expected[name] || !bytes.Contains(text, []byte("generated by internal/dev/gen")) {
			continue
		}
		if g.check {
			if len(g.stale) == 0 {
				g.stale = append(g.stale, name)
			}
			continue
		}
		if err := os.Remove(name); err != nil {
			return err
		}
		os.Remove(filepath.Dir(name)) // if it is empty now
	}
	return nil
}
