package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/scanner"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/intelpipe/intelpipe/"

// unit is a package of this module: what it imports, with and without tests.
type unit struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
	GoFiles                            []string
}

func (p *unit) path() string { return strings.TrimPrefix(p.ImportPath, module) }

func units(t *testing.T) []*unit {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports,GoFiles", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []*unit
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		p := new(unit)
		if err := d.Decode(p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < len(tools) {
		t.Fatalf("%d packages", len(all))
	}
	return all
}

// layer tells how far down in the tree a package is; imports only lead down.
// What several commands share has no order among itself but that of its
// imports, which the compiler keeps free of cycles.
func layer(path string) (int, string) {
	first, rest, _ := strings.Cut(path, "/")
	second, _, _ := strings.Cut(rest, "/")
	switch {
	case first == "cmd":
		return 9, "cmd"
	case first == "harmonization":
		return 2, "harmonization"
	case path == "internal/stage/stagetest":
		return 5, "a shared part"
	}
	switch second {
	case "dev":
		return 9, "tools for development"
	case "collect", "parse", "expert", "output", "admin":
		return 8, "family"
	case "builtin", "flags", "manual", "sibling", "tool":
		return 7, "tool"
	case "columns":
		return 7, "what parsers share"
	case "chain", "delivery":
		return 6, "the runtime"
	case "feed":
		return 6, "feed"
	case "stage":
		return 4, "stage"
	case "event":
		return 3, "event"
	case "python":
		return 1, "what Python does"
	case "charset", "json", "plain":
		return 0, "a part without messages"
	}
	return 5, "a shared part"
}

func TestImportsLeadDown(t *testing.T) {
	for _, p := range units(t) {
		from, kind := layer(p.path())
		for _, imported := range p.Imports {
			to, ok := strings.CutPrefix(imported, module)
			if !ok {
				continue
			}
			n, name := layer(to)
			same := kind == "a shared part" || kind == "tools for development" || kind == "tool" ||
				kind == "harmonization" || kind == "what Python does" || kind == "a part without messages" ||
				strings.HasPrefix(to, p.path()+"/") || // a part of its own
				kind == "event" && strings.HasPrefix(to, "internal/event/")
			switch {
			case n > from, n == from && !same:
				t.Errorf("%s (%s) imports %s (%s)", p.path(), kind, to, name)
			case kind == "family" && (name == "tool" || name == "the runtime"):
				t.Errorf("%s is a command and imports %s", p.path(), to)
			}
		}
	}
}

// TestImportsThatOnePackageHas keeps libraries where they can be replaced.
func TestImportsThatOnePackageHas(t *testing.T) {
	owners := map[string][]string{
		"github.com/alecthomas/kong":       {"internal/flags", "internal/manual"},
		"github.com/alecthomas/participle": {"internal/sieve/grammar"},
		"github.com/goccy/go-json":         {"internal/json"},
		"github.com/mattn/go-isatty":       {"internal/stdio"},
		"github.com/gaissmai/bart":         {"internal/expert/asnlookup"},
		"github.com/gomodule/redigo":       {"internal/client/redis"},
		"github.com/twmb/franz-go":         {"internal/client/kafka", "internal/client/kafka/kafkatest"},
		"github.com/miekg/dns":             {"internal/client/dns"},
		"golang.org/x/time":                {"internal/lookup"},
		"github.com/hashicorp/golang-lru":  {"internal/lookup/cache"},
		"log":                              {"internal/client/httpclient"}, // to silence what net/http says
	}
	for _, p := range units(t) {
		if _, kind := layer(p.path()); kind == "tools for development" {
			continue
		}
		for _, imported := range p.Imports {
			for library, allowed := range owners {
				if (imported == library || strings.HasPrefix(imported, library+"/")) && !slices.Contains(allowed, p.path()) {
					t.Errorf("%s imports %s, which is for %v", p.path(), imported, allowed)
				}
			}
		}
	}
}

// TestCommandsLeaveTheProcessAlone looks for what only the runtime may do.
func TestCommandsLeaveTheProcessAlone(t *testing.T) {
	forbidden := regexp.MustCompile(`\bos\.(Stdin|Stdout|Stderr|Exit)\b|\bfunc init\(\)`)
	for _, p := range units(t) {
		_, kind := layer(p.path())
		if p.path() == "internal/tool" || p.path() == "internal/stdio" || kind == "cmd" || kind == "tools for development" {
			continue
		}
		for _, file := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join("../..", p.path(), file))
			if err != nil {
				t.Fatal(err)
			}
			if found := forbidden.FindString(code(string(text))); found != "" {
				t.Errorf("%s/%s has %s", p.path(), file, found)
			}
		}
	}
}

