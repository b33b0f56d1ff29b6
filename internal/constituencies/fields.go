package constituencies

import (
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
)

// IsKey says whether a column says what a row is for, and is not added to events.
func IsKey(column string) bool {
	switch column {
	case "network", "asn", "domain", "cc":
		return true
	}
	return false
}

// Fields says which field a column becomes for a row that was found for the source of an
// event, and which for the destination; "" is none. A column is named like a field, like one
// without source. before it, or becomes a field below extra.
func Fields(d *harmonization.Dictionary, column string) (source, destination string, err error) {
	err = d.Check(harmonization.Event, column)
	switch {
	case err == nil && strings.HasPrefix(column, "source."):
		return column, "", nil
	case err == nil && strings.HasPrefix(column, "destination."):
		return "", column, nil
	case err == nil:
		return column, column, nil
	}
	if source, destination = "source."+column, "destination."+column; is(d, source) && is(d, destination) {
		return source, destination, nil
	}
	if extra := "extra." + column; !strings.Contains(column, ".") && is(d, extra) {
		return extra, extra, nil
	}
	return "", "", err
}

func is(d *harmonization.Dictionary, key string) bool {
	_, err := d.Field(harmonization.Event, key)
	return err == nil
}
