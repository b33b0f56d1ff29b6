// Package fieldtext changes the text of fields, for experts that work on text alone.
package fieldtext

import (
	"fmt"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
)

// Change puts what change makes of the text of a field in its place; an empty text
// removes the field. A field that is missing stays so. A value that is no text is an
// error, and so is a result that the field cannot hold.
func Change(m *event.Message, key string, change func(text string) string) error {
	v, ok := m.Value(key)
	if !ok {
		return nil
	}
	if v.Kind != harmonization.String {
		return fmt.Errorf("%s is no text, but %.60s", key, m.JSON(key))
	}
	if text := change(v.Text); text != v.Text {
		m.Set(key, text)
	}
	return m.Err()
}
