package contacts

import (
	"slices"
	"testing"
)

func TestAddresses(t *testing.T) {
	list := " A@Example.org,,abuse@example.net ,nobody,Abuse <b@example.org>,c\u2028@example.org,\u001b[2J@example.org,@example.org,d@,\"e\"@example.org,e@example.org;f@example.org"
	if got, want := Addresses(Split(list)), []string{"a@example.org", "abuse@example.net"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Split(" ,, "); got != nil {
		t.Errorf("got %q", got)
	}
}
