package main

import (
	"bytes"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	collectUnit  = "intelpipe-collect@.service"
	pipelineUnit = "intelpipe-pipeline@.service"
	timerUnit    = "intelpipe-collect@.timer"
)

func readScript(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../scripts", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// setting returns the values that a unit gives to a name.
func setting(unit, name string) []string {
	var values []string
	for line := range strings.Lines(unit) {
		if value, ok := strings.CutPrefix(line, name+"="); ok {
			values = append(values, strings.TrimSuffix(value, "\n"))
		}
	}
	return values
}

// install runs make install below a directory. What it takes for intelpipe is
// this program, so that nothing is built.
func install(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("left out: make not found, apt-get install make")
	}
	source, dest := t.TempDir(), t.TempDir()
	links(t, filepath.Join(source, "bin"))
	top, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"man", "scripts"} {
		if err := os.Symlink(filepath.Join(top, name), filepath.Join(source, name)); err != nil {
			t.Fatal(err)
		}
	}
	r := shell(t, source, "make -f "+quote(filepath.Join(top, "Makefile"))+" -o all install DESTDIR="+quote(dest)+" PREFIX=/usr")
	if r.exit != 0 || r.stderr != "" {
		t.Fatalf("%+v", r)
	}
	return dest
}

// TestInstall looks for all that has to be there afterwards, and for nothing
// that becomes active by itself.
func TestInstall(t *testing.T) {
	dest := install(t)
	want := []string{
		"bin/intelpipe", "bin/intelpipe-full", "bin/expert-pass", "bin/intelpipe-cron", "share/bash-completion/completions/intelpipe",
		"lib/systemd/system/" + collectUnit, "lib/systemd/system/" + timerUnit, "lib/systemd/system/" + pipelineUnit,
		"share/doc/intelpipe/collect/ssh.sh", "share/doc/intelpipe/pipeline/events.sh", "share/doc/intelpipe/cron.d/intelpipe",
	}
	for _, name := range names() {
		want = append(want, "bin/"+name, "share/man/man1/"+name+".1")
	}
	for _, spec := range specs { // those of tests are in this binary, too
		want = append(want, "bin/"+spec.Name)
	}
	for _, section := range []string{"5", "7"} {
		pages, _ := filepath.Glob("../../man/*." + section)
		for _, page := range pages {
			want = append(want, "share/man/man"+section+"/"+filepath.Base(page))
		}
	}
	for _, name := range want {
		if _, err := os.Stat(filepath.Join(dest, "usr", name)); err != nil {
			t.Error(err)
		}
	}
	if err := filepath.WalkDir(dest, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !slices.Contains(want, strings.TrimPrefix(path, dest+"/usr/")) {
			t.Errorf("%s is there, too", path)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"lib/systemd/system/" + pipelineUnit, "share/doc/intelpipe/cron.d/intelpipe"} {
		if text := read(dest, "usr/"+name); strings.Contains(text, "/usr/local") || !strings.Contains(text, "/usr/bin") {
			t.Errorf("%s does not name the commands that were installed:\n%s", name, text)
		}
	}
	if r := shell(t, dest, "usr/bin/spool --version && test -x usr/bin/intelpipe-cron"); r.exit != 0 {
		t.Errorf("%+v", r)
	}
	// The manual for administrators names what is there.
	page := strings.ReplaceAll(read("../..", "man/intelpipe-operations.7"), `\-`, "-")
	paths := installedPath.FindAllStringSubmatch(page, -1)
	if len(paths) < 3 {
		t.Errorf("%d paths", len(paths))
	}
	for _, m := range paths {
		if _, err := os.Stat(filepath.Join(dest, "usr", m[1])); err != nil {
			t.Errorf("the manual names %s: %v", m[0], err)
		}
	}
}

var installedPath = regexp.MustCompile(`/usr/local/([a-z/-]+(?:\.[a-z]+[a-z/-]*)?)`)

// TestUnits lets systemd look for mistakes in the units that are installed.
func TestUnits(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("left out: systemd-analyze not found, apt-get install systemd")
	}
	dest := install(t)
	if err := os.Mkdir(filepath.Join(dest, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../usr/bin/intelpipe", filepath.Join(dest, "bin/bash")); err != nil {
		t.Fatal(err) // units have to find what they start
	}
	verify := func() string {
		out, err := exec.Command("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", "--root="+dest,
			collectUnit, timerUnit, pipelineUnit).CombinedOutput()
		if err != nil {
			return string(out) + err.Error()
		}
		return string(out)
	}
	if said := verify(); said != "" {
		t.Error(said)
	}
	// It does see a word that is wrong, so that its silence says something.
	unit := "usr/lib/systemd/system/" + pipelineUnit
	write(t, dest, unit, strings.Replace(read(dest, unit), "ProtectHome=", "ProtectHouse=", 1))
	if said := verify(); !strings.Contains(said, "ProtectHouse") {
		t.Errorf("a misspelt setting is not found: %q", said)
	}
}

// TestUnitsAreHardened holds the units to what they have to set.
func TestUnitsAreHardened(t *testing.T) {
	for _, name := range []string{collectUnit, pipelineUnit} {
		unit := readScript(t, "systemd/"+name)
		for _, want := range []string{
			"DynamicUser=yes", "User=intelpipe", "StateDirectory=intelpipe", "UMask=0077",
			"CapabilityBoundingSet=", "NoNewPrivileges=yes", "PrivateTmp=yes", "ProtectHome=yes", "ProtectSystem=strict",
			"RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6", "SystemCallFilter=@system-service",
			"SuccessExitStatus=1", "Restart=on-failure", "RestartPreventExitStatus=2",
		} {
			key, value, _ := strings.Cut(want, "=")
			if !slices.Equal(setting(unit, key), []string{value}) {
				t.Errorf("%s: %s=%q, want %q alone", name, key, setting(unit, key), value)
			}
		}
		// A command finds a credential by the name of a flag.
		help := ""
		for _, command := range []string{"collect-http", "expert-deduplicator"} {
			help += inProcess(t.TempDir(), []string{command, "--help"}, strings.NewReader("")).stdout
		}
		secrets := secretFlag.FindAllStringSubmatch(help, -1)
		if len(secrets) < 2 {
			t.Fatalf("flags for secrets: %q", secrets)
		}
		for _, secret := range secrets {
			if want := secret[1] + ":intelpipe.%i." + secret[1]; !slices.Contains(setting(unit, "LoadCredential"), want) {
				t.Errorf("%s: no LoadCredential=%s", name, want)
			}
		}
	}
}

var secretFlag = regexp.MustCompile(`--([a-z-]*(?:password|secret))-file=`)

// TestScriptsOfUnits looks for mistakes in the shell scripts.
func TestScriptsOfUnits(t *testing.T) {
	var scripts []string
	for _, pattern := range []string{"systemd/*/*.sh", "cron/intelpipe-cron"} {
		found, err := filepath.Glob("../../scripts/" + pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %q, %v", pattern, found, err)
		}
		scripts = append(scripts, found...)
	}
	for _, script := range scripts {
		if out, err := exec.Command("bash", "-n", script).CombinedOutput(); err != nil {
			t.Errorf("%s: %v %s", script, err, out)
		}
	}
	if _, err := exec.LookPath("shellcheck"); err != nil {
		t.Skip("left out: shellcheck not found, apt-get install shellcheck")
	}
	if out, err := exec.Command("shellcheck", scripts...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestUnitsRun does what the units say: a feed goes into the spool, and from
// there into a file.
func TestUnitsRun(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "192.0.2.4\nlocalhost\n198.51.100.7\n")
	}))
	defer server.Close()
	dir := t.TempDir()
	links(t, filepath.Join(dir, "bin"))
	for _, sub := range []string{"collect", "pipeline", "state"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"collect/ssh.sh", "pipeline/events.sh"} {
		text := strings.ReplaceAll(readScript(t, "systemd/"+name), "https://lists.blocklist.de", server.URL)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// run runs a command line of a unit as systemd would.
	run := func(unit, key, instance string) result {
		t.Helper()
		var lines []string
		for _, line := range setting(readScript(t, "systemd/"+unit), key) {
			lines = append(lines, strings.NewReplacer(
				"%i", instance, "%S/intelpipe", filepath.Join(dir, "state"), "$$", "$",
				"/etc/intelpipe", dir, "/usr/local/bin", filepath.Join(dir, "bin"), " --follow", "",
			).Replace(line))
		}
		if len(lines) == 0 {
			t.Fatalf("%s has no %s", unit, key)
		}
		return shell(t, dir, strings.Join(lines, " </dev/null &&\n")+" </dev/null")
	}
	if r := run(pipelineUnit, "ExecStartPre", "events"); r.exit != 0 || r.stderr != "" {
		t.Fatalf("%+v", r)
	}
	if r := run(collectUnit, "ExecStartPre", "ssh"); r.exit != 0 || r.stderr != "" {
		t.Fatalf("%+v", r)
	}
	// One line of the feed is no address.
	if r := run(collectUnit, "ExecStart", "ssh"); r.exit != 1 || r.stdout != "" || strings.Count(r.stderr, "\n") != 2 {
		t.Fatalf("%+v", r)
	}
	if slices.Contains(names(), "collect-spool") {
		if r := run(pipelineUnit, "ExecStart", "events"); r.exit != 0 || r.stderr != "" {
			t.Fatalf("%+v", r)
		}
	} else if r := shell(t, dir, "cat state/events.spool/new/* | bash -o pipefail pipeline/events.sh"); r.exit != 0 || r.stderr != "" {
		t.Fatalf("%+v", r)
	}
	events, err := os.ReadFile(filepath.Join(dir, "state/events.ndjson"))
	if err != nil || bytes.Count(events, []byte("\n")) != 2 || !bytes.Contains(events, []byte("198.51.100.7")) {
		t.Errorf("%v: %s", err, events)
	}
	// A feed that cannot be fetched breaks the stream, though the pipe's last
	// command has come to a good end.
	server.Close()
	if r := run(collectUnit, "ExecStart", "ssh"); r.exit != 3 {
		t.Errorf("without a server: %+v", r)
	}
	if r := run(collectUnit, "ExecStartPre", "missing"); r.exit == 0 || r.exit == 1 {
		t.Errorf("without a script: %+v", r)
	}
}

