package conformance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// readDump returns the messages in a dump.
func readDump(name string) ([][]byte, error) {
	var messages [][]byte
	err := readLines(name, func(line []byte) error {
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

// compare compares what came out with what the reference gave.
func (v *Vector) compare(exit int, got map[string][]byte, dumped [][]byte) []Diff {
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
	case v.collectorFailed():
		if exit != 1 && exit != 3 {
			diffs = append(diffs, Diff{"exit", "", "3 or 1, as collecting failed", strconv.Itoa(exit)})
		}
	case exit != 0:
		diffs = append(diffs, Diff{"exit", "", "0", strconv.Itoa(exit)})
	}
	for _, path := range append([]string{"_default"}, v.paths()...) {
		want, errs := parseMessages(raws(v.Output[path]), v.Ignore)
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
	return append(diffs, v.compareDump(dumped)...)
}

// collectorFailed reports whether the reference logged an error in a run that
// has no message to put into a dump.
func (v *Vector) collectorFailed() bool {
	return strings.HasPrefix(v.Command(), "collect-") && slices.ContainsFunc(v.Log, func(l struct{ Level string }) bool {
		return l.Level == "ERROR" || l.Level == "CRITICAL"
	})
}

func (v *Vector) compareDump(dumped [][]byte) []Diff {
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
	var want [][]byte
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

func lines(text []byte) [][]byte {
	var all [][]byte
	in := bufio.NewScanner(bytes.NewReader(text))
	in.Buffer(nil, len(text)+1)
	for in.Scan() {
		all = append(all, bytes.Clone(in.Bytes()))
	}
	return all
}

// parseMessages returns the messages, and the lines that are none.
func parseMessages(lines [][]byte, ignore []string) (messages []message, bad []string) {
	for _, line := range lines {
		m, err := parseMessage(line, ignore)
		if err != nil {
			bad = append(bad, string(line)+": "+err.Error())
			continue
		}
		messages = append(messages, m)
	}
	return messages, bad
}

var anyName = regexp.MustCompile(`<any-name-\d+>`)

// compareFiles compares the files after the run. A name that the command was
// free to choose stands for one of the files that nobody else has named.
func compareFiles(v *Vector, tmp string) []Diff {
	var diffs []Diff
	named := map[string]bool{}
	for name := range v.FilesAfter {
		named[name] = true
	}
	names := make([]string, 0, len(named))
	for name := range named {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		want := v.FilesAfter[name]
		short := strings.TrimPrefix(name, tmp+"/")
		volatile := slices.ContainsFunc(v.Volatile, func(n string) bool { return n == name })
		candidates := []string{name}
		if anyName.MatchString(name) {
			candidates = nil
			found, _ := filepath.Glob(filepath.Join(filepath.Dir(name), "*"))
			for _, c := range found {
				if info, err := os.Stat(c); !named[c] && err == nil && info.Mode().IsRegular() {
					candidates = append(candidates, c)
				}
			}
			volatile = volatile || len(v.Volatile) > 0 // other files tell its name
		}
		equal, shown := "", ""
		for _, c := range candidates {
			data, err := os.ReadFile(c)
			if want == nil {
				if err == nil {
					shown = string(data)
				} else {
					equal = c
				}
				continue
			}
			if err != nil {
				continue
			}
			shown = string(data)
			if sameText(string(want.Data()), shown, "") || volatile && shape(string(want.Data())) == shape(shown) {
				equal = c
				break
			}
		}
		if equal == "" {
			diffs = append(diffs, Diff{"files", short, string(want.Data()), shown})
			continue
		}
		named[equal] = true
	}
	return diffs
}