// code is Go without its comments and blank lines, a line for a line.
func code(text string) string {
	var s scanner.Scanner
	files := token.NewFileSet()
	file := files.AddFile("", files.Base(), len(text))
	s.Init(file, []byte(text), nil, 0)
	taken := map[int]bool{}
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			break
		}
		if tok == token.SEMICOLON && lit == "\n" {
			continue
		}
		first := file.Line(pos)
		for n := range strings.Count(lit, "\n") + 1 {
			taken[first+n] = true
		}
	}
	var kept strings.Builder
	n := 0
	for line := range strings.Lines(text) {
		if n++; taken[n] {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// lines counts those of a package without its tests: all, and those with code.
func (p *unit) lines(t *testing.T, files ...string) (all, coded int) {
	t.Helper()
	if files == nil {
		files = p.GoFiles
	}
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join("../..", p.path(), file))
		if err != nil {
			t.Fatal(err)
		}
		all += strings.Count(string(text), "\n")
		coded += strings.Count(code(string(text)), "\n")
	}
	return all, coded
}

// roomSize is how many lines of code a package may have: what one can read at a time.
const roomSize = 1200

// larger are packages that have more, and how many at most.
var larger = map[string]int{
	"internal/manual/page": 1 << 20, // generated, the text of all commands
}

// runtime are the rooms through which each message goes, which a newcomer has to
// understand.
var runtime = []string{"event", "stage", "feed", "lookup", "tool", "chain", "delivery"}

// TestSizes weighs all packages, the runtime and the commands. A number that grows
// beyond its bound is a reason to think, and then to change the one or the other.
func TestSizes(t *testing.T) {
	var commands []int
	total := 0
	for _, p := range units(t) {
		_, coded := p.lines(t)
		bound := cmp.Or(larger[p.path()], roomSize)
		_, kind := layer(p.path())
		inRuntime := slices.Contains(runtime, strings.TrimPrefix(p.path(), "internal/"))
		switch {
		case inRuntime:
			total += coded
			fallthrough
		case coded > roomSize/2:
			t.Logf("%s: %d lines of code", p.path(), coded)
		}
		switch {
		case coded > bound:
			t.Errorf("%s has %d lines of code, at most %d were expected", p.path(), coded, bound)
		case bound != roomSize && coded <= roomSize:
			t.Errorf("%s has %d lines of code, and no longer needs an exception", p.path(), coded)
		}
		if kind == "family" && !strings.HasPrefix(p.path(), "internal/admin/") {
			commands = append(commands, coded)
		}
	}
	t.Logf("the runtime: %d lines of code", total)
	if total > 5500 {
		t.Errorf("the runtime has %d lines of code, at most 5500 were expected", total)
	}
	slices.Sort(commands)
	median := commands[len(commands)/2]
	t.Logf("commands, with all their files: %v, median %d", commands, median)
	if median > 80 {
		t.Errorf("the median command has %d lines of code, at most 80 were expected", median)
	}
}

// TestShortParsers holds what a parser that maps columns may cost, table and
// manual included.
func TestShortParsers(t *testing.T) {
	for name, most := range map[string]int{"blocklistde": 72, "abusechfeodotracker": 81} {
		p := &unit{ImportPath: module + "internal/parse/" + name}
		if all, _ := p.lines(t, name+".go"); all > most {
			t.Errorf("%s has %d lines, at most %d were expected", name, all, most)
		}
	}
}

// TestEveryCommandIsEverywhere looks for each command where users look.
func TestEveryCommandIsEverywhere(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	completion, err := os.ReadFile("../../scripts/completion.bash")
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range commands {
		page, err := os.ReadFile("../../man/" + spec.Name + ".1")
		if err != nil || !strings.Contains(string(page), ".TH") {
			t.Errorf("%s has no man page: %v", spec.Name, err)
		}
		if row := "| [" + spec.Name + "](man/" + spec.Name + ".1) | " + spec.Page().Summary + " |\n"; !strings.Contains(string(readme), row) {
			t.Errorf("the README has no row %s", row)
		}
		if !strings.Contains(string(completion), "\t"+spec.Name+") words=") {
			t.Errorf("%s is not in the completion", spec.Name)
		}
		if _, err := os.Stat("../" + spec.Name + "/main.go"); err != nil {
			t.Errorf("%s is no program of its own: %v", spec.Name, err)
		}
	}
}

