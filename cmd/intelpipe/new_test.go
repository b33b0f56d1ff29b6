package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// copyTree copies what belongs to the repository into a directory of its own.
func copyTree(t *testing.T, dst string) {
	t.Helper()
	root := "../.."
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		switch name {
		case ".git", "bin", "bench.out", "events.ndjson":
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(dst, name), 0o755)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dst, name), text, info.Mode().Perm())
	})
	if err != nil {
		t.Fatal(err)
	}
}

// contents are the files below dir by name.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		all[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// changed names the files that were written or removed between two contents.
func changed(before, after map[string]string) []string {
	var names []string
	for name, text := range after {
		if old, ok := before[name]; !ok || old != text {
			names = append(names, name)
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// TestNewCommand makes a command of each family by script, as a newcomer
// would, in a copy of the tree. No file that is edited by hand is needed
// beyond the two that the script writes.
func TestNewCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	copyTree(t, dir)
	run := func(words ...string) (string, error) {
		var stderr bytes.Buffer
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-trimpath", "INTELPIPE_UPDATE=")
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		return string(out) + stderr.String(), err
	}
	must := func(words ...string) string {
		t.Helper()
		out, err := run(words...)
		if err != nil {
			t.Fatalf("%q: %v\n%s", words, err, out)
		}
		return out
	}

	made := []string{"collect-brand-new", "parse-brand-new", "expert-brand-new", "output-brand-new", "collect-brand-new-too", "expert-brand-new-too", "output-brand-new-too", "parse-brand-new-too"}
	kinds := map[string][]string{"collect-brand-new-too": {"receiver"}, "expert-brand-new-too": {"lookup"}, "output-brand-new-too": {"batches"}, "parse-brand-new-too": {"table"}}
	for _, name := range made {
		before := contents(t, dir)
		must(append([]string{"scripts/new", name}, kinds[name]...)...)
		family, noun, _ := strings.Cut(name, "-")
		pkg := strings.ReplaceAll(noun, "-", "")
		want := []string{"internal/" + family + "/" + pkg + "/" + pkg + ".go", "testdata/" + name + "/first.txtar"}
		if got := changed(before, contents(t, dir)); !slices.Equal(got, want) {
			t.Errorf("scripts/new %s wrote %q, not %q", name, got, want)
		}
	}

	must("go", "run", "./internal/dev/gen")
	after := contents(t, dir)
	for _, name := range made {
		for _, file := range []string{"cmd/" + name + "/main.go", "man/" + name + ".1"} {
			if after[file] == "" {
				t.Errorf("%s was not generated", file)
			}
		}
		for _, file := range []string{"README.md", "cmd/intelpipe/tools.go", "scripts/completion.bash"} {
			if !strings.Contains(after[file], name) {
				t.Errorf("%s does not know %s", file, name)
			}
		}
	}
	must("go", "run", "./internal/dev/gen", "-check")
	var packages, cases []string
	for _, name := range made {
		family, noun, _ := strings.Cut(name, "-")
		packages = append(packages, "./internal/"+family+"/"+strings.ReplaceAll(noun, "-", ""))
		cases = append(cases, name)
	}
	must(append([]string{"go", "vet"}, packages...)...)
	if out := must(append([]string{"gofmt", "-l"}, packages...)...); out != "" {
		t.Errorf("gofmt would change %s", out)
	}
	// The promises that all commands keep hold for a new one as well.
	of := "/^(" + strings.Join(cases, "|") + ")$"
	for _, tests := range []string{"^TestCases$" + of, "^(TestHelpAndVersion|TestEmptyInputGivesEmptyOutput|TestUsageErrors|TestExamples|TestNothingIsStuck)$" + of} {
		out, err := run("go", "test", "./cmd/intelpipe", "-count=1", "-v", "-run", tests)
		if err != nil {
			t.Errorf("%s: %v\n%s", tests, err, out)
		}
		for _, name := range cases {
			if !strings.Contains(out, "PASS: ") || !strings.Contains(out, "/"+name) && !strings.HasPrefix(name, "collect-") {
				t.Errorf("%s: nothing ran for %s:\n%s", tests, name, out)
			}
		}
	}

	// What is taken away leaves nothing behind.
	for _, name := range made {
		family, noun, _ := strings.Cut(name, "-")
		os.RemoveAll(filepath.Join(dir, "internal", family, strings.ReplaceAll(noun, "-", "")))
		os.RemoveAll(filepath.Join(dir, "testdata", name))
	}
	must("go", "run", "./internal/dev/gen")
	for name, text := range contents(t, dir) {
		if strings.Contains(text, "brand"+"-new") && name != "cmd/intelpipe/new_test.go" {
			t.Errorf("%s still knows a command that is no more", name)
		}
	}
}

// TestNewRefuses gives the script names that are none, or are taken.
func TestNewRefuses(t *testing.T) {
	dir := t.TempDir()
	script, err := os.ReadFile("../../scripts/new")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"scripts/new":                            string(script),
		"internal/expert/taxonomy/taxonomy.go":   "package taxonomy\n",
		"internal/expert/asnlookup/asnlookup.go": "package asnlookup\n",
		"testdata/parse-only-a-case/first.txtar": "A case.\n",
		"internal/output/blackhole/blackhole.go": "package blackhole\n",
	} {
		os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	before := contents(t, dir)
	for _, wrong := range []string{
		"", "expert", "expert-", "filter-foo", "--help", // of no family
		"expert-Foo", "expert-foo_bar", "expert-foo bar", "expert-../x", "expert-\u00fc", // letters
		"expert---", "expert-9x", "expert-type", // no package can be named so
		"expert-taxonomy", "expert-asn-lookup", "parse-only-a-case", "output-blackhole", // taken
	} {
		cmd := exec.Command(filepath.Join(dir, "scripts/new"), wrong)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if cmd.Run(); cmd.ProcessState.ExitCode() != 2 || strings.Count(stderr.String(), "\n") != 1 || stdout.Len() > 0 {
			t.Errorf("%q: exit code %d, stdout %q, stderr %q", wrong, cmd.ProcessState.ExitCode(), stdout.String(), stderr.String())
		}
	}
	if got := changed(before, contents(t, dir)); len(got) > 0 {
		t.Errorf("what was refused left %q", got)
	}
}
