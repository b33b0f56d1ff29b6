package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/tool"
)

// TestMain lets the test binary be the multi-call binary too, so that tests
// can run commands as processes without building anything.
func TestMain(m *testing.M) {
	if os.Getenv("INTELPIPE_TEST_PROCESS") != "" {
		tool.Main(specs...)
	}
	os.Exit(m.Run())
}

// commands are all there are, in both binaries.
var commands = slices.Concat(tools, extra)

// specs are all commands, and one that only tests have: expert-pass changes
// nothing.
var specs = append([]tool.Spec{{Name: "expert-pass", New: func() any { return new(pass) }}}, commands...)

type pass struct{}

func (pass) Process(_ context.Context, m *event.Message, emit stage.Emit) error { return emit(m) }

// result is what a run of a command left behind.
type result struct {
	stdout, stderr string
	exit           int
}

var summary = regexp.MustCompile(`(?m)^[a-z0-9-]+: read \d+, (passed|written) \d+.*\n`)

// told is what stands on stderr but for the lines that sum up.
func told(stderr string) string { return summary.ReplaceAllString(stderr, "") }

// environment is all that a command under test sees of the environment.
func environment(dir string) []string {
	return []string{
		"HOME=" + dir, "STATE_DIRECTORY=" + filepath.Join(dir, "state"), "TZ=UTC",
		"PATH=" + os.Getenv("PATH"), "INTELPIPE_TEST_PROCESS=1",
	}
}

// inProcess runs the command line words in this process.
func inProcess(dir string, words []string, stdin io.Reader) result {
	var stdout, stderr bytes.Buffer
	env := map[string]string{}
	for _, e := range environment(dir) {
		k, v, _ := bytes.Cut([]byte(e), []byte("="))
		env[string(k)] = string(v)
	}
	exit := tool.Run(context.Background(), specs, tool.System{
		Args: words, Stdin: stdin, Stdout: &stdout, Stderr: &stderr,
		Getenv: func(key string) string { return env[key] },
	})
	return result{stdout.String(), stderr.String(), exit}
}

// command prepares the command line words as a process of its own.
func command(t testing.TB, dir string, words ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &exec.Cmd{Path: self, Args: words, Env: environment(dir)}
}

// asProcess runs the command line words in a process, found by argv[0].
func asProcess(t testing.TB, dir string, words []string, stdin io.Reader) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := command(t, dir, words...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}
