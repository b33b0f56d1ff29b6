package recordedfutureiprisk

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/lookup/database/databasetest"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// TestUpdate fetches a list: whatever comes, the old one stays if the new one is wrong.
func TestUpdate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list")
	const good = "\"Name\",\"Risk\"\n\"192.0.2.1\",\"65\"\n"
	packed := databasetest.TarGz(t, "./rfiprisk.dat", good)
	databasetest.Update(t, path, good, http.Header{"X-Rftoken": {"hidden"}}, []databasetest.Step{
		{packed, ""}, {packed[:len(packed)-3], "EOF"}, {"<html>", "unexpected EOF"}, {"", "EOF"},
		{databasetest.TarGz(t, "other.dat", good), "there is no rfiprisk.dat in it"}, {databasetest.TarGz(t, "rfiprisk.dat", "no"), "name the columns"},
	}, func(url string) error {
		wrong := &Command{Database: path, HTTP: databasetest.HTTP(), APIToken: "wrong", url: url}
		if err := wrong.Update(t.Context(), stage.Standalone()); err == nil || !strings.HasPrefix(err.Error(), "the token of --api-token-file is not accepted: ") {
			t.Errorf("got %v", err)
		}
		c := &Command{Database: path, HTTP: databasetest.HTTP(), APIToken: "hidden", url: url}
		return c.Update(t.Context(), stage.Standalone())
	})
}
