package harmonize

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/dev/cases"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
)

// section returns the lines of one part of a case.
func section(text, name string) []string {
	_, part, ok := strings.Cut("\n"+text, "\n-- "+name+" --\n")
	if !ok {
		return nil
	}
	var lines []string
	for line := range strings.Lines(part) {
		if strings.HasPrefix(line, "-- ") {
			break
		}
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
	return lines
}

// accepts says whether expert-harmonize takes a line.
func accepts(line string) error {
	var m event.Message
	if err := m.Decode([]byte(line)); err != nil {
		return err
	}
	if err := new(Command).Process(context.Background(), &m, func(*event.Message) error { return nil }); err != nil {
		return err
	}
	return m.Err()
}

// TestWhatCommandsWrite takes what all collectors, parsers and experts write in
// their cases: expert-harmonize has to accept it. What an expert passes on and
// has come from outside is left out.
func TestWhatCommandsWrite(t *testing.T) {
	files, err := filepath.Glob("../../../testdata/*-*/*.txtar")
	if err != nil || len(files) < 100 {
		t.Fatal(len(files), err)
	}
	placeholder := regexp.MustCompile(`"(time\.[a-z]+)":"NOW"`)
	checked := 0
	for _, file := range files {
		command := filepath.Base(filepath.Dir(file))
		if strings.HasPrefix(command, "output-") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		foreign := strings.Contains(string(text), "--harmonization")
		if strings.HasPrefix(command, "expert-") || command == "collect-redis" || command == "collect-spool" {
			for _, line := range section(cases.Unreadable(string(text)), "stdin") {
				foreign = foreign || accepts(line) != nil
			}
		}
		for _, line := range section(cases.Unreadable(string(text)), "stdout") {
			if foreign || !strings.HasPrefix(line, "{") {
				continue
			}
			line = placeholder.ReplaceAllString(line, `"$1":"2026-01-02T03:04:05+00:00"`)
			line = strings.ReplaceAll(line, "@HTTP@", "http://192.0.2.80")
			if err := accepts(line); err != nil {
				t.Errorf("%s: %v in %s", file, err, line)
			}
			checked++
		}
	}
	if checked < 200 {
		t.Errorf("only %d messages were found", checked)
	}
}

// TestNestedIsLinear mends a message whose objects are in objects as deeply as
// may be, around many keys.
func TestNestedIsLinear(t *testing.T) {
	var b strings.Builder
	for range json.MaxDepth - 1 {
		b.WriteString(`{"a1":`)
	}
	b.WriteByte('{')
	for i := range 300_000 {
		fmt.Fprintf(&b, `"k%d":%d,`, i, i)
	}
	b.WriteString(`"z":1`)
	b.WriteString(strings.Repeat("}", json.MaxDepth))
	for _, unknown := range []string{"error", "drop", "extra"} {
		var m event.Message
		if err := m.Decode([]byte(b.String())); err != nil {
			t.Fatal(err)
		}
		err := (&Command{Unknown: unknown}).Process(context.Background(), &m, func(*event.Message) error { return nil })
		if (err != nil) != (unknown == "error") {
			t.Errorf("--unknown %s: %v", unknown, err)
		}
		if unknown == "extra" && strings.Count(m.String(), `"k`) != 300_000 {
			t.Error("keys are gone")
		}
	}
}

// TestTooDeep: what cannot be read again fails, with its content.
func TestTooDeep(t *testing.T) {
	for _, depth := range []int{json.MaxDepth - 1, json.MaxDepth, 1002, 10000} {
		nested := strings.Repeat("[", depth) + strings.Repeat("]", depth)
		for _, line := range []string{`{"extra":` + nested + `}`, `{"extra.x":` + nested + `}`, `{"output":"` + nested + `"}`, `{"extra":"{\"a\":` + nested + `}"}`} {
			var m event.Message
			err := m.Decode([]byte(line))
			if err == nil {
				err = new(Command).Process(context.Background(), &m, func(*event.Message) error { return nil })
			}
			if err == nil && m.Err() == nil && !strings.Contains(m.String(), nested) {
				t.Errorf("depth %d: %.40s became %.80s", depth, line, m.String())
			}
			if depth > json.MaxDepth && err == nil {
				t.Errorf("depth %d: %.40s is accepted", depth, line)
			}
			if err != nil && depth > json.MaxDepth && !strings.Contains(err.Error(), json.TooDeep) {
				t.Errorf("depth %d: %.40s: %v", depth, line, err)
			}
		}
	}
}

// FuzzOneLine mends any object: what comes out is one line, which is accepted
// again and does not change any more.
func FuzzOneLine(f *testing.F) {
	for _, text := range []string{
		`{"source":{"ip":"192.0.2.1/32","x":[1,` + "\n" + `2]},"extra":{"a":{"b":` + "\r" + `null}},"extra.c":"` + `\n"}`,
		`{"extra":"{\"a\":\n[{\"__type\":\"Event\"}]}","A b":{"C":{"d":1}},"a_b":2}`, `{"extra":{"A b":1,"a_b":2}}`, `{"__type":"Report","raw":"eA==","feed.url":"http://example.org/"}`,
	} {
		for _, unknown := range []string{"error", "drop", "extra"} {
			f.Add(text, unknown)
		}
	}
	f.Fuzz(func(t *testing.T, text, unknown string) {
		if unknown != "drop" && unknown != "extra" {
			unknown = "error"
		}
		c := &Command{Unknown: unknown}
		mend := func(text string) (string, error) {
			var m event.Message
			err := m.Decode([]byte(text))
			if err == nil && m.Kind <= event.Report {
				err = c.Process(context.Background(), &m, func(*event.Message) error { return nil })
			}
			if err == nil {
				err = m.Err()
			}
			return m.String(), err
		}
		line, err := mend(text)
		if err != nil {
			return
		}
		if strings.ContainsAny(line, "\r\n") {
			t.Fatalf("%q became several lines: %q", text, line)
		}
		if again, err := mend(line); err != nil || again != line {
			t.Fatalf("%q became %q, and then %q, %v", text, line, again, err)
		}
	})
}
