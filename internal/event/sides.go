package event

// Sides are the two ends of an incident: what the names of their fields begin
// with. Most experts do the same for each.
var Sides = [...]string{"source.", "destination."}

// Overwrite is the flag of experts that add fields, to be embedded in a command.
type Overwrite struct {
	Overwrite bool `help:"Replace fields that are there already."`
}

// Wants reports whether the field is to be set: it is not there, or is to be
// replaced.
func (o Overwrite) Wants(m *Message, key string) bool { return o.Overwrite || !m.Has(key) }
