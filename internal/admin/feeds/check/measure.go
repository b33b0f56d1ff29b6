// Package check finds out whether a feed is what it was: it fetches it by its own
// collector, looks at what has come, parses it by its own parser, and compares all that
// with the last time.
package check

import "time"

// Measure is what was seen of a feed. The last good one is kept.
type Measure struct {
	Time     time.Time          `json:"time"`
	Took     float64            `json:"took"` // seconds until the report was there
	Bytes    int64              `json:"bytes"`
	Sum      string             `json:"sum"`               // a hash of the content
	Since    time.Time          `json:"since"`             // when the content was first seen as it is
	Kind     string             `json:"kind"`              // see Shape
	Columns  map[string]string  `json:"columns,omitempty"` // with the type of each
	Ended    bool               `json:"ended"`             // the last line has its end
	Events   int                `json:"events"`
	Failed   int                `json:"failed"`
	Newest   time.Time          `json:"newest,omitzero"`
	Fields   map[string]float64 `json:"fields,omitempty"` // share of events that have it
	Redirect string             `json:"redirect,omitempty"`

	shape  shape
	code   int    // exit code of the collector
	says   string // what it said
	parser int    // exit code of the parser
	fails  string // what it said first
	none   bool   // no report came
	ended  bool   // it was ended, since it took too long
}

// Filled is the mean share of fields that events have, of those that any has.
func (m *Measure) Filled() float64 {
	if len(m.Fields) == 0 {
		return 0
	}
	sum := 0.0
	for _, share := range m.Fields {
		sum += share
	}
	return sum / float64(len(m.Fields))
}
