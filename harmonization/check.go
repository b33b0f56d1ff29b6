package harmonization

import "fmt"

// CheckValue sanitises a value that people write, for a field that they write.
// Errors name the field, and what was probably meant.
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
