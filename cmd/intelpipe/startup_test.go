package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The bounds of a start. Cron starts commands by the thousand, and what the
// packages of the binary do before main is paid each time. How many packages
// that are and what they allocate is the same on every machine and under any
// load, other than a time, which belongs into make bench. The bounds are what
// there is today with little room above it.
const (
	maxInitPackages = 145
	maxInitAllocs   = 650
	maxInitBytes    = 112 << 10
)

// TestStartUp counts what the binary does before main.
func TestStartUp(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "intelpipe")
	build := exec.Command("go", "build", "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	packages, allocs, bytes := start(t, binary)
	t.Logf("%d packages, %d allocations of %d bytes", len(packages), allocs, bytes)
	if len(packages) <= maxInitPackages && allocs <= maxInitAllocs && bytes <= maxInitBytes {
		return
	}
	t.Errorf("%d packages with %d allocations of %d bytes are initialised, at most %d with %d of %d were expected; the largest:",
		len(packages), allocs, bytes, maxInitPackages, maxInitAllocs, maxInitBytes)
	slices.SortFunc(packages, func(a, b initialised) int { return b.bytes - a.bytes })
	for _, p := range packages[:min(len(packages), 10)] {
		t.Logf("%s: %d allocations of %d bytes", p.name, p.allocs, p.bytes)
	}
}

// start runs a binary, and returns what its packages did before main, and in all.
func start(t *testing.T, binary string) (packages []initialised, allocs, bytes int) {
	t.Helper()
	list := exec.Command(binary, "list")
	list.Env = append(environment(t.TempDir()), "GODEBUG=inittrace=1")
	var trace strings.Builder
	list.Stderr = &trace
	if err := list.Run(); err != nil {
		t.Fatalf("%v: %s", err, &trace)
	}
	packages, err := readInitTrace(trace.String())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packages {
		allocs += p.allocs
		bytes += p.bytes
	}
	return packages, allocs, bytes
}

// initialised is what one package did before main.
type initialised struct {
	name          string
	bytes, allocs int
}

// readInitTrace reads what GODEBUG=inittrace=1 writes to stderr:
//
//	init net/http @1.2 ms, 0.046 ms clock, 4712 bytes, 49 allocs
func readInitTrace(text string) ([]initialised, error) {
	var packages []initialised
	for line := range strings.Lines(text) {
		var p initialised
		var at, clock float64
		if _, err := fmt.Sscanf(line, "init %s @%f ms, %f ms clock, %d bytes, %d allocs", &p.name, &at, &clock, &p.bytes, &p.allocs); err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
		packages = append(packages, p)
	}
	if len(packages) < 10 {
		return nil, fmt.Errorf("only %d packages in %q", len(packages), text)
	}
	return packages, nil
}
