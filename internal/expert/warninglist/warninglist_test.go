package warninglist

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// TestReload replaces one of two lists, and then by one that is broken.
func TestReload(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	c := &Command{Lists: []string{put("one", "192.0.2.0/24\n"), put("two", "example.org\n")}, Fields: []string{"source.ip", "source.fqdn"}, Action: "mark", Field: "extra.warninglist"}
	if err := c.Start(t.Context(), stage.Standalone()); err != nil {
		t.Fatal(err)
	}
	expect := func(want string) {
		t.Helper()
		m := event.New(event.Event, nil)
		if err := m.Decode([]byte(`{"source.ip":"192.0.2.7","source.fqdn":"www.example.org"}`)); err != nil {
			t.Fatal(err)
		}
		err := c.Process(t.Context(), m, func(m *event.Message) error {
			if got := m.Get("extra.warninglist"); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	expect("one; two")
	put("one", "198.51.100.0/24\n")
	put("two", `{"name":"Two","type":"hostname","list":["example.org"]}`)
	if err := c.Reload(t.Context()); err != nil {
		t.Error(err)
	}
	expect("Two")
	put("one", "192.0.2.0/24\n")
	put("two", `{"name":"Two","type":"cidr","list":["example.org"]}`)
	if err := c.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "two:1:37: ") {
		t.Errorf("got %v", err)
	}
	expect("one; Two")
}
