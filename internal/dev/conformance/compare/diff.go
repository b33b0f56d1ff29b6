// Package compare compares what a command did with what the reference did, and says
// what differs.
package compare

import (
	"fmt"
	"strings"
)

// Diff is one difference between what the reference did and what a command
// did. Part says what kind it is: the name of a field, or one of
//
//	count     messages are missing on a path, or there are more
//	stdout    a line that is no message
//	exit      another exit code
//	refuse    the command should refuse to start
//	dumped    another number of messages in the dump
//	dumped.F  field F of a message in the dump
//	files     the content of a file
//	cache     the content of the key-value store
//	http      a request that is missing or that there should not be
//	mail      a mail
//	sent      what went to a TCP peer
type Diff struct {
	Part, Where, Want, Got string
}

func (d Diff) String() string {
	s := d.Part
	if d.Where != "" {
		s += " (" + d.Where + ")"
	}
	return s + "\n      want " + Clip(d.Want) + "\n      got  " + Clip(d.Got)
}

// Clip shortens a text that is too long to be read.
func Clip(s string) string {
	const most = 400
	if s == "" {
		return "nothing"
	}
	if len(s) > most {
		return s[:most/2] + " […] " + s[len(s)-most/2:]
	}
	return s
}

// Place names a message, or another part, by its number; where is what it is one of.
func Place(where string, i int) string {
	return strings.TrimSpace(fmt.Sprintf("%s #%d", where, i+1))
}
