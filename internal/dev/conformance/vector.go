package conformance

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
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

// Bytes is a piece of a TCP stream.
type Bytes struct{ Data Content }

// Command returns the name of the command that the vector is for.
func (v *Vector) Command() string {
	bot := strings.TrimPrefix(v.Bot, "intelmq.bots.")
	if name, ok := Commands[bot]; ok {
		return name
	}
	return bot
}

func (v *Vector) needs(service string) bool {
	for _, n := range v.Needs {
		if n == service {
			return true
		}
	}
	return false
}

// at returns the vector with the places of its files filled in.
func (v *Vector) at(files, tmp string) (*Vector, error) {
	line := bytes.ReplaceAll(v.line, []byte("@files/"), []byte(files+"/"))
	line = bytes.ReplaceAll(line, []byte("@tmp/"), []byte(tmp+"/"))
	return parseVector(line)
}

func parseVector(line []byte) (*Vector, error) {
	v := &Vector{line: line}
	if err := json.Unmarshal(line, v); err != nil {
		return nil, err
	}
	return v, nil
}

// Chain is a vector and those that continue from its state, in order.
type Chain []*Vector

// LoadChains reads the vectors of the bots below dir.
func LoadChains(dir string) ([]Chain, error) {
	var chains []Chain
	at := map[string]int{} // where the chain of an id is
	for _, kind := range []string{"collector", "parser", "expert", "output"} {
		names, err := filepath.Glob(filepath.Join(dir, kind, "*.jsonl"))
		if err != nil {
			return nil, err
		}
		sort.Strings(names)
		for _, name := range names {
			err := readLines(name, func(line []byte) error {
				v, err := parseVector(line)
				if err != nil {
					return err
				}
				if i, ok := at[v.Continues]; ok && v.Continues != "" {
					chains[i] = append(chains[i], v)
					at[v.ID] = i
					return nil
				}
				at[v.ID] = len(chains)
				chains = append(chains, Chain{v})
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return chains, nil
}

// readLines calls f with every line of a file; a file that is not there has none.
func readLines(name string, f func(line []byte) error) error {
	file, err := os.Open(name)
	if os.IsNotExist(err) {
		return nil
	} else if err != nil {
		return err
	}
	defer file.Close()
	in := bufio.NewReaderSize(file, 1<<20)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if err := f(line); err != nil {
				return fmt.Errorf("%s:%d: %w", name, n, err)
			}
		}
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// decode reads one JSON value; numbers keep their text.
func decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("more than one JSON value")
	}
	return v, nil
}

// plain decodes a value that is known to be JSON.
func plain(text json.RawMessage) any {
	v, err := decode(text)
	if err != nil {
		return nil
	}
	return v
}

func base64Text(s string) (string, bool) {
	data, err := base64.StdEncoding.DecodeString(s)
	return string(data), err == nil
}
