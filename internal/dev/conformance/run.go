package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// Runner runs vectors against a multi-call binary.
type Runner struct {
	bin   string
	files string // where the vectors' files are
	temp  string
	ca    *authority
	known map[string]bool
	mu    sync.Mutex
	flags map[string]map[string]*Flag
}

// Result is what became of one vector.
type Result struct {
	ID, Command string
	Absent      string   // why it was not run
	Diffs       []Diff   // none: passed
	Dropped     []string // parameters without a flag
	Line        string   // the command line
	Stderr      string

	parameters map[string]any
}

// timeout ends a command that hangs.
const timeout = 30 * time.Second

// NewRunner asks the binary for its commands.
func NewRunner(bin, files, temp string) (*Runner, error) {
	ca, err := newAuthority()
	if err != nil {
		return nil, err
	}
	r := &Runner{bin: bin, files: files, temp: temp, ca: ca, known: map[string]bool{}, flags: map[string]map[string]*Flag{}}
	if err := os.WriteFile(r.caFile(), ca.pem(), 0o600); err != nil {
		return nil, err
	}
	list, err := exec.Command(bin, "list").Output()
	if err != nil {
		return nil, fmt.Errorf("%s list: %w", filepath.Base(bin), err)
	}
	for line := range strings.Lines(string(list)) {
		if words := strings.Fields(line); len(words) > 0 {
			r.known[words[0]] = true
		}
	}
	return r, nil
}

func (r *Runner) caFile() string { return filepath.Join(r.temp, "ca.pem") }

// help returns the flags of a command.
func (r *Runner) help(command string) (map[string]*Flag, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f, ok := r.flags[command]; ok {
		return f, nil
	}
	out, err := exec.Command(r.bin, command, "--help-all").Output()
	if err != nil {
		return nil, fmt.Errorf("%s --help-all: %w", command, err)
	}
	r.flags[command] = ParseHelp(string(out))
	return r.flags[command], nil
}

// Run runs the vectors of a chain one after the other in the same state.
func (r *Runner) Run(chain Chain) []Result {
	dir, err := os.MkdirTemp(r.temp, "run")
	if err != nil {
		return []Result{{ID: chain[0].ID, Command: chain[0].Command(), Diffs: []Diff{{Part: "runner", Got: err.Error()}}}}
	}
	defer os.RemoveAll(dir)
	s := &state{Runner: r, dir: dir}
	defer s.close()
	results := make([]Result, len(chain))
	for i, v := range chain {
		res := &results[i]
		res.ID, res.Command, res.parameters = v.ID, v.Command(), params(v.Parameters)
		if !r.known[res.Command] {
			res.Absent = "no such command"
			continue
		}
		if need := unserved(v); need != "" {
			res.Absent = "needs " + need + ", for which there is no stand-in"
			continue
		}
		if err := s.vector(v, res); err != nil {
			res.Diffs = append(res.Diffs, Diff{Part: "runner", Got: err.Error()})
		}
	}
	return results
}

// state is what the vectors of a chain share.
type state struct {
	*Runner
	dir   string
	cache *miniredis.Miniredis
}

func (s *state) close() {
	if s.cache != nil {
		s.cache.Close()
	}
}

func (s *state) tmp() string      { return filepath.Join(s.dir, "tmp") }
func (s *state) stateDir() string { return filepath.Join(s.dir, "state") }

