package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/dev/cases"
)

// TestCasesAreReadable finds cases that hide from people what they say.
func TestCasesAreReadable(t *testing.T) {
	files, err := filepath.Glob("../../testdata/*/*.txtar")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(string(text), "\n") {
			if cases.Readable(line+"\n") != line+"\n" {
				t.Errorf("%s:%d: raw in base64 that is text, see INTELPIPE_UPDATE", file, n+1)
				break
			}
		}
	}
}
