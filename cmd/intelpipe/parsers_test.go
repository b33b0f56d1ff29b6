package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/charset"
)

// seed is a parser with the flags of one of its cases, and that case's input.
type seed struct {
	command string
	args    []string
	stdin   string
	dir     string
}

// seeds returns those of all parsers.
func seeds(t testing.TB) []seed {
	t.Helper()
	var all []seed
	for _, spec := range commands {
		if !strings.HasPrefix(spec.Name, "parse-") {
			continue
		}
		files, err := filepath.Glob("../../testdata/" + spec.Name + "/*.txtar")
		if err != nil {
			t.Fatal(err)
		}
		n := len(all)
		for _, file := range files {
			c, err := readCase(file)
			if err != nil {
				t.Fatal(err)
			}
			if exit := c.want["exit"]; exit != "0" && exit != "1" || slices.Contains(c.args, "then") || c.http != "" || c.lists != "" || c.errand() {
				continue
			}
			s := seed{command: spec.Name, stdin: c.stdin, dir: t.TempDir()}
			for _, f := range c.files {
				path := filepath.Join(s.dir, f.Name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, f.Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for _, arg := range c.args {
				s.args = append(s.args, strings.ReplaceAll(arg, "@DIR@", s.dir))
			}
			all = append(all, s)
		}
		if len(all) == n {
			t.Errorf("%s has no case to start from", spec.Name)
		}
	}
	return all
}

// hostile is what inputs are spoilt with.
var hostile = []string{
	"\x00", "\xff", "\xfc", "\xe2\x82", "\xed\xa0\x80", "\xef\xbb\xbf", "\xff\xfe", "\xfe\xff", "\u202e", "\u2028", "\u0085", "\x1b[31m", "\x7f",
	"\n", "\r", "\r\n", "\n\n", "\t", " ", ",", ",,,,", ";", "|", "#", `"`, `""`, `"""`, "'", `\`, `\n`, `\u000a`, `\ud800`, "=", ":", "-", "N/A",
	"{", "}", "[", "]", "{}", "[]", "[\n1\n]", `{"__type":"Event"}`, "{\"a\":\n1}", `"a":1,"a":2`, `{"":1}`, `{"A B":1}`, `"__type"`, `"extra":`, `"extra.a b":1,`,
	"\n{\"__type\":\"Checkpoint\",\"id\":\"S:1:n\"}\n", "1e400", "-0", "0x7f000001", "99999999999999999999", "1.50", "NaN", "true", "null",
	"192.0.2.300", "::", "http://", "extra", "extra.", ".", "..", "é", "\U0001f600", "2026-01-31 25:00:00", "ip", "timestamp",
}

// spoil changes a text in a few places.
func spoil(text string, rng *rand.Rand) string {
	b := []byte(text)
	for range 1 + rng.IntN(4) {
		i := rng.IntN(len(b) + 1)
		j := min(len(b), i+rng.IntN(12))
		switch rng.IntN(5) {
		case 0: // leave out
			b = slices.Delete(b, i, j)
		case 1: // repeat
			b = slices.Insert(b, j, bytes.Clone(b[i:j])...)
		case 2: // replace
			b = slices.Replace(b, i, j, []byte(hostile[rng.IntN(len(hostile))])...)
		default:
			b = slices.Insert(b, i, []byte(hostile[rng.IntN(len(hostile))])...)
		}
	}
	return string(b)
}

// TestParsersAgreeWithTheNextCommand spoils the inputs of all cases: whatever a
// parser makes of them, the next command accepts as it is. How a case is spoilt
// does not depend on which other commands there are.
func TestParsersAgreeWithTheNextCommand(t *testing.T) {
	n := 0
	for _, s := range seeds(t) {
		rng := rand.New(rand.NewPCG(7, uint64(crc32.ChecksumIEEE([]byte(s.command+s.stdin)))))
		for range 15 {
			n += s.check(t, spoil(s.stdin, rng))
		}
		if t.Failed() {
			return
		}
	}
	if n < 1000 {
		t.Errorf("only %d events were made", n)
	}
}

// clock is the present time in an event, varying that and raw.
var (
	clock   = regexp.MustCompile(`"time.observation":"[^"]*",`)
	varying = regexp.MustCompile(`"raw":"[^"]*",|"time.observation":"[^"]*",`)
)

// TestNoRaw: with --no-raw all parsers make the same events without raw, and what
// fails is in the dump as it is else.
func TestNoRaw(t *testing.T) {
	n := 0
	for _, s := range seeds(t) {
		words := append([]string{s.command}, s.args...)
		dump := filepath.Join(s.dir, "state", s.command+".dump")
		messages := func() (all []string) {
			for _, e := range dumpedMessages(t, dump) {
				_, text, _ := strings.Cut(e.Message, `"raw":`)
				all = append(all, e.Reason+text)
			}
			os.Remove(dump)
			return all
		}
		with := inProcess(s.dir, words, strings.NewReader(s.stdin))
		failed := messages()
		without := inProcess(s.dir, append(words, "--no-raw"), strings.NewReader(s.stdin))
		switch n += strings.Count(with.stdout, `"raw":`); {
		case without.exit != with.exit, varying.ReplaceAllString(with.stdout, "") != clock.ReplaceAllString(without.stdout, ""):
			t.Errorf("%q: exit %d, %s; with raw exit %d, %s", words, without.exit, without.stdout, with.exit, with.stdout)
		case !slices.Equal(messages(), failed):
			t.Errorf("%q: the dump differs", words)
		}
	}
	if n < 100 {
		t.Errorf("only %d events had a raw", n)
	}
}

// FuzzParsers is the same for inputs that the fuzzer makes.
func FuzzParsers(f *testing.F) {
	all := seeds(f)
	for i, s := range all {
		f.Add(uint16(i), []byte(s.stdin))
	}
	f.Fuzz(func(t *testing.T, i uint16, stdin []byte) {
		s := all[int(i)%len(all)]
		s.dir = t.TempDir() // the fuzzer runs several at once
		if slices.ContainsFunc(s.args, func(arg string) bool { return strings.HasPrefix(arg, os.TempDir()) }) {
			return // it needs files of its case, which are in another directory
		}
		s.check(t, string(stdin))
	})
}

var (
	control  = regexp.MustCompile(`[\x00-\x09\x0b-\x1f\x7f\x{80}-\x{9f}\x{202a}-\x{202e}\x{2066}-\x{2069}]`)
	nameless = regexp.MustCompile(`^[a-z-]+: (: |$)`)
)

// check runs the parser and returns how many events it has made.
func (s seed) check(t *testing.T, stdin string) int {
	t.Helper()
	dump := filepath.Join(s.dir, "state", s.command+".dump")
	os.Remove(dump)
	words := append([]string{s.command}, s.args...)
	r := inProcess(s.dir, words, strings.NewReader(stdin))
	wrong := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%q < %q: %s", words, stdin, fmt.Sprintf(format, args...))
	}
	if r.exit == 3 && (strings.Contains(r.stdout, `{"__type":"C`) || strings.Contains(r.stderr, ": checkpoint id ")) {
		return 0 // control lines are not for parsers
	}
	if r.exit != 0 && r.exit != 1 {
		wrong("exit %d, %s", r.exit, r.stderr)
	}
	for line := range strings.Lines(r.stderr) {
		if !strings.HasPrefix(line, s.command+": ") || nameless.MatchString(line) || control.MatchString(line) || strings.Contains(line, "panic") {
			wrong("stderr has %q", line)
		}
	}
	if r.exit == 1 != (len(dumpedMessages(t, dump)) > 0) {
		wrong("exit %d, but the dump has %d entries", r.exit, len(dumpedMessages(t, dump)))
	}
	n := 0
	for line := range strings.Lines(r.stdout) {
		n++
		if why := flat(line); why != "" {
			wrong("%s: %q", why, line)
		}
	}
	next := inProcess(s.dir, []string{"expert-harmonize"}, strings.NewReader(r.stdout))
	if next.exit != 0 || !slices.Equal(strings.Split(without(r.stdout), "\n"), strings.Split(next.stdout, "\n")) {
		wrong("the next command makes of %q: %q, %s", r.stdout, next.stdout, next.stderr)
	}
	// What failed fails again for the same reason, and has lost nothing.
	for i, message := range dumpedMessages(t, dump) {
		if i == 3 {
			break
		}
		raw := piece(message.Message)
		if raw == nil || strings.Contains(stdin[min(1, len(stdin)):], first(raw)) {
			continue // not a report, or what looks like a mark and was none where it came from
		}
		again := inProcess(s.dir, append(words, "--input", "report", "--dump", dump+".again"), strings.NewReader(message.Message+"\n"))
		second := dumpedMessages(t, dump+".again")
		os.Remove(dump + ".again")
		if again.exit != 1 || !slices.ContainsFunc(second, func(e entry) bool {
			again := bytes.TrimPrefix(piece(e.Message), []byte("\xef\xbb\xbf"))
			return bytes.HasSuffix(bytes.TrimRight(raw, "\r\n"), bytes.TrimRight(again, "\r\n")) // the last row of a report has no ending
		}) {
			wrong("%s (%s) is dumped; parsed again it gives exit %d, %q, %s%+v", message.Message, message.Reason, again.exit, again.stdout, again.stderr, second)
		}
	}
	return n
}

