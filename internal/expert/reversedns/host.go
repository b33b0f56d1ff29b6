package reversedns

import (
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
)

var fqdn, _ = harmonization.Type("FQDN")

// host is the form in which the data format has a name, if a host can have it:
// whoever owns the address can write anything into DNS, and the type FQDN takes
// nearly as much.
func host(name string) (string, bool) {
	v, err := fqdn.Sanitise(harmonization.Text(name))
	return v.Text, err == nil && strings.Trim(v.Text, letters+"0123456789-_.") == "" && strings.ContainsAny(v.Text, letters)
}

const letters = "abcdefghijklmnopqrstuvwxyz"
