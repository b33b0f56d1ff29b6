// Package killing is what tests have in common that kill processes.
package killing

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// times is the variable that scripts/chaos sets.
const times = "INTELPIPE_KILLS"

// Times is how often a test kills: INTELPIPE_KILLS, which scripts/chaos sets, or
// what is enough to see that nothing is broken.
func Times(t testing.TB, check int) int {
	t.Helper()
	if !Thorough() {
		return check
	}
	n, err := strconv.Atoi(os.Getenv(times))
	if err != nil || n < 1 {
		t.Fatalf("%s=%s", times, os.Getenv(times))
	}
	return n
}

// Thorough says whether scripts/chaos runs the test, for which time does not matter.
func Thorough() bool { return os.Getenv(times) != "" }

// Family are a process and all that it has started, as far as they run.
func Family(pid int) []int {
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", all[i]))
		for _, task := range tasks {
			text, _ := os.ReadFile(task)
			for word := range strings.FieldsSeq(string(text)) {
				if pid, err := strconv.Atoi(word); err == nil && Runs(pid) {
					all = append(all, pid)
				}
			}
		}
	}
	return all
}

// Runs says that a process has not ended. It may still be waited for.
func Runs(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(text), ") Z ")
}
