package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/manual/page"
)

// build builds a program with a version of its own.
func build(t *testing.T, name, path, version string) {
	t.Helper()
	cmd := exec.Command("go", "build", "-ldflags", "-s -w -X github.com/intelpipe/intelpipe/internal/tool.Version="+version, "-o", path, "../"+name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v, %s", err, out)
	}
}

// TestTwoBinaries has the small binary alone, beside the full one, with it in PATH,
// and with one of another version.
func TestTwoBinaries(t *testing.T) {
	t.Parallel()
	dir := home(t)
	write(t, dir, "page.html", "<table><tr><th>Host</th></tr><tr><td></td><td>www.example.org</td></tr></table>")
	bin, full, other := filepath.Join(dir, "small"), filepath.Join(dir, "full"), filepath.Join(dir, "other")
	for _, d := range []string{bin, full, other} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	build(t, "intelpipe", filepath.Join(bin, "intelpipe"), "1.2.3")
	build(t, "intelpipe-full", filepath.Join(full, "intelpipe-full"), "1.2.3")
	build(t, "intelpipe-full", filepath.Join(other, "intelpipe-full"), "1.2.4")
	const event = `"source.fqdn":"www.example.org","classification.type":"c2-server"`
	const chain = "intelpipe parse-html-table then expert-taxonomy < page.html"
	for _, c := range []struct {
		name, path, script string
		exit               int
		stdout, stderr     string
	}{
		{"alone", bin, chain, 2, "", "intelpipe: parse-html-table is in intelpipe-full, which is neither beside this program nor in PATH: install it\n"},
		{"behind then", bin, "intelpipe parse-csv --columns source.ip then parse-html-table < page.html", 2, "", "intelpipe: parse-html-table is in intelpipe-full"},
		{"help", bin, "intelpipe help parse-html-table", 2, "", "intelpipe: parse-html-table is in intelpipe-full"},
		{"list", bin, "intelpipe list | grep html", 0, "in intelpipe-full", ""},
		{"suggestion", bin, "intelpipe parse-html-tble < page.html", 2, "", "did you mean parse-html-table?"},
		{"completion", bin, "intelpipe completion", 0, "parse-html-table", ""},
		{"in PATH", bin + ":" + full, chain, 0, event, ""},
		{"in PATH, behind then", bin + ":" + full, "printf '192.0.2.1\\n' | intelpipe parse-blocklistde then parse-html-table; echo $?", 0, "1\n", "parse-html-table: stdin:1: the page has 0 tables"},
		{"in PATH, help", bin + ":" + full, "intelpipe help parse-html-table", 0, "usage: parse-html-table", ""},
		{"another version", bin + ":" + other, chain, 3, "", "intelpipe-full: intelpipe is version 1.2.3 and intelpipe-full is version 1.2.4: install both from one release\n"},
		{"the full one alone", other, "intelpipe-full parse-html-table < page.html", 0, event, ""},
		{"a command behind --", bin, "intelpipe collect-file page.html -- parse-html-table", 2, "", `exec: "parse-html-table": executable file not found`},
		{"links", bin + ":" + full, "ln -s ../full/intelpipe-full small/intelpipe-full; intelpipe --install-links small; readlink small/parse-csv small/parse-html-table", 0, "intelpipe\nintelpipe-full\n", ""},
		{"beside", bin, chain, 0, event, ""},
		{"through a link from elsewhere", dir, "ln -s small/intelpipe intelpipe; " + chain, 0, event, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command("bash", "-c", c.script)
			cmd.Dir = dir
			cmd.Env = []string{"HOME=" + dir, "STATE_DIRECTORY=" + filepath.Join(dir, "state"), "PATH=" + c.path + ":/usr/bin:/bin"}
			var stdout, stderr strings.Builder
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			cmd.Run()
			if got := cmd.ProcessState.ExitCode(); got != c.exit || !strings.Contains(stdout.String(), c.stdout) || !strings.Contains(stderr.String(), c.stderr) || c.stdout == "" && stdout.Len() > 0 {
				t.Errorf("exit %d, %q, %q", got, stdout.String(), stderr.String())
			}
		})
	}
	if _, err := os.Stat(filepath.Join(dir, "state", "parse-csv.dump")); err == nil {
		t.Error("something was touched before the other binary took over")
	}
	for _, name := range page.Names {
		if text := page.Of(name); text.Summary == "" {
			t.Errorf("%s has no summary", name)
		}
	}
}
