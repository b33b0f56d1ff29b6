// Package vector reads the vectors: each is one run of a bot of the reference, with
// its parameters, its input, whatever it talked to, and its output.
package vector

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Vector is one run of a bot of the reference. The fields are described beside
// the vectors; those that are informational have no place here.
type Vector struct {
	ID         string
	Bot        string
	Parameters map[string]json.RawMessage
	Input      []json.RawMessage
	Output     map[string][]json.RawMessage
	Ignore     []string
	Needs      []string
	Dumped     int
	Queues     []string
	Iterations int
	Continues  string
	Clock      string

	InitError      json.RawMessage                     `json:"init_error"`
	DumpedMessages []struct{ Message json.RawMessage } `json:"dumped_messages"`
	Log            []struct{ Level string }

	HTTP    []*Exchange
	DNS     []Lookup
	Mail    []json.RawMessage
	Mailbox []string
	Sent    []Bytes
	Receive []Bytes `json:"received"`

	CacheBefore map[string]json.RawMessage `json:"cache_before"`
	CacheAfter  map[string]json.RawMessage `json:"cache_after"`
	FilesBefore map[string]*Content        `json:"files_before"`
	FilesAfter  map[string]*Content        `json:"files_after"`
	Volatile    []string                   `json:"files_after_volatile"`
	StateFiles  map[string]string          `json:"state_files"`

	line []byte // as in the file, with @files/ and @tmp/
}

// Exchange is one HTTP request of the reference and the reply it got.
type Exchange struct {
	Method         string
	URL            string
	RequestBody    *Content          `json:"request_body"`
	RequestHeaders map[string]string `json:"request_headers"`
	Status         int
	Headers        map[string]string
	Body           *Content
}

// Lookup is a DNS question and its answers, as in a zone file.
type Lookup struct {
	Name, Type string
	Answers    []string
}

// Bytes is a piece of a TCP stream.
type Bytes struct{ Data Content }

// Content is what a file or a body holds.
type Content struct {
	Text   string
	Base64 []byte
}

// Data returns the bytes.
func (c *Content) Data() []byte {
	if c == nil {
		return nil
	}
	if c.Base64 != nil {
		return c.Base64
	}
	return []byte(c.Text)
}

// Parse reads a vector from its line of JSON.
func Parse(line []byte) (*Vector, error) {
	v := &Vector{line: line}
	if err := json.Unmarshal(line, v); err != nil {
		return nil, err
	}
	return v, nil
}

// At returns the vector with the places of its files filled in.
func (v *Vector) At(files, tmp string) (*Vector, error) {
	line := bytes.ReplaceAll(v.line, []byte("@files/"), []byte(files+"/"))
	line = bytes.ReplaceAll(line, []byte("@tmp/"), []byte(tmp+"/"))
	return Parse(line)
}

// Line is the JSON that the vector was read from.
func (v *Vector) Line() []byte { return v.line }

// Command returns the name of the command that the vector is for.
func (v *Vector) Command() string {
	bot := strings.TrimPrefix(v.Bot, "intelmq.bots.")
	if name, ok := commands[bot]; ok {
		return name
	}
	return bot
}

// Collects reports whether the vector is for a collector, which has no input.
func (v *Vector) Collects() bool { return strings.HasPrefix(v.Command(), "collect-") }

// Uses reports whether the vector needs a service.
func (v *Vector) Uses(service string) bool { return slices.Contains(v.Needs, service) }

// Stdin is the vector's input, a message a line.
func (v *Vector) Stdin() []byte {
	var lines []byte
	for _, message := range v.Input {
		lines = append(append(lines, message...), '\n')
	}
	return lines
}

// Paths returns the names of the side paths.
func (v *Vector) Paths() []string {
	names := map[string]bool{}
	for _, name := range v.Queues {
		names[name] = true
	}
	for name := range v.Output {
		names[name] = true
	}
	delete(names, "_default")
	return slices.Sorted(maps.Keys(names))
}

// Rounds is how often a collector collected.
func (v *Vector) Rounds() int {
	if v.Collects() && v.HTTP == nil {
		return max(1, v.Iterations)
	}
	return 1
}

// Now is the time of the run, if it may matter: collectors tell it by what they
// collected.
func (v *Vector) Now() string {
	if v.Clock != "" || !v.Collects() || len(v.Output["_default"]) == 0 {
		return v.Clock
	}
	var report map[string]json.RawMessage
	if json.Unmarshal(v.Output["_default"][0], &report) != nil || report["time.observation"] == nil {
		return ""
	}
	return Text(report["time.observation"])
}

// Decoded returns the parameters as values.
func (v *Vector) Decoded() map[string]any {
	decoded := map[string]any{}
	for name, raw := range v.Parameters {
		decoded[name], _ = Decode(raw) // the vector is JSON, so this is
	}
	return decoded
}
