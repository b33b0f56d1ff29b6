package microsoftctip

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/feed/accuracy"
)

// members are members of an element whose names begin alike.
type members struct {
	begin string
	below string // what their fields are below

	// fields has the rest of the name, or of several names with a blank between them,
	// and the field. An asterisk in it stands for below. Members without a field are
	// left out.
	fields feed.Words

	// same has the rest of names that are also those of the fields, in lower case.
	same string
}

// index returns the field of each member.
func index(groups []members) map[string]string {
	index := map[string]string{}
	for _, g := range groups {
		for name := range strings.FieldsSeq(g.same) {
			index[g.begin+name] = g.below + strings.ToLower(name)
		}
		for _, pair := range g.fields {
			for name := range strings.FieldsSeq(pair[0]) {
				index[g.begin+name] = strings.Replace(pair[1], "*", g.below, 1)
			}
		}
	}
	return index
}

func unknown(member string) error { return fmt.Errorf("%s is not known to the parser", member) }

var errConfidence = errors.New("confidence: a number from 0 to 100 is expected")

// weigh makes feed.accuracy the part of it that is a confidence in percent.
func weigh(e *event.Message, percent string) error {
	part, err := strconv.ParseFloat(percent, 64)
	if err != nil || !(0 <= part && part <= 100) { // NaN is neither
		return errConfidence
	}
	e.SetValue("feed.accuracy", accuracy.Share(e, part, 100))
	return nil
}
