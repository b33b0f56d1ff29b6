// Package harmonization is the data format: which fields a report and an event
// may have, what type each has, what counts as a valid value and how a value
// becomes one.
//
// The fields are data (fields.go), so is the vocabulary (vocabulary.go). A
// [Dictionary] is either the built-in one or read from a harmonization.conf as
// IntelMQ has it. A [Field] checks and converts a [Value]:
//
//	f, err := harmonization.Default().Field(harmonization.Event, "source.ip")
//	v, err := f.Sanitise(harmonization.Text(" 192.0.2.1/32 "))
//
// Two rules hold for all types but Base64: what Sanitise returns is Valid, and
// sanitising it again changes nothing. Base64 encodes whatever it is given.
//
// Values follow Python where the format does: lower and upper case, white
// space, number syntax and the text form of numbers are Python's, so that both
// implementations can share a queue and a cache.
package harmonization
