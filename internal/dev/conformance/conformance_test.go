package conformance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/intelpipe/intelpipe/internal/dev/conformance/dataformat"
	"github.com/intelpipe/intelpipe/internal/dev/conformance/report"
	"github.com/intelpipe/intelpipe/internal/dev/conformance/vector"
)

// vectorDir is where the vectors are, if anywhere.
func vectorDir(t *testing.T) string {
	dir := os.Getenv("INTELPIPE_VECTORS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "vectors")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		fmt.Printf("CONFORMANCE NOT TESTED: there is no %s; set INTELPIPE_VECTORS to a folder of vectors\n", dir)
		t.SkipNow()
	}
	return dir
}

// TestConformance runs everything there is a vector for. It prints by itself,
// so that the summary is the last line.
func TestConformance(t *testing.T) {
	dir := vectorDir(t)
	temp := t.TempDir()
	bin := filepath.Join(temp, "intelpipe")
	if out, err := exec.Command("go", "build", "-o", bin, "../../../cmd/intelpipe-full").CombinedOutput(); err != nil {
		t.Fatalf("go build ../../../cmd/intelpipe-full: %v\n%s", err, out)
	}
	runner, err := NewRunner(bin, filepath.Join(dir, "files"), temp)
	if err != nil {
		t.Fatal(err)
	}
	chains, err := vector.LoadChains(dir)
	if err != nil {
		t.Fatal(err)
	}
	results, err := dataformat.Check(dir)
	if err != nil {
		t.Fatal(err)
	}
	if sum := report.Write(os.Stdout, append(results, runner.RunAll(chains, 2)...)); sum.Failed > 0 {
		t.Fail()
	}
}
