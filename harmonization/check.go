package harmonization

import "fmt"

// CheckValue is [Field.Sanitise] for a key and a value that people write, in flags and
// rules. The error names the key and suggests what was probably meant.
func (d *Dictionary) CheckValue(kind Message, key string, v Value) (Value, error) {
	f, err := d.Field(kind, key)
	if err != nil {
		return v, d.Check(kind, key)
	}
	w, err := f.Sanitise(v)
	if err != nil {
		return v, fmt.Errorf("%s: %w", key, err)
	}
	return w, nil
}
