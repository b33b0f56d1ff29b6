package startup

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// script writes a shell script and returns its path.
func script(t *testing.T, name, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCommands(t *testing.T) {
	bin := filepath.Dir(script(t, "intelpipe", "echo 'expert-a   does a'; echo expert-b"))
	got, err := commands(context.Background(), bin)
	if err != nil || !reflect.DeepEqual(got, []string{"expert-a", "expert-b"}) {
		t.Errorf("commands = %q, %v", got, err)
	}
	bin = filepath.Dir(script(t, "intelpipe", ""))
	if _, err := commands(context.Background(), bin); err == nil {
		t.Error("no commands is no error")
	}
}

func TestJudge(t *testing.T) {
	s := &Starts{
		empty: start{name: "empty program", cpu: []float64{2, 1}, wall: []float64{2, 2}, rss: 3 << 20},
		starts: []start{
			{name: "good", cpu: []float64{9, 3}, wall: []float64{3, 3}, rss: 9 << 20},
			{name: "slow", cpu: []float64{5, 4.5}, wall: []float64{5, 5}, rss: 9 << 20},
			{name: "large", cpu: []float64{2, 2}, wall: []float64{2, 2}, rss: 20 << 20},
			{name: "broken", cpu: []float64{2}, wall: []float64{2}, err: errors.New("exit status 2")},
		},
	}
	s.judge()
	want := []string{"start-up of slow: ratio 4.50, 9.0 MiB", "start-up of large: ratio 2.00, 20.0 MiB", "start-up of broken: exit status 2"}
	if !reflect.DeepEqual(s.missed, want) {
		t.Errorf("missed %q, want %q", s.missed, want)
	}
	if rows := s.Table().Rows; len(rows) != 6 || rows[2][7] != "ok" || rows[3][7] != "MISSED" || rows[5][7] != "FAILED" {
		t.Errorf("table %q", rows)
	}
	summary := s.Summary().Rows
	if summary[0][2] != "slow" || summary[0][7] != "MISSED" || summary[1][2] != "large" || summary[1][7] != "MISSED" {
		t.Errorf("summary %q", summary)
	}
}
