package urltext

import (
	"slices"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	x := &Extractor{Substitutions: "[.];.", DomainWhitelist: []string{"t.co"}}
	if err := x.Start(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	got, err := x.Find("see www.example[.]org/A, https://example.net:443 or https://t.co/x")
	if want := []string{"https://www.example.org/a,", "https://example.net/"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q %v, want %q", got, err, want)
	}
	if _, err := x.Find(strings.Repeat("www.example.org/\n", 1<<15)); err == nil {
		t.Error("a text of half a MiB with so many URLs makes 16 GiB of events")
	}
}
