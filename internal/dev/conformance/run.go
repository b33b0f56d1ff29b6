package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/intelpipe/intelpipe/internal/dev/conformance/compare"
	"github.com/intelpipe/intelpipe/internal/dev/conformance/parameters"
	"github.com/intelpipe/intelpipe/internal/dev/conformance/report"
	"github.com/intelpipe/intelpipe/internal/dev/conformance/services"
	"github.com/intelpipe/intelpipe/internal/dev/conformance/vector"
)

// Runner runs vectors against a multi-call binary.
type Runner struct {
	bin   string
	files string // where the vectors' files are
	temp  string
	ca    *services.Authority
	known map[string]bool
	mu    sync.Mutex
	flags map[string]map[string]*parameters.Flag
}

// timeout ends a command that hangs.
const timeout = 30 * time.Second

// NewRunner asks the binary for its commands.
func NewRunner(bin, files, temp string) (*Runner, error) {
	ca, err := services.NewAuthority()
	if err != nil {
		return nil, err
	}
	r := &Runner{bin: bin, files: files, temp: temp, ca: ca, known: map[string]bool{}, flags: map[string]map[string]*parameters.Flag{}}
	if err := os.WriteFile(r.caFile(), ca.PEM(), 0o600); err != nil {
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
func (r *Runner) help(command string) (map[string]*parameters.Flag, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f, ok := r.flags[command]; ok {
		return f, nil
	}
	out, err := exec.Command(r.bin, command, "--help-all").Output()
	if err != nil {
		return nil, fmt.Errorf("%s --help-all: %w", command, err)
	}
	r.flags[command] = parameters.ParseHelp(string(out))
	return r.flags[command], nil
}

// RunAll runs chains side by side and returns the results in order.
func (r *Runner) RunAll(chains []vector.Chain, parallel int) []report.Result {
	all := make([][]report.Result, len(chains))
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

// Run runs the vectors of a chain one after the other in the same state.
func (r *Runner) Run(chain vector.Chain) []report.Result {
	dir, err := os.MkdirTemp(r.temp, "run")
	if err != nil {
		res := report.Result{ID: chain[0].ID, Command: chain[0].Command()}
		res.Add("runner", "", err.Error())
		return []report.Result{res}
	}
	defer os.RemoveAll(dir)
	s := &state{r, workspace(dir), services.New(r.ca)}
	defer s.services.Close()
	results := make([]report.Result, len(chain))
	for i, v := range chain {
		res := &results[i]
		res.ID, res.Command, res.Parameters = v.ID, v.Command(), v.Decoded()
		if !r.known[res.Command] {
			res.Absent = "no such command"
			continue
		}
		if need := services.Unserved(v); need != "" {
			res.Absent = "needs " + need + ", for which there is no stand-in"
			continue
		}
		if err := s.vector(v, res); err != nil {
			res.Add("runner", "", err.Error())
		}
	}
	return results
}

// state is what the vectors of a chain share.
type state struct {
	*Runner
	dir      workspace
	services *services.Services
}

// vector runs one vector.
func (s *state) vector(v *vector.Vector, res *report.Result) error {
	flags, err := s.help(res.Command)
	if err != nil {
		return err
	}
	if v, err = v.At(s.files, s.dir.tmp()); err != nil {
		return err
	}
	if err := s.dir.prepare(v); err != nil {
		return err
	}
	running, err := s.services.Start(v, flags)
	if err != nil {
		return err
	}
	defer running.Stop()
	t := parameters.Translate(v.Parameters, flags, running.Settings)
	res.Dropped = t.Dropped
	if flags["input"] != nil && strings.HasPrefix(res.Command, "parse-") {
		t.Args = append(t.Args, "--input=report")
	}
	paths := map[string]string{}
	for _, name := range v.Paths() {
		paths[name] = s.dir.path("path-" + strconv.Itoa(len(paths)))
		os.Remove(paths[name])
		if flags["to"] != nil {
			t.Args = append(t.Args, "--to="+name+"="+paths[name])
		}
	}
	res.Line = res.Command + " " + strings.Join(t.Args, " ")
	dumpFile := filepath.Join(s.dir.state(), res.Command+".dump")
	os.Remove(dumpFile)

	var stdout, stderr bytes.Buffer
	exit := 0
	for range v.Rounds() {
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
	dumped, err := compare.ReadDump(dumpFile)
	if err != nil {
		return err
	}
	res.Diffs = append(res.Diffs, compare.Outcome(v, exit, got, dumped)...)
	if v.InitError == nil {
		res.Diffs = append(res.Diffs, compare.Files(v, s.dir.tmp())...)
		res.Diffs = append(res.Diffs, s.services.CompareCache(v)...)
	}
	res.Diffs = append(res.Diffs, running.Stop()...)
	return nil
}

// exec runs the command once.
func (s *state) exec(v *vector.Vector, command string, t parameters.Translation, stdout, stderr io.Writer) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.bin, append([]string{command}, t.Args...)...)
	cmd.Dir = string(s.dir)
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "TZ=UTC", "HOME=" + s.dir.home(),
		"XDG_STATE_HOME=" + s.dir.path("xdg"), "STATE_DIRECTORY=" + s.dir.state(),
		"TMPDIR=" + string(s.dir), "SSL_CERT_FILE=" + s.caFile(),
	}, t.Env...)
	if now := v.Now(); now != "" {
		cmd.Env = append(cmd.Env, "INTELPIPE_NOW="+now)
	}
	if v.Uses("imap") {
		cmd.Env = append(cmd.Env, "INTELPIPE_MAIL_PASSWORD=secret")
	}
	if !v.Collects() {
		cmd.Stdin = bytes.NewReader(v.Stdin())
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
