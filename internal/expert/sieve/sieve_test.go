package sieve

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// TestReload takes new rules, and keeps the old ones where the new ones are broken, gone
// or too large. What a variable or a field was for the old rules is forgotten.
func TestReload(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rules.sieve")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("$x = comment add status = 'one'")
	var warned []string
	env := stage.Standalone()
	env.Warn = func(format string, args ...any) { warned = append(warned, fmt.Sprintf(format, args...)) }
	c := &Command{File: path}
	if err := c.Start(context.Background(), env); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		text string
		ok   bool
		want string
	}{
		{"", true, `{"comment":"a"}`},
		{"$y = comment if comment == $y { add status = 'two' }", true, `{"comment":"a","status":"two"}`},
		{"add status = 'three", false, `{"comment":"a","status":"two"}`},
		{"add no.such = 'three'", false, `{"comment":"a","status":"two"}`},
		{strings.Repeat("keep\n", 1<<20), false, `{"comment":"a","status":"two"}`},
		{"if comment == 'a' { path 'p' } elif comment == 'b' { path ['p', 'q'] }", true, ""},
	} {
		write(step.text)
		if err := c.Reload(context.Background()); (err == nil) != step.ok {
			t.Errorf("%.60s: %v", step.text, err)
		}
		m := event.New(event.Event, nil)
		m.Set("comment", "a")
		got := ""
		err := c.Process(context.Background(), m, func(m *event.Message) error { got = m.String(); return m.Err() })
		if got != step.want || (err == nil) != (step.want != "") {
			t.Errorf("%.60s: %s, %v", step.text, got, err)
		}
	}
	if len(warned) != 2 || !strings.Contains(warned[1], "rules.sieve:1:65: the path q leads nowhere") {
		t.Errorf("warnings: %q", warned)
	}
}
