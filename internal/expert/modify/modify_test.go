package modify

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

func started(t testing.TB, text string) *Command {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rules")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c := &Command{ConfigurationPath: path, CaseSensitive: true, Overwrite: true}
	if err := c.Start(context.Background(), stage.Standalone()); err != nil {
		t.Fatal(err)
	}
	return c
}

func run(t testing.TB, c *Command, line string) string {
	t.Helper()
	m := event.New(event.Event, nil)
	if err := m.Decode([]byte(line)); err != nil {
		t.Fatal(err)
	}
	var out string
	if err := c.Process(context.Background(), m, func(m *event.Message) error { out = m.String(); return m.Err() }); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestReload(t *testing.T) {
	rule := `[{"rulename": "r", "if": {}, "then": {"status": "%s"}}]`
	c := started(t, fmt.Sprintf(rule, "one"))
	for _, step := range []struct {
		file string
		ok   bool
		want string
	}{
		{fmt.Sprintf(rule, "two"), true, `{"status":"two"}`},
		{`[{"rulename": "broken"`, false, `{"status":"two"}`},
	} {
		os.WriteFile(c.ConfigurationPath, []byte(step.file), 0o644)
		if err := c.Reload(context.Background()); (err == nil) != step.ok {
			t.Errorf("%s: %v", step.file, err)
		}
		if got := run(t, c, `{}`); got != step.want {
			t.Errorf("%s: got %s", step.file, got)
		}
	}
}

// TestUnsupported checks that the error says what is wrong with a rule.
func TestUnsupported(t *testing.T) {
	for _, expr := range []string{"a(?=b)", "(?<!a)b", `(a)\\1`, "(?P<x>a)(?P=x)"} {
		path := filepath.Join(t.TempDir(), "rules")
		text := fmt.Sprintf(`[{"rulename":"one","if":{},"then":{}},{"rulename":"two","if":{"comment":"%s"},"then":{}}]`, expr)
		os.WriteFile(path, []byte(text), 0o644)
		err := (&Command{ConfigurationPath: path}).Start(context.Background(), stage.Standalone())
		if err == nil || !strings.HasPrefix(err.Error(), path+": rule 2 (two): if: comment: ") || !strings.Contains(err.Error(), "supported") {
			t.Errorf("%s: %v", expr, err)
		}
	}
}

// TestSharedConditions checks that what is remembered of an event does not
// outlive a change, nor the event.
func TestSharedConditions(t *testing.T) {
	c := started(t, `[
		{"rulename": "1", "if": {"comment": "^a", "extra.x": ""}, "then": {"extra.x": 1}},
		{"rulename": "2", "if": {"comment": "^a", "extra.x": ""}, "then": {"extra.y": 1}},
		{"rulename": "3", "if": {"comment": "^a"}, "then": {"comment": "b"}},
		{"rulename": "4", "if": {"comment": "^a"}, "then": {"extra.z": 1}}]`)
	for range 2 {
		if got := run(t, c, `{"comment":"a"}`); got != `{"comment":"b","extra.x":1}` {
			t.Errorf("got %s", got)
		}
		if got := run(t, c, `{"comment":"b"}`); got != `{"comment":"b"}` {
			t.Errorf("got %s", got)
		}
	}
}

func BenchmarkThousandRules(b *testing.B) {
	var text strings.Builder
	for i := range 1000 {
		sep := ","
		if i == 0 {
			sep = "["
		}
		fmt.Fprintf(&text, `%s{"rulename":"r%d","if":{"malware.name":"^family%d($|-)","classification.identifier":"","feed.name":"^Example$"},"then":{"classification.identifier":"f%d"}}`, sep, i, i, i)
	}
	c := started(b, text.String()+"]")
	m := event.New(event.Event, nil)
	line := []byte(`{"feed.name":"Example","malware.name":"family500","source.ip":"192.0.2.1"}`)
	b.ReportAllocs()
	for b.Loop() {
		m.Decode(line)
		c.Process(context.Background(), m, func(*event.Message) error { return nil })
	}
}

// TestAliasesAreBounded: four hundred bytes of aliases of aliases stand for more
// than any memory has.
func TestAliasesAreBounded(t *testing.T) {
	var text strings.Builder
	text.WriteString("- &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&text, "- &a%d [%s*a%d]\n", i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), i-1)
	}
	if _, _, err := yamlToJSON([]byte(text.String())); err == nil || !strings.Contains(err.Error(), "with the aliases written out") {
		t.Errorf("%v", err)
	}
	if _, _, err := yamlToJSON([]byte("- &a [*a]\n")); err == nil {
		t.Error("an alias of itself is accepted")
	}
}

// TestYAMLIsBounded has what would take the parser minutes, or its stack.
func TestYAMLIsBounded(t *testing.T) {
	for _, sign := range []string{"[", "{a: ", "a: [", "- ", "? ", "a: ", "!t ", "&a ", "- &a "} {
		if _, _, err := yamlToJSON([]byte(strings.Repeat(sign, 50000))); err == nil || !strings.Contains(err.Error(), json.TooDeep) {
			t.Errorf("%q: %v", sign, err)
		}
	}
	if _, _, err := yamlToJSON([]byte(strings.Repeat("[]", 50000))); err == nil || !strings.Contains(err.Error(), "words and signs on one line") {
		t.Errorf("%v", err)
	}
	text := "[" + strings.Repeat(`{"rulename":"r","if":{},"then":{}},`, 50000) + "x]"
	path := filepath.Join(t.TempDir(), "rules")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := load(path, true, harmonization.Default())
	if want := fmt.Sprintf("%s:1:%d: invalid JSON: a value is expected", path, len(text)-1); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
