package compare

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/internal/dev/conformance/vector"
)

// Outcome compares what a command gave with what the reference gave: the exit code,
// the lines on each path, of which stdout is _default, and the messages in the dump.
func Outcome(v *vector.Vector, exit int, got map[string][]byte, dumped [][]byte) []Diff {
	if v.InitError != nil {
		if exit != 2 && exit != 3 || len(got["_default"]) > 0 {
			return []Diff{{"refuse", "", "exit 2 and no output", fmt.Sprintf("exit %d and %d bytes", exit, len(got["_default"]))}}
		}
		return nil
	}
	var diffs []Diff
	switch {
	case v.Dumped > 0:
		if exit != 1 {
			diffs = append(diffs, Diff{"exit", "", "1, as something was dumped", strconv.Itoa(exit)})
		}
	case collectorFailed(v):
		if exit != 1 && exit != 3 {
			diffs = append(diffs, Diff{"exit", "", "3 or 1, as collecting failed", strconv.Itoa(exit)})
		}
	case exit != 0:
		diffs = append(diffs, Diff{"exit", "", "0", strconv.Itoa(exit)})
	}
	for _, path := range append([]string{"_default"}, v.Paths()...) {
		want, errs := parseMessages(v.Output[path], v.Ignore)
		have, bad := parseMessages(lines(got[path]), v.Ignore)
		for _, line := range append(errs, bad...) {
			diffs = append(diffs, Diff{"stdout", path, "", line})
		}
		where := path
		if path == "_default" {
			where = ""
		}
		diffs = append(diffs, compareMessages(want, have, "", "count", where)...)
	}
	return append(diffs, compareDump(v, dumped)...)
}

// collectorFailed reports whether the reference logged an error in a run that
// has no message to put into a dump.
func collectorFailed(v *vector.Vector) bool {
	return v.Collects() && slices.ContainsFunc(v.Log, func(l struct{ Level string }) bool {
		return l.Level == "ERROR" || l.Level == "CRITICAL"
	})
}

func compareDump(v *vector.Vector, dumped [][]byte) []Diff {
	if len(dumped) != v.Dumped || len(v.DumpedMessages) != v.Dumped {
		if len(dumped) == v.Dumped {
			return nil // the vector has the count alone
		}
		d := Diff{"dumped", "", strconv.Itoa(v.Dumped), strconv.Itoa(len(dumped))}
		if len(dumped) > 0 {
			d.Got += ", such as " + string(dumped[0])
		}
		return []Diff{d}
	}
	var want []json.RawMessage
	for _, d := range v.DumpedMessages {
		want = append(want, d.Message)
	}
	a, errs := parseMessages(want, v.Ignore)
	b, bad := parseMessages(dumped, v.Ignore)
	if len(errs)+len(bad) > 0 {
		return []Diff{{"dumped", "", "messages", strings.Join(append(errs, bad...), "\n")}}
	}
	return compareMessages(a, b, "dumped.", "dumped", "")
}

// ReadDump returns the messages in a dump.
func ReadDump(name string) ([][]byte, error) {
	var messages [][]byte
	err := vector.ReadLines(name, func(line []byte) error {
		var entry struct {
			Message string
			Base64  []byte
		}
		if err := json.Unmarshal(line, &entry); err != nil {
			return err
		}
		if entry.Base64 != nil {
			messages = append(messages, entry.Base64)
		} else {
			messages = append(messages, []byte(entry.Message))
		}
		return nil
	})
	return messages, err
}