// TestCrontab reads the crontab as cron does.
func TestCrontab(t *testing.T) {
	variables := map[string]string{}
	var commands []string
	for line := range strings.Lines(readScript(t, "cron/intelpipe")) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if m := cronVariable.FindStringSubmatch(line); m != nil {
			variables[m[1]] = m[2]
			continue
		}
		m := cronJob.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("neither variable nor job: %s", line)
			continue
		}
		if m[1] != "intelpipe" {
			t.Errorf("user %q: %s", m[1], line)
		}
		if strings.Contains(strings.ReplaceAll(m[2], `\%`, ""), "%") {
			t.Errorf("cron ends a command at a percent sign: %s", line)
		}
		commands = append(commands, m[2])
	}
	for _, name := range []string{"SHELL", "PATH", "MAILTO", "STATE_DIRECTORY"} {
		if variables[name] == "" || strings.Contains(variables[name], "$") {
			t.Errorf("%s is %q; cron puts no variables into values", name, variables[name])
		}
	}
	if len(commands) < 3 {
		t.Errorf("%d jobs", len(commands))
	}
	for _, command := range commands {
		for _, sh := range []string{"sh", variables["SHELL"]} {
			if out, err := exec.Command(sh, "-n", "-c", command).CombinedOutput(); err != nil {
				t.Errorf("%s: %v %s: %s", sh, err, out, command)
			}
		}
		if !strings.HasPrefix(command, "flock -n -E 0 ") && !strings.HasPrefix(command, "spool verify ") {
			t.Errorf("may run twice at once: %s", command)
		}
	}
}

