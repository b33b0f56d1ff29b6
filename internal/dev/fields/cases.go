package main

import (
	"encoding/json"
	"path/filepath"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/intelpipe/intelpipe/internal/dev/cases"
)

// shown is what the cases of a command show: fields that come in, go out, and go out
// other than they came in.
type shown struct{ in, out, changed set }

// foreign are words of a case's arguments by which other fields than the command's
// own come into its output.
var foreign = []string{"--default-fields", "--defaults-fields", "--copy-collector-provided-fields", "--harmonization", "then", "--guess", "--single-key"}

func readCases(command string) (*shown, error) {
	files, err := filepath.Glob("testdata/" + command + "/*.txtar")
	if err != nil {
		return nil, err
	}
	s := &shown{set{}, set{}, set{}}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			return nil, err
		}
		var args, stdin, stdout string
		for _, f := range archive.Files {
			switch f.Name {
			case "args":
				args = string(f.Data)
			case "stdin":
				stdin = cases.Unreadable(string(f.Data))
			case "stdout":
				stdout = cases.Unreadable(string(f.Data))
			}
		}
		if uses(args) {
			continue
		}
		s.compare(stdin, stdout)
	}
	return s, nil
}

// uses reports whether one of the foreign words stands among arguments.
func uses(args string) bool {
	for _, word := range strings.Fields(args) {
		for _, f := range foreign {
			if name, _, _ := strings.Cut(word, "="); name == f {
				return true
			}
		}
	}
	return false
}

// compare looks at lines that are messages. Where as many go out as come in they
// belong to one another.
func (s *shown) compare(stdin, stdout string) {
	in, out := messages(stdin), messages(stdout)
	for _, m := range in {
		for key := range m {
			s.in.add(key)
		}
	}
	for i, m := range out {
		for key, value := range m {
			s.out.add(key)
			if len(in) != len(out) || string(in[i][key]) != string(value) {
				if len(in) == len(out) || !has(in, key, value) {
					s.changed.add(key)
				}
			}
		}
	}
}

func has(all []map[string]json.RawMessage, key string, value json.RawMessage) bool {
	for _, m := range all {
		if string(m[key]) == string(value) {
			return true
		}
	}
	return false
}

func messages(text string) (all []map[string]json.RawMessage) {
	for line := range strings.Lines(text) {
		var m map[string]json.RawMessage
		if json.Unmarshal([]byte(line), &m) == nil {
			all = append(all, m)
		}
	}
	return all
}