// TestNoForeignPaths looks for names that mean something on one machine only.
func TestNoForeignPaths(t *testing.T) {
	// Written so that this file has none of them.
	foreign := regexp.MustCompile(`(^|[^\w.])/` + `(work|tmp/w|root|home/\w+)(/|\b)`)
	allowed := regexp.MustCompile(`^(bin|bench\.out|\.git)$`)
	root := os.DirFS("../..")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case allowed.MatchString(name):
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		n := 0
		for line := range strings.Lines(string(text)) {
			n++
			if found := foreign.FindString(line); found != "" {
				t.Errorf("%s:%d has %q: %.200s", name, n, found, line)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestCommandsDoNotAskTheClock: what a command takes for the present is Now of its
// Env, so that INTELPIPE_NOW repeats a run exactly. The packages below measure how
// long something takes, or wait.
func TestCommandsDoNotAskTheClock(t *testing.T) {
	waits := map[string]string{
		"internal/admin/feeds/check":    "how long a fetch takes",
		"internal/batch":                "how long a far end was away",
		"internal/durable/disk":         "how long to wait for a lock",
		"internal/durable/linefile":     "how long to wait for a lock",
		"internal/client/redis":         "how long a connection was idle",
		"internal/client/kafka":         "how long no broker has answered",
		"internal/durable/spool":        "a default for tests",
		"internal/durable/spool/layout": "how often to count",
		"internal/stage":                "a default for tests",
		"internal/lookup":               "pauses",
		"internal/lookup/cache":         "how long an answer is kept",
		"internal/lookup/database":      "when to look for a new file",
		"internal/tool":                 "where Now comes from",
		"internal/chain/attend":         "how long something was held back",
		"internal/delivery":             "patience, and the age of windows",
		"internal/pipeline":             "patience",
		"internal/collect/syslog":       "how long a connection was idle",
		"internal/voice":                "progress, and when a line is printed again",
	}
	asked := map[string]bool{}
	for _, p := range units(t) {
		_, kind := layer(p.path())
		if kind == "tools for development" || kind == "cmd" {
			continue
		}
		for _, file := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join("../..", p.path(), file))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(code(string(text)), "time.Now") {
				continue
			}
			if asked[p.path()] = true; waits[p.path()] == "" {
				t.Errorf("%s/%s asks the clock; take Now of the Env", p.path(), file)
			}
		}
	}
	for path := range waits {
		if !asked[path] {
			t.Errorf("%s does not ask the clock any longer", path)
		}
	}
}

// TestMethodsOfTheContract: the runtime finds out by its methods what a command
// can do, so that one of another signature would never be called, without a word.
func TestMethodsOfTheContract(t *testing.T) {
	contract := map[string]string{}
	methods := func(pattern string, each func(place, name, signature string)) {
		files, err := filepath.Glob("../../internal/" + pattern)
		if err != nil || files == nil {
			t.Fatal(pattern, err)
		}
		for _, path := range files {
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			signature := func(f *ast.FuncType) string {
				var b strings.Builder
				for _, list := range []*ast.FieldList{f.Params, f.Results} {
					b.WriteString("(")
					if list != nil {
						for _, field := range list.List {
							for range max(1, len(field.Names)) {
								printer.Fprint(&b, set, field.Type)
								b.WriteString(",")
							}
						}
					}
					b.WriteString(")")
				}
				return strings.ReplaceAll(b.String(), "stage.", "")
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.InterfaceType:
					for _, m := range n.Methods.List {
						if f, ok := m.Type.(*ast.FuncType); ok && file.Name.Name == "stage" {
							each(path, m.Names[0].Name, signature(f))
						}
					}
				case *ast.FuncDecl:
					if n.Recv != nil && n.Name.IsExported() && file.Name.Name != "stage" {
						each(path, n.Name.Name, signature(n.Type))
					}
				}
				return true
			})
		}
	}
	methods("stage/*.go", func(_, name, signature string) { contract[name] = signature })
	if contract["Start"] != "(context.Context,*Env,)(error,)" {
		t.Fatalf("the contract has %q for Start", contract["Start"])
	}
	for _, family := range []string{"collect", "parse", "expert", "output", "admin"} {
		methods(family+"/*/*.go", func(place, name, signature string) {
			if want := contract[name]; want != "" && signature != want && !strings.HasSuffix(place, "_test.go") {
				t.Errorf("%s: %s%s, where the contract has %s: it is never called", place, name, signature, want)
			}
		})
	}
}