// piece returns the content of a report, or nil.
func piece(message string) []byte {
	var report struct{ Raw []byte }
	if json.Unmarshal([]byte(message), &report) != nil {
		return nil
	}
	return report.Raw
}

// first returns the mark that a text begins with, or what no text has.
func first(text []byte) string {
	if _, n := charset.Detect(text, nil); n > 0 {
		return string(text[:n])
	}
	return strings.Repeat("\x00", 100)
}

func dumpedMessages(t *testing.T, path string) (all []entry) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var e entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, e)
	}
	return all
}

var validKey = regexp.MustCompile(`^[a-z_][a-z_0-9]+(\.[a-z_0-9]+)*$`)

// flat says what is wrong with a line that should be an event.
func flat(line string) string {
	d := json.NewDecoder(strings.NewReader(line))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return "not an object"
	}
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err.Error()
		}
		name, _ := key.(string)
		switch {
		case !validKey.MatchString(name):
			return fmt.Sprintf("the key %q", name)
		case seen[name]:
			return fmt.Sprintf("%s twice", name)
		}
		seen[name] = true
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err.Error()
		}
	}
	if _, err := d.Token(); err != nil {
		return err.Error()
	}
	if d.InputOffset() != int64(len(line))-1 || !strings.HasSuffix(line, "\n") {
		return "more than one object"
	}
	return ""
}

var hollow = regexp.MustCompile(`"extra\.[a-z0-9_.]+":("-"|"N/A"|""|null),`)

// without leaves out what Shadowserver's reports have below extra and the data
// format does not keep: - and N/A.
func without(text string) string { return hollow.ReplaceAllString(text, "") }
