package trustedintroducer

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup/database/databasetest"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// TestUpdate fetches a directory: whatever comes, the old one stays if the new one is wrong.
func TestUpdate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list")
	const good = `[{"emails":[{"address":"a@example.org","usage":["contact"]}],"constituency":{"asns":[64496]}}]`
	databasetest.Update(t, path, good, nil, []databasetest.Step{
		{good, ""}, {"<html>", "invalid JSON"}, {"[]", "there is no team"}, {"", "invalid JSON"},
	}, func(url string) error {
		c := &Command{Database: path, HTTP: databasetest.HTTP(), url: url}
		return c.Update(t.Context(), stage.Standalone())
	})
}

// TestFirstStart fetches the directory into the state directory, if there is none yet.
func TestFirstStart(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		fmt.Fprint(w, `[{"emails":[{"address":"a@example.org","usage":["contact"]}],"constituency":{"asns":[64496]}}]`)
	}))
	defer server.Close()
	env := stage.Standalone()
	env.StateDir = filepath.Join(t.TempDir(), "state")
	for range 2 {
		c := &Command{Order: []string{"domain", "asn"}, HTTP: databasetest.HTTP(), url: server.URL}
		if err := c.Start(t.Context(), env); err != nil {
			t.Fatal(err)
		}
		m := event.New(event.Event, nil)
		if err := m.Decode([]byte(`{"source.asn":64496}`)); err != nil {
			t.Fatal(err)
		}
		err := c.Process(t.Context(), m, func(m *event.Message) error {
			if m.Get("source.abuse_contact") != "a@example.org" {
				t.Errorf("got %s", m)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	server.Close()
	env.StateDir = t.TempDir()
	if err := (&Command{HTTP: databasetest.HTTP(), url: server.URL}).Start(t.Context(), env); !stage.IsFatal(err) {
		t.Errorf("without a server: %v", err)
	}
}
