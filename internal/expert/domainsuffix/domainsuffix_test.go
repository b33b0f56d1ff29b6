package domainsuffix

import (
	"path/filepath"
	"testing"

	"github.com/intelpipe/intelpipe/internal/lookup/database/databasetest"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// TestUpdate fetches a list: whatever comes, the old one stays if the new one is wrong.
func TestUpdate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list")
	const good = "// ===BEGIN ICANN DOMAINS===\norg\n// ===END ICANN DOMAINS===\n"
	databasetest.Update(t, path, good, nil, []databasetest.Step{
		{good, ""}, {good[:40], "it is not whole"}, {"<html>", "there are no ICANN domains in it"}, {"", "there are no ICANN domains in it"},
	}, func(url string) error {
		c := &Command{Field: "fqdn", SuffixFile: path, HTTP: databasetest.HTTP(), url: url}
		return c.Update(t.Context(), stage.Standalone())
	})
}
