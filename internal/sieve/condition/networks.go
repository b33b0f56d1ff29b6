package condition

import (
	"net/netip"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/python/ipaddress"
	"github.com/intelpipe/intelpipe/internal/sieve/state"
)

// networks compiles <<.
func (o *comparing) networks(list []Operand) check {
	if len(list) == 0 {
		return nil
	}
	positions := o.positions()
	prefixes := make([]netip.Prefix, len(list))
	for i, v := range list {
		switch {
		case !v.Constant():
			o.Refuse(positions[i], "<< takes no variables; a network in quotes is expected, as '192.0.2.0/24'")
			continue
		case v.Value.Kind != harmonization.String:
			return nil
		}
		p, ok := ipaddress.ParseNetwork(v.Value.Text)
		if !ok {
			o.Refuse(positions[i], "%s is not a network; one such as '192.0.2.0/24' or '2001:db8::/32' is expected, or an address", plain.Quote(v.Value.Text))
			continue
		}
		prefixes[i] = p.Masked()
		o.guard(Guard{Prefix: prefixes[i], By: ByPrefix})
	}
	f := o.key.Field
	o.fallible = f == nil || f.Kind == nil || f.Kind.Type != "IPAddress"
	place := o.Place(o.Operator.Pos)
	warn := func(r *state.Run, f *state.Field) (bool, error) {
		r.Warn("%s: %s <<: the field is not an address but %s, so the condition is false", place, f.Key, state.Describe(f.Value))
		return false, nil
	}
	if len(prefixes) == 1 {
		p := prefixes[0]
		return func(r *state.Run, f *state.Field) (bool, error) {
			if a := f.Addr(); a.IsValid() {
				return p.Contains(a), nil
			}
			return warn(r, f)
		}
	}
	return func(r *state.Run, f *state.Field) (bool, error) {
		a := f.Addr()
		if !a.IsValid() {
			return warn(r, f)
		}
		for _, p := range prefixes {
			if p.Contains(a) {
				return true, nil
			}
		}
		return false, nil
	}
}
