// Package harmonization is the data format: the fields that reports and events may
// have, the type of each field, which values are valid, and how other values are
// converted to valid ones.
//
// A [Dictionary] has the fields. It is the built-in one (fields.go), or is read from a
// harmonization.conf of IntelMQ. A [Field] checks and converts a [Value]:
//
//	f, err := harmonization.Default().Field(harmonization.Event, "source.ip")
//	v, err := f.Sanitise(harmonization.Text(" 192.0.2.1/32 "))
//
// Two rules hold for all types but Base64, which encodes any value: what Sanitise
// returns is Valid, and sanitising that again does not change it.
//
// The format is that of IntelMQ, which is written in Python: case, white space, numbers,
// times, names and addresses follow the rules of Python's modules, so that both can
// share a queue and a cache. These rules are in the packages of internal/python.
//
// Package vocabulary has the words that some types are limited to, package pattern the
// regular expressions of fields.
package harmonization