var (
	cronVariable = regexp.MustCompile(`^([A-Z_]+)\s*=\s*(.*)$`)
	cronJob      = regexp.MustCompile(`^(?:[0-9*/,-]+\s+){5}([a-z]+)\s+(.+)$`)
)

// TestCronHelper looks at what cron would send by mail.
func TestCronHelper(t *testing.T) {
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"logger":         "#!/bin/sh\necho \"$1 $2\" >>log\nexec cat >>log\n",
		"intelpipe-cron": readScript(t, "cron/intelpipe-cron"),
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		script, mail, log string
		exit              int
	}{
		{"exit 0", "", "-t intelpipe-x\n", 0},
		{"echo bad line >&2; exit 1", "", "-t intelpipe-x\nbad line\n", 0},
		{"echo no network >&2; exit 3", "no network\nintelpipe-x: exit code 3\n", "-t intelpipe-x\nno network\n", 3},
		// A command that hangs is heard of before its end.
		{"echo stuck; for i in $(seq 500); do grep -qs stuck log && exit 0; sleep 0.1; done; exit 3", "", "-t intelpipe-x\nstuck\n", 0},
	} {
		os.Remove(filepath.Join(dir, "log"))
		r := shell(t, dir, "intelpipe-cron x sh -c "+quote(c.script), "TMPDIR="+dir)
		log, err := os.ReadFile(filepath.Join(dir, "log"))
		if r != (result{c.mail, "", c.exit}) || err != nil || string(log) != c.log {
			t.Errorf("%s: %+v, log %q, %v", c.script, r, log, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "tmp.*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// TestOperationsNames looks for commands and units in the manual for
// administrators that do not exist.
func TestOperationsNames(t *testing.T) {
	page, err := os.ReadFile("../../man/intelpipe-operations.7")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(page), `\-`, "-")
	known := append(names(), "collect-spool")
	found := commandName.FindAllStringSubmatch(text, -1)
	if len(found) < 10 {
		t.Errorf("%d names", len(found))
	}
	for _, m := range found {
		if !slices.Contains(known, m[1]) {
			t.Errorf("there is no %s", m[1])
		}
	}
	for _, m := range unitName.FindAllString(text, -1) {
		if m != "intelpipe-collect@" && m != "intelpipe-pipeline@" {
			t.Errorf("there is no unit %s", m)
		}
	}
}

var (
	commandName = regexp.MustCompile(`(?m)(?:^|[ |])((?:collect|parse|expert|output)-[a-z0-9-]+)`)
	unitName    = regexp.MustCompile(`intelpipe-[a-z]+@`)
)
