package rdap

import (
	"slices"

	"github.com/intelpipe/intelpipe/internal/lookup/contacts"
)

// domain is what is read of an answer. What is of another type than it should be says
// nothing.
type domain struct{ Entities any }

// contact returns the mail address of the first role that has one. An entity of another
// type is told to bad.
func (d *domain) contact(order []string, bad func()) string {
	byRole := map[string]string{}
	for _, one := range list(d.Entities) {
		e, ok := one.(map[string]any)
		if !ok {
			bad()
			continue
		}
		if roles := list(e["roles"]); !slices.Contains(roles, any("removed")) && len(roles) > 0 {
			for _, inner := range list(e["entities"]) {
				if e, ok := inner.(map[string]any); ok {
					note(byRole, e)
				}
			}
			note(byRole, e)
		}
	}
	for _, role := range order {
		if byRole[role] != "" {
			return byRole[role]
		}
	}
	return ""
}

// note takes down the address of an entity for each of its roles. A later one replaces an
// earlier one.
func note(byRole map[string]string, entity map[string]any) {
	address := mail(entity["vcardArray"])
	if address == "" {
		return
	}
	for _, role := range list(entity["roles"]) {
		if role, ok := role.(string); ok {
			byRole[role] = address
		}
	}
}

// mail finds the first mail address in a jCard (RFC 7095), whose properties are lists of
// name, parameters, type and value.
func mail(card any) string {
	parts := list(card)
	if len(parts) < 2 {
		return ""
	}
	for _, property := range list(parts[1]) {
		p := list(property)
		if len(p) < 4 || p[0] != "email" {
			continue
		}
		if address, _ := p[3].(string); contacts.IsAddress(address) {
			return address
		}
	}
	return ""
}

func list(value any) []any {
	elements, _ := value.([]any)
	return elements
}
