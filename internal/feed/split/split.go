// Package split takes lines apart that are no CSV: by what stands between their
// columns, by white space, or by a regular expression.
package split

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Format says how, in the terms of feed.Line.
type Format struct {
	Columns []string
	By      string
	Pattern string
	Min     int
	Head    []string
}

// Splitter takes lines apart.
type Splitter struct {
	format  Format
	names   [][]string
	pattern *regexp.Regexp
	heads   []string
	fields  []string
}

// New returns a Splitter. An error is one of the pattern.
func New(f Format) (*Splitter, error) {
	s := &Splitter{format: f, heads: make([]string, len(f.Head))}
	if f.Pattern != "" {
		var err error
		if s.pattern, err = regexp.Compile(f.Pattern); err != nil {
			return nil, err
		}
		s.names = [][]string{append(s.pattern.SubexpNames()[1:], f.Head...)}
	}
	for _, list := range f.Columns {
		names := strings.Split(list, "|")
		for i, name := range names {
			names[i] = strings.TrimSpace(name)
		}
		s.names = append(s.names, append(names, f.Head...))
	}
	return s, nil
}

// Head looks for the values of Head in a line that is no row, and reports whether
// there are some.
func (s *Splitter) Head(line string) (found bool) {
	for i, head := range s.format.Head {
		if _, value, ok := strings.Cut(line, head); ok {
			s.heads[i], found = strings.TrimSpace(value), true
		}
	}
	return found
}

var errColumns = errors.New("another number than the feed has")

// Line takes a line apart, and says what its columns are called, if they have names.
// Both are valid until the next line. A line that is shorter than Min is no row, and
// has no fields.
func (s *Splitter) Line(line string) (names, fields []string, err error) {
	if err := s.cut(line); err != nil {
		return nil, nil, err
	}
	f := &s.format
	switch {
	case f.Min > len(s.fields):
		return nil, nil, nil
	case len(s.names) == 0:
		return nil, s.fields, nil
	}
	for _, list := range s.names {
		if n := len(list) - len(f.Head); n == len(s.fields) || f.Min > 0 && (names == nil || n < len(s.fields)) {
			names = list
		}
	}
	if names == nil {
		return nil, nil, fmt.Errorf("the line has %d columns, %w", len(s.fields), errColumns)
	}
	n := len(names) - len(f.Head)
	for len(s.fields) < n {
		s.fields = append(s.fields, "")
	}
	return names, append(s.fields[:n], s.heads...), nil
}

// cut makes fields of a line.
func (s *Splitter) cut(line string) error {
	s.fields = s.fields[:0]
	switch by := s.format.By; {
	case s.pattern != nil:
		m := s.pattern.FindStringSubmatch(line)
		if m == nil {
			return fmt.Errorf("the line is not in the form of the feed: %.60q", line)
		}
		s.fields = append(s.fields, m[1:]...)
	case by == "":
		s.fields = append(s.fields, line)
	case by == " ":
		for field := range strings.FieldsSeq(line) {
			s.fields = append(s.fields, field)
		}
	default:
		for field := range strings.SplitSeq(line, by) {
			s.fields = append(s.fields, strings.TrimSpace(field))
		}
	}
	return nil
}
