package domainvalid

import (
	"path/filepath"
	"testing"

	"github.com/intelpipe/intelpipe/internal/lookup/database/databasetest"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// TestUpdate fetches a list: whatever comes, the old one stays if the new one is wrong.
func TestUpdate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list")
	const good = "# Version 1\nORG\nXN--FIQS8S\n"
	databasetest.Update(t, path, good, nil, []databasetest.Step{
		{good, ""}, {"<html>", "not a top-level domain"}, {"", "there are no top-level domains in it"},
	}, func(url string) error {
		c := &Command{TldsDomainsList: path, HTTP: databasetest.HTTP(), url: url}
		return c.Update(t.Context(), stage.Standalone())
	})
}
