// Package contacts reads the contacts that services name: mail addresses in lists, with
// whatever else people write there.
package contacts

import (
	"strings"

	"github.com/intelpipe/intelpipe/internal/plain"
)

// Split takes a comma list apart; empty parts are left out.
func Split(list string) (parts []string) {
	for part := range strings.SplitSeq(list, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// Addresses are the contacts to which a mail can be sent, in lower case as in the field, so
// that no two of them are the same address.
func Addresses(contacts []string) (fit []string) {
	for _, contact := range contacts {
		if IsAddress(contact) {
			fit = append(fit, strings.ToLower(contact))
		}
	}
	return fit
}

// IsAddress reports whether a mail can be sent to a contact: it is a bare address, without
// a name, and without characters that would make two of it or that a terminal acts on.
func IsAddress(contact string) bool {
	local, domain, _ := strings.Cut(contact, "@")
	return local != "" && domain != "" && !strings.ContainsAny(contact, " ,;<>\"") && plain.Line(contact) == contact
}
