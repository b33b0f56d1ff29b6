package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/client/kafka/kafkatest"
)

// The bounds of a start of intelpipe-full, like those of intelpipe.
const (
	maxFullPackages = 165
	maxFullAllocs   = 800
	maxFullBytes    = 300 << 10
)

// TestKafkaInSecondBinary writes to Kafka and reads from it with the small binary,
// which hands over whatever has such a command: in front, behind then, behind a link
// and in another process of a pipeline.
func TestKafkaInSecondBinary(t *testing.T) {
	t.Parallel()
	dir := home(t)
	bin, alone, other := filepath.Join(dir, "both"), filepath.Join(dir, "alone"), filepath.Join(dir, "other")
	for _, d := range []string{bin, alone, other} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	build(t, "intelpipe", filepath.Join(bin, "intelpipe"), "1.2.3")
	build(t, "intelpipe-full", filepath.Join(bin, "intelpipe-full"), "1.2.3")
	small, err := os.ReadFile(filepath.Join(bin, "intelpipe"))
	if err == nil {
		err = os.WriteFile(filepath.Join(alone, "intelpipe"), small, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(other, "intelpipe"), []byte(strings.ReplaceAll(string(small), "1.2.3", "1.2.4")), 0o755)
	}
	if err == nil {
		err = os.Symlink("../both/intelpipe-full", filepath.Join(other, "intelpipe-full"))
	}
	if err != nil {
		t.Fatal(err)
	}
	weigh(t, bin)
	server := kafkatest.Start(t)
	server.Topic("events", 2, nil)
	server.Topic("copies", 1, nil)
	write(t, dir, "list.txt", "192.0.2.1\n192.0.2.2\n")
	const missing = "is in intelpipe-full, which is neither beside this program nor in PATH: install it\n"
	for _, c := range []struct {
		name, path, script string
		exit               int
		stdout, stderr     string
	}{
		{"alone", alone, "intelpipe collect-kafka --topic events", 2, "", "collect-kafka " + missing},
		{"alone, behind then", alone, "intelpipe collect-file list.txt then parse-blocklistde then output-kafka --topic events", 2, "", "output-kafka " + missing},
		{"alone, help", alone, "intelpipe help output-kafka", 2, "", "output-kafka " + missing},
		{"alone, list", alone, "intelpipe list", 0, "(in intelpipe-full)", ""},
		{"alone, completion", alone, "intelpipe completion", 0, "collect-kafka", ""},
		{"suggestion", alone, "intelpipe colect-kafka", 2, "", "did you mean collect-kafka?"},
		{"suggestion behind then", alone, "intelpipe parse-blocklistde then output-kafak", 2, "", "did you mean output-kafka?"},
		{"another version", other, "intelpipe collect-kafka --topic events", 3, "", "intelpipe is version 1.2.4 and intelpipe-full is version 1.2.3: install both from one release\n"},
		{"behind then", bin, "intelpipe collect-file list.txt then parse-blocklistde then output-kafka --topic events --key source.ip", 0, "", ""},
		{"in front", bin, "intelpipe collect-kafka --topic events --events | wc -l", 0, "2\n", ""},
		{"links", bin, "intelpipe --install-links both; readlink both/collect-kafka both/output-kafka both/collect-file", 0, "intelpipe-full\nintelpipe-full\nintelpipe\n", ""},
		{"a pipeline of links", bin, "collect-kafka --topic events --events --group g -- sh -c 'expert-taxonomy | output-kafka --topic copies'", 0, "", ""},
		{"nothing is left", bin, "intelpipe collect-kafka --topic events --events --group g then output-blackhole --pass | wc -l", 0, "0\n", ""},
		{"what was copied", bin, "collect-kafka --topic copies --events | grep -c taxonomy", 0, "2\n", ""},
	} {
		cmd := exec.Command("bash", "-c", c.script)
		cmd.Dir = dir
		cmd.Env = []string{"HOME=" + dir, "STATE_DIRECTORY=" + filepath.Join(dir, "state"), "PATH=" + c.path + ":/usr/bin:/bin", "INTELPIPE_BOOTSTRAP_SERVERS=" + server.Addr()}
		var stdout, stderr strings.Builder
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		cmd.Run()
		if got := cmd.ProcessState.ExitCode(); got != c.exit || !strings.Contains(stdout.String(), c.stdout) || !strings.Contains(stderr.String(), c.stderr) {
			t.Errorf("%s: exit %d, %.500q, %q", c.name, got, stdout.String(), stderr.String())
		}
	}
	if got := server.Values("copies"); len(got) != 2 {
		t.Errorf("%q", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "state", "collect-file.dump")); err == nil {
		t.Error("something was touched before the other binary took over")
	}
}

// weigh prints what both binaries are at their start, and bounds the large one. Of
// Kafka the small one has nothing.
func weigh(t *testing.T, bin string) {
	t.Helper()
	for _, name := range []string{"intelpipe", "intelpipe-full"} {
		path := filepath.Join(bin, name)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		packages, allocs, bytes := start(t, path)
		t.Logf("%s: %d bytes, initialises %d packages with %d allocations of %d bytes", name, info.Size(), len(packages), allocs, bytes)
		if len(packages) > maxFullPackages || allocs > maxFullAllocs || bytes > maxFullBytes {
			t.Errorf("%s: at most %d packages with %d allocations of %d bytes were expected", name, maxFullPackages, maxFullAllocs, maxFullBytes)
		}
	}
	depends, err := os.ReadFile("depends.txt")
	if err != nil || strings.Contains(string(depends), "twmb") || strings.Contains(string(depends), "klauspost") {
		t.Errorf("intelpipe has parts of Kafka: %v", err)
	}
}