// vector runs one vector.
func (s *state) vector(v *Vector, res *Result) error {
	flags, err := s.help(res.Command)
	if err != nil {
		return err
	}
	if v, err = v.at(s.files, s.tmp()); err != nil {
		return err
	}
	if err := s.prepare(v); err != nil {
		return err
	}
	settings := map[string]string{}
	services, err := s.serve(v, flags, settings)
	defer func() {
		for _, service := range services {
			service()
		}
	}()
	if err != nil {
		return err
	}
	t := Translate(v.Parameters, flags, settings)
	res.Dropped = t.Dropped
	if flags["input"] != nil && strings.HasPrefix(res.Command, "parse-") {
		t.Args = append(t.Args, "--input=report")
	}
	paths := map[string]string{}
	for _, name := range v.paths() {
		paths[name] = filepath.Join(s.dir, "path-"+strconv.Itoa(len(paths)))
		os.Remove(paths[name])
		if flags["to"] != nil {
			t.Args = append(t.Args, "--to="+name+"="+paths[name])
		}
	}
	res.Line = res.Command + " " + strings.Join(t.Args, " ")
	dumpFile := filepath.Join(s.stateDir(), res.Command+".dump")
	os.Remove(dumpFile)

	var stdout, stderr bytes.Buffer
	exit := 0
	for range max(1, v.rounds()) {
		code, err := s.exec(v, res.Command, t, &stdout, &stderr)
		if err != nil {
			res.Stderr = stderr.String()
			return err
		}
		exit = max(exit, code)
	}
	res.Stderr = stderr.String()
	got := map[string][]byte{"_default": stdout.Bytes()}
	for name, file := range paths {
		if got[name], err = os.ReadFile(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	dumped, err := readDump(dumpFile)
	if err != nil {
		return err
	}
	res.Diffs = append(res.Diffs, v.compare(exit, got, dumped)...)
	if v.InitError == nil {
		res.Diffs = append(res.Diffs, compareFiles(v, s.tmp())...)
		if s.cache != nil && (v.CacheAfter != nil || v.needs("cache")) {
			res.Diffs = append(res.Diffs, compareCache(s.cache, v.CacheAfter, string(bytes.Join(raws(v.Input), []byte("\n"))))...)
		}
	}
	for _, service := range services {
		res.Diffs = append(res.Diffs, service()...)
	}
	services = nil
	return nil
}

// paths returns the names of the side paths.
func (v *Vector) paths() []string {
	names := map[string]bool{}
	for _, name := range v.Queues {
		names[name] = true
	}
	for name := range v.Output {
		names[name] = true
	}
	delete(names, "_default")
	sorted := make([]string, 0, len(names))
	for name := range names {
		sorted = append(sorted, name)
	}
	sort.Strings(sorted)
	return sorted
}

// rounds is how often a collector collected.
func (v *Vector) rounds() int {
	if strings.HasPrefix(v.Command(), "collect-") && v.HTTP == nil {
		return v.Iterations
	}
	return 1
}

// now is the time of the run, if it may matter: collectors tell it by what they
// collected.
func (v *Vector) now() string {
	if v.Clock != "" || !strings.HasPrefix(v.Command(), "collect-") || len(v.Output["_default"]) == 0 {
		return v.Clock
	}
	var report map[string]json.RawMessage
	if json.Unmarshal(v.Output["_default"][0], &report) != nil || report["time.observation"] == nil {
		return ""
	}
	return text(report["time.observation"])
}

// exec runs the command once.
func (s *state) exec(v *Vector, command string, t Translation, stdout, stderr io.Writer) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.bin, append([]string{command}, t.Args...)...)
	cmd.Dir = s.dir
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "TZ=UTC", "HOME=" + filepath.Join(s.dir, "home"),
		"XDG_STATE_HOME=" + filepath.Join(s.dir, "xdg"), "STATE_DIRECTORY=" + s.stateDir(),
		"TMPDIR=" + s.dir, "SSL_CERT_FILE=" + s.caFile(),
	}, t.Env...)
	if now := v.now(); now != "" {
		cmd.Env = append(cmd.Env, "INTELPIPE_NOW="+now)
	}
	if v.needs("imap") {
		cmd.Env = append(cmd.Env, "INTELPIPE_MAIL_PASSWORD=secret")
	}
	if !strings.HasPrefix(command, "collect-") {
		cmd.Stdin = bytes.NewReader(append(bytes.Join(raws(v.Input), []byte("\n")), newline(v.Input)...))
	}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return 0, fmt.Errorf("did not end within %v", timeout)
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return exit.ExitCode(), nil
	case err != nil:
		return 0, err
	}
	return 0, nil
}

func newline(input []json.RawMessage) []byte {
	if len(input) == 0 {
		return nil
	}
	return []byte("\n")
}

func raws(input []json.RawMessage) [][]byte {
	lines := make([][]byte, len(input))
	for i := range input {
		lines[i] = input[i]
	}
	return lines
}

// RunAll runs chains side by side and returns the results in order.
func (r *Runner) RunAll(chains []Chain, parallel int) []Result {
	all := make([][]Result, len(chains))
	next := make(chan int)
	var group sync.WaitGroup
	for range parallel {
		group.Go(func() {
			for i := range next {
				all[i] = r.Run(chains[i])
			}
		})
	}
	for i := range chains {
		next <- i
	}
	close(next)
	group.Wait()
	return slices.Concat(all...)
}
