package harmonization

import "fmt"

// CheckValue is Sanitise for a value that people write for the field of that
// name; a name that is unknown comes with the one that was probably meant.
func (d *Dictionary) CheckValue(kind Message, key string, v Value) (Value, error) {
	f, err := d.Field(kind, key)
	if err != nil {
		return v, d.Check(kind, key)
	}
	if v, err = f.Sanitise(v); err != nil {
		return v, fmt.Errorf("%s: %w", key, err)
	}
	return v, nil
}
