package dump

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	dumpfile "github.com/intelpipe/intelpipe/internal/durable/dump"
)

// span is what chooses entries on the command line: an id or its first digits, a
// number, or a range of numbers. An id begins with a letter.
type span string

// leastDigits is how many digits of an id have to be given.
const leastDigits = 4

// A choice is a span that was understood.
type choice struct {
	from, to int    // numbers
	digits   string // or the first of an id
	found    dumpfile.ID
}

func (s span) choice() (*choice, error) {
	text := string(s)
	if isID(text) {
		return &choice{digits: text}, nil
	}
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	from, err1 := strconv.Atoi(first)
	to, err2 := strconv.Atoi(last)
	if err1 != nil || err2 != nil || from < 1 || to < from {
		return nil, fmt.Errorf("%q: the id of an entry is expected, or at least the first %d digits of it, or a number, or a range such as 3-7; see dump list", s, leastDigits)
	}
	return &choice{from: from, to: to}, nil
}

func isID(text string) bool {
	if len(text) < leastDigits || len(text) > 16 || text[0] < 'a' {
		return false
	}
	return strings.Trim(text, "0123456789abcdef") == ""
}

// choose reads a dump, and returns the ids of the entries that are chosen.
func choose(f io.Reader, path string, gone idSet, spans []span) (idSet, error) {
	if len(spans) == 0 {
		return nil, nil
	}
	var choices []*choice
	for _, s := range spans {
		c, err := s.choice()
		if err != nil {
			return nil, err
		}
		choices = append(choices, c)
	}
	chosen, last := idSet{}, 0
	if err := read(f, path, gone, func(e *entry) error {
		last = e.number
		for _, c := range choices {
			if ok, err := c.takes(e); err != nil {
				return err
			} else if ok {
				chosen[e.ID] = true
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	for _, c := range choices {
		switch {
		case c.to > last:
			return nil, fmt.Errorf("%s: there is no entry %d, the last is %d", path, c.to, last)
		case c.digits != "" && c.found == 0:
			return nil, fmt.Errorf("%s: there is no entry %s", path, c.digits)
		}
	}
	return chosen, nil
}

func (c *choice) takes(e *entry) (bool, error) {
	if c.digits == "" {
		return e.number >= c.from && e.number <= c.to, nil
	}
	if !strings.HasPrefix(e.ID.String(), c.digits) {
		return false, nil
	}
	if c.found != 0 && c.found != e.ID {
		return false, fmt.Errorf("%s: %s may be the entry %v or %v: give more digits", e.dump, c.digits, c.found, e.ID)
	}
	c.found = e.ID
	return true, nil
}

// each calls do with the entries that are chosen.
func each(path string, spans []span, do func(*entry) error) error {
	gone, err := dumpfile.Gone(path)
	if err != nil {
		return err
	}
	f, size, err := open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	chosen, err := choose(io.NewSectionReader(f, 0, size), path, gone, spans)
	if err != nil {
		return err
	}
	return read(io.NewSectionReader(f, 0, size), path, gone, func(e *entry) error {
		if !chosen.has(e.ID) {
			return nil
		}
		return do(e)
	})
}
