package tool

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/durable/disk/disktest"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// probe is a filter that can be told to do anything.
type probe struct {
	Text    string              `help:"A string." default:"-"`
	List    []string            `help:"A list."`
	Object  stage.Object        `help:"An object." placeholder:"json:{…}"`
	Value   harmonization.Value `help:"Of any type." placeholder:"VALUE|json:…"`
	Secret  stage.Secret        `name:"secret-file" help:"A secret."`
	Yes     bool                `help:"True by default." default:"true"`
	Size    stage.Size          `help:"A size." default:"1KiB"`
	Count   int                 `help:"A number."`
	Float   float64             `help:"A number."`
	Floats  []float64           `help:"Numbers."`
	Field   string              `help:"A field." field:"event,false"`
	Fields  []string            `help:"Fields." field:"event"`
	Report  []string            `help:"Fields of reports." field:"report"`
	Columns []string            `help:"Fields." field:"event,columns,newer"`
	Keys    stage.Object        `help:"Fields." field:"event"`
	Values  stage.Object        `help:"Fields." field:"event,values"`
	Type    string              `help:"A type." vocabulary:"classification.type"`
	Types   stage.Object        `help:"Types." vocabulary:"classification.type"`
	Mode    string              `help:"A word." enum:",fast,slow" default:""`
	Blank   string              `help:"Text." default:"-" empty:"nothing"`
	process func(ctx context.Context, c *probe, m *event.Message, emit stage.Emit) error
	env     *stage.Env
}

func (c *probe) Start(_ context.Context, env *stage.Env) error {
	c.env = env
	return nil
}

func (c *probe) Process(ctx context.Context, m *event.Message, emit stage.Emit) error {
	if c.process == nil {
		return emit(m)
	}
	return c.process(ctx, c, m, emit)
}

func (*probe) Paths() []string { return []string{"side"} }

// journal writes down how the runtime calls it.
type journal struct{ log *[]string }

func (j *journal) note(format string, args ...any) {
	*j.log = append(*j.log, fmt.Sprintf(format, args...))
}

func (j *journal) Start(context.Context, *stage.Env) error { j.note("start"); return nil }
func (j *journal) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	j.note("process")
	return emit(m)
}
func (j *journal) Checkpoint(_ context.Context, id string, _ stage.Emit) error {
	j.note("checkpoint %q", id)
	return nil
}
func (j *journal) Commit(_ context.Context, id string) error { j.note("commit %q", id); return nil }
func (j *journal) Finish(_ context.Context, emit stage.Emit) error {
	j.note("finish")
	return nil
}
func (j *journal) Close() error { j.note("close"); return nil }

// parallel waits for its turn in an order that is not that of the messages.
type parallel struct{}

func (parallel) Concurrent() {}
func (parallel) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	if n := m.Get("extra.n"); len(n)%2 == 0 {
		time.Sleep(time.Millisecond)
	}
	if m.Has("comment") {
		return errors.New("no comment, please")
	}
	twice := m.Clone()
	twice.SetInt("extra.copy", 1)
	if err := emit(twice); err != nil {
		return err
	}
	return emit(m)
}

type lines struct{}

func (lines) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	for line := range feed.Lines(report, emit) {
		e := feed.Event(report, line)
		e.Set("source.ip", line)
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

type outcome struct {
	stdout, stderr, dump string
	exit                 int
	dir                  string
}

func run1(t *testing.T, specs []Spec, args []string, env map[string]string, stdin io.Reader) outcome {
	t.Helper()
	dir := t.TempDir()
	var stdout, stderr bytes.Buffer
	if env == nil {
		env = map[string]string{}
	}
	env["STATE_DIRECTORY"] = dir
	exit := Run(context.Background(), specs, System{Args: args, Stdin: stdin, Stdout: &stdout, Stderr: &stderr, Getenv: func(k string) string { return env[k] }})
	dump, _ := os.ReadFile(filepath.Join(dir, args[0]+".dump"))
	return outcome{stdout.String(), stderr.String(), string(dump), exit, dir}
}

func probes(process func(context.Context, *probe, *event.Message, stage.Emit) error) []Spec {
	return []Spec{{Name: "expert-probe", New: func() any { return &probe{process: process} }}}
}

func TestFlags(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	config := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(secret, []byte("from file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, []byte(`{"text":"all","list":["a,b","c"],"expert-probe":{"text":"own","object":{"k":1},"value":5}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		env  map[string]string
		want string
	}{
		{nil, nil, `- [] map[]  "" true 1024`},
		{[]string{"--list", "a, b", "--value", "5", "--no-yes", "--size", "2MiB"}, nil, `- ["a" "b"] map[] s5 "" false 2097152`},
		{[]string{"--list", `["a,b"]`, "--value", "json:5", "--yes=false", "--object", `json:{"a":[1]}`}, nil, `- ["a,b"] map[a:[1]] n5 "" false 1024`},
		{[]string{"--secret-file", secret}, nil, `- [] map[]  "from file" true 1024`},
		{nil, map[string]string{"INTELPIPE_SECRET": "from env"}, `- [] map[]  "from env" true 1024`},
		{nil, map[string]string{"INTELPIPE_TEXT": "env", "INTELPIPE_EXPERT_PROBE_TEXT": "own env"}, `own env [] map[]  "" true 1024`},
		{[]string{"--text", "flag"}, map[string]string{"INTELPIPE_TEXT": "env", "INTELPIPE_YES": "false"}, `flag [] map[]  "" false 1024`},
		{[]string{"--config", config}, nil, `own ["a,b" "c"] map[k:1] n5 "" true 1024`},
		{nil, map[string]string{"INTELPIPE_CONFIG": config, "INTELPIPE_TEXT": "env"}, `env ["a,b" "c"] map[k:1] n5 "" true 1024`},
	} {
		got := ""
		specs := probes(func(_ context.Context, c *probe, _ *event.Message, _ stage.Emit) error {
			kind := map[harmonization.Kind]string{harmonization.String: "s", harmonization.Number: "n"}[c.Value.Kind]
			got = fmt.Sprintf("%s %q %v %s%s %q %v %d", c.Text, c.List, c.Object, kind, c.Value.Text, c.Secret, c.Yes, c.Size)
			return nil
		})
		r := run1(t, specs, append([]string{"expert-probe"}, c.args...), c.env, strings.NewReader("{}\n"))
		if got = strings.ReplaceAll(got, "map[]", "map[]"); got != c.want || r.exit != 0 {
			t.Errorf("%v %v: %s, want %s; %s", c.args, c.env, got, c.want, r.stderr)
		}
	}
	for _, args := range [][]string{
		{"--size", "many"}, {"--object", "json:["}, {"--value", "json:x"}, {"--list", "[1"}, {"--secret-file", "/nonexistent"},
		{"--config", "/nonexistent"}, {"--to", "nowhere"}, {"--to", "other=/dev/null"}, {"--harmonization", "/nonexistent"}, {"operand"},
	} {
		if r := run1(t, probes(nil), append([]string{"expert-probe"}, args...), nil, strings.NewReader("{}\n")); r.exit != ExitUsage || r.stdout != "" || r.stderr == "" {
			t.Errorf("%v: %+v", args, r)
		}
	}
}

func TestErrorsGoIntoTheDump(t *testing.T) {
	in := `{"extra.n":1}` + "\n" + `{"extra.n":2}` + "\n" + `{"extra.n":3}` + "\n"
	for name, fail := range map[string]func(m *event.Message, emit stage.Emit) error{
		"an error": func(*event.Message, stage.Emit) error { return errors.New("nothing to be done") },
		"a bad value": func(m *event.Message, emit stage.Emit) error {
			m.Set("source.ip", "nothing to be done")
			return emit(m)
		},
		"a panic": func(*event.Message, stage.Emit) error { panic("nothing to be done") },
	} {
		r := run1(t, probes(func(_ context.Context, _ *probe, m *event.Message, emit stage.Emit) error {
			if m.Get("extra.n") == "2" {
				return fail(m, emit)
			}
			return emit(m)
		}), []string{"expert-probe"}, nil, strings.NewReader(in))
		if r.exit != ExitFailed || r.stdout != `{"extra.n":1}`+"\n"+`{"extra.n":3}`+"\n" {
			t.Errorf("%s: %+v", name, r)
		}
		if !strings.HasPrefix(r.stderr, "expert-probe: stdin:2: ") || !strings.Contains(r.stderr, "nothing to be done") ||
			!strings.HasSuffix(r.stderr, "\nexpert-probe: read 3, passed 2, failed 1 (kept: dump list expert-probe)\n") || strings.Count(r.stderr, "\n") != 2 {
			t.Errorf("%s: stderr %q", name, r.stderr)
		}
		if !strings.Contains(r.dump, `"file":"stdin","line":2,"message":"{\"extra.n\":2}"`) || strings.Count(r.dump, "\n") != 1 {
			t.Errorf("%s: dump %q", name, r.dump)
		}
	}
}

func TestFatalEndsTheStream(t *testing.T) {
	r := run1(t, probes(func(_ context.Context, _ *probe, m *event.Message, emit stage.Emit) error {
		if m.Get("extra.n") == "2" {
			return stage.Fatal(errors.New("the server has gone"))
		}
		return emit(m)
	}), []string{"expert-probe"}, nil, strings.NewReader(`{"extra.n":1}`+"\n"+`{"extra.n":2}`+"\n"+`{"extra.n":3}`+"\n"))
	if r.exit != ExitBroken || strings.Contains(r.stdout, `"extra.n":3`) || r.stderr != "expert-probe: the server has gone\n" || r.dump != "" {
		t.Errorf("%+v", r)
	}
}

func TestCallsInOrder(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"a":1}`, `start process finish checkpoint "" commit "" close`},
		{``, `start finish checkpoint "" commit "" close`},
		{"{\"__type\":\"Commit\",\"id\":\"S:0:n\"}\n{\"comment\":\"x\"}\n{\"__type\":\"Checkpoint\",\"id\":\"S:1:n\"}\n{\"__type\":\"Commit\",\"id\":\"S:1:n\"}\n",
			`start commit "S:0:n" process checkpoint "S:1:n" commit "S:1:n" finish close`},
		{"{\"__type\":\"Commit\",\"id\":\"S:0:n\"}\n{\"comment\":\"x\"}\n{\"__type\":\"Checkpoint\",\"id\":\"S:1:n\"}\n",
			`start commit "S:0:n" process checkpoint "S:1:n" close`},
	} {
		for _, line := range []string{"expert-journal", "expert-journal then expert-probe", "expert-probe then expert-journal"} {
			var log []string
			specs := append(probes(nil), Spec{Name: "expert-journal", New: func() any { return &journal{&log} }})
			run1(t, specs, strings.Fields(line), nil, strings.NewReader(c.in))
			if got := strings.Join(log, " "); got != c.want {
				t.Errorf("%s, %q:\n got %s\nwant %s", line, c.in, got, c.want)
			}
		}
	}
}

// held keeps a message back until the stream ends.
type held struct{ message *event.Message }

func (h *held) Process(_ context.Context, m *event.Message, _ stage.Emit) error {
	h.message = m.Clone()
	return nil
}

// Finish takes no notice of what emit says, which must not help.
func (h *held) Finish(_ context.Context, emit stage.Emit) error {
	emit(h.message)
	return nil
}

func TestFinishEmits(t *testing.T) {
	const message = `{"comment":"x"}` + "\n"
	const controls = `{"__type":"Checkpoint","id":"S:1:n"}` + "\n" + `{"__type":"Commit","id":"S:1:n"}` + "\n"
	specs := append(probes(nil), Spec{Name: "expert-held", New: func() any { return new(held) }})
	for _, line := range []string{"expert-held", "expert-held then expert-probe", "expert-probe then expert-held"} {
		args := strings.Fields(line)
		r := run1(t, specs, args, nil, strings.NewReader(message))
		if r.stdout != message || r.stderr != "" || r.exit != ExitOK {
			t.Errorf("%s: %+v", line, r)
		}
		// With control lines it would come behind the last checkpoint.
		r = run1(t, specs, args, nil, strings.NewReader(message+controls))
		say := args[0] + ": expert-held emits after the last checkpoint, where nothing makes sure that it arrives\n"
		if r.stdout != controls || r.stderr != say || r.exit != ExitBroken {
			t.Errorf("%s: %+v", line, r)
		}
	}
}

func TestJobsKeepOrder(t *testing.T) {
	var in, want strings.Builder
	for n := range 300 {
		if n%50 == 7 {
			fmt.Fprintf(&in, "{\"extra.n\":%d,\"comment\":\"x\"}\n", n)
			continue
		}
		if n == 100 {
			in.WriteString("{\"__type\":\"Checkpoint\",\"id\":\"S:1:n\"}\n")
			want.WriteString("{\"__type\":\"Checkpoint\",\"id\":\"S:1:n\"}\n")
		}
		fmt.Fprintf(&in, "{\"extra.n\":%d}\n", n)
		fmt.Fprintf(&want, "{\"extra.n\":%d,\"extra.copy\":1}\n{\"extra.n\":%d}\n", n, n)
	}
	end := "{\"__type\":\"Checkpoint\",\"id\":\"S:2:n\"}\n{\"__type\":\"Commit\",\"id\":\"S:2:n\"}\n"
	in.WriteString(end)
	want.WriteString(end)
	specs := append(probes(nil), Spec{Name: "expert-parallel", New: func() any { return new(parallel) }})
	for _, line := range []string{"expert-parallel --jobs 1", "expert-parallel --jobs 7", "expert-parallel --jobs 7 then expert-probe"} {
		r := run1(t, specs, strings.Fields(line), nil, strings.NewReader(in.String()))
		if r.stdout != want.String() || r.exit != ExitFailed {
			t.Errorf("%s: exit %d, %s\n%.600s", line, r.exit, r.stderr, r.stdout)
		}
		if n := strings.Count(r.dump, "\n"); n != 6 || !strings.Contains(r.dump, `"line":8,"message":"{\"extra.n\":7,\"comment\":\"x\"}"`) {
			t.Errorf("%s: %d entries in the dump: %s", line, n, r.dump)
		}
	}
}

var observation = regexp.MustCompile(`"time.observation":"[^"]*"`)

func TestPaths(t *testing.T) {
	file := filepath.Join(t.TempDir(), "side.ndjson")
	specs := probes(func(_ context.Context, p *probe, m *event.Message, emit stage.Emit) error {
		if side := p.env.Path("side"); side != nil && m.Get("extra.n") == "1" {
			return side(m, emit)
		}
		return emit(m)
	})
	r := run1(t, specs, []string{"expert-probe", "--to", "side=" + file}, nil, strings.NewReader(`{"extra.n":1}`+"\n"+`{"extra.n":2}`+"\n"))
	data, _ := os.ReadFile(file)
	if string(data) != `{"extra.n":1}`+"\n" || r.stdout != `{"extra.n":2}`+"\n" || r.exit != 0 {
		t.Errorf("%q, %+v", data, r)
	}
	control := "{\"__type\":\"Commit\",\"id\":\"S:0:n\"}\n{\"extra.n\":1}\n{\"__type\":\"Checkpoint\",\"id\":\"S:1:n\"}\n{\"__type\":\"Commit\",\"id\":\"S:1:n\"}\n"
	if r := run1(t, specs, []string{"expert-probe", "--to", "side=/dev/null"}, nil, strings.NewReader(control)); r.exit != ExitBroken {
		t.Errorf("a device was accepted for what a checkpoint promises: %+v", r)
	}
}

// TestSideSpoolThatCannotBeMade tells a mistake from what may pass.
func TestSideSpoolThatCannotBeMade(t *testing.T) {
	for errno, exit := range map[syscall.Errno]int{syscall.ENOSPC: ExitBroken, syscall.EACCES: ExitUsage} {
		dir := filepath.Join(t.TempDir(), "side")
		restore := (&disktest.Plan{N: 1, Err: errno}).Install(t)
		r := run1(t, probes(nil), []string{"expert-probe", "--to", "side=" + dir + "/"}, nil, strings.NewReader(`{"extra.n":1}`+"\n"))
		restore()
		if r.exit != exit || r.stdout != "" || !strings.Contains(r.stderr, "--to side="+dir) || !strings.Contains(r.stderr, errno.Error()) {
			t.Errorf("%v: exit %d, %q, %s", errno, r.exit, r.stdout, r.stderr)
		}
	}
}

// TestTornSideFile begins a new line behind one that a crash has torn.
func TestTornSideFile(t *testing.T) {
	specs := probes(func(_ context.Context, p *probe, m *event.Message, emit stage.Emit) error {
		return p.env.Path("side")(m, emit)
	})
	for before, want := range map[string]string{"": "", "{}\n": "{}\n", `{"extra.n":`: `{"extra.n":` + "\n"} {
		file := filepath.Join(t.TempDir(), "side")
		if err := os.WriteFile(file, []byte(before), 0o600); err != nil {
			t.Fatal(err)
		}
		r := run1(t, specs, []string{"expert-probe", "--to", "side=" + file}, nil, strings.NewReader(`{"extra.n":1}`+"\n"))
		if data, _ := os.ReadFile(file); string(data) != want+`{"extra.n":1}`+"\n" || r.exit != 0 {
			t.Errorf("%q, %+v", data, r)
		}
	}
}

// TestSideFileTornByOthers begins a new line also behind what another process
// has torn meanwhile.
func TestSideFileTornByOthers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "side")
	specs := probes(func(_ context.Context, p *probe, m *event.Message, emit stage.Emit) error {
		f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		f.WriteString(`{"torn`)
		return p.env.Path("side")(m, emit)
	})
	in := `{"__type":"Commit","id":"S:0:n"}
{"extra.n":1}
{"__type":"Checkpoint","id":"S:1:n"}
{"extra.n":2}
{"__type":"Checkpoint","id":"S:2:n"}
{"__type":"Commit","id":"S:2:n"}
`
	r := run1(t, specs, []string{"expert-probe", "--to", "side=" + file}, nil, strings.NewReader(in))
	if data, _ := os.ReadFile(file); string(data) != "{\"torn\n{\"extra.n\":1}\n{\"torn\n{\"extra.n\":2}\n" || r.exit != 0 {
		t.Errorf("%q, %+v", data, r)
	}
}

func TestRecordLimit(t *testing.T) {
	long := `{"comment":"` + strings.Repeat("x", 300<<10) + `"}`
	in := `{"extra.n":1}` + "\n" + long + "\n" + `{"extra.n":2}` + "\n"
	r := run1(t, probes(nil), []string{"expert-probe", "--record-limit", "256KiB"}, nil, strings.NewReader(in))
	if r.stdout != `{"extra.n":1}`+"\n"+`{"extra.n":2}`+"\n" || r.exit != ExitFailed {
		t.Errorf("exit %d, %.200q, %s", r.exit, r.stdout, r.stderr)
	}
	kept, err := os.ReadFile(filepath.Join(r.dir, "expert-probe.dump.1"))
	if err != nil || string(kept) != long || !strings.Contains(r.dump, `"kept":"expert-probe.dump.1"`) || strings.Contains(r.dump, `"cut"`) {
		t.Errorf("kept %d bytes, %v; %s", len(kept), err, r.dump)
	}
	r = run1(t, probes(nil), []string{"expert-probe", "--record-limit", "256KiB", "--dump-bytes", "1KiB"}, nil, strings.NewReader(in))
	if !strings.Contains(r.dump, `"bytes":1024,"cut":true`) || r.exit != ExitBroken || !strings.HasPrefix(r.stdout, `{"extra.n":1}`+"\n") || !strings.Contains(r.stderr, "expert-probe.dump has 1024 bytes or more (--dump-bytes)") {
		t.Errorf("%+v", r)
	}
}

func TestBareInputAndReports(t *testing.T) {
	specs := []Spec{{Name: "parse-lines", New: func() any { return new(lines) }}}
	event := func(ip, raw string) string {
		return `{"feed.accuracy":100.0,"feed.name":"N","time.observation":"T","source.ip":"` + ip + `","raw":"` + raw + `","__type":"Event"}` + "\n"
	}
	bare := event("192.0.2.1", "MTkyLjAuMi4x") + event("192.0.2.2", "MTkyLjAuMi4y")
	report := `{"feed.accuracy":100.0,"feed.name":"N","time.observation":"2026-01-01T00:00:00+00:00","raw":"MTkyLjAuMi4xCjE5Mi4wLjIuMgo="}`
	for name, in := range map[string]string{
		"bare":            "192.0.2.1\n192.0.2.2\n",
		"with a mark":     "\ufeff192.0.2.1\r\n\r\n192.0.2.2",
		"a report":        report,
		"spaces, newline": strings.ReplaceAll(report, ",", " , ") + "\n",
		"escaped slashes": strings.ReplaceAll(report, "2026-01-01T00:00:00+00:00", `2026-01-01T00:00:00\u002b00:00`),
	} {
		r := run1(t, specs, []string{"parse-lines", "--name", "N", "--record-limit", "1MiB"}, nil, strings.NewReader(in))
		got := observation.ReplaceAllString(r.stdout, `"time.observation":"T"`)
		if got != bare || r.exit != 0 {
			t.Errorf("%s: exit %d\n got %s\nwant %s%s", name, r.exit, got, bare, r.stderr)
		}
	}
	// One bad line in the middle costs itself, and its entry can be parsed again.
	r := run1(t, specs, []string{"parse-lines", "--name", "N", "--file-name", "list.txt"}, nil, strings.NewReader("192.0.2.1\nmany\n192.0.2.2\n"))
	if got := observation.ReplaceAllString(r.stdout, `"time.observation":"T"`); got != bare || r.exit != ExitFailed {
		t.Errorf("exit %d, %s", r.exit, got)
	}
	if !strings.HasPrefix(r.stderr, "parse-lines: list.txt:2: source.ip: ") || !strings.Contains(r.dump, `\"raw\":\"bWFueQ==\"`) {
		t.Errorf("%s%s", r.stderr, r.dump)
	}
	// An event or a control line is no report's content.
	for _, in := range []string{`{"__type":"Checkpoint","id":"S:1:n","x":1}`, `{"__type":"Message"}`} {
		if r := run1(t, specs, []string{"parse-lines"}, nil, strings.NewReader(in)); r.exit != ExitFailed || r.stdout != "" {
			t.Errorf("%s: %+v", in, r)
		}
	}
	if r := run1(t, specs, []string{"parse-lines", "--input", "raw"}, nil, strings.NewReader(`{"__type":"Report"}`)); r.exit != ExitFailed {
		t.Errorf("--input raw: %+v", r)
	}
}

// TestLongReports has content that is larger than the record limit.
func TestLongReports(t *testing.T) {
	specs := []Spec{{Name: "parse-lines", New: func() any { return new(lines) }}}
	list := strings.Repeat("192.0.2.1\n", 60000)
	m := event.New(event.Report, nil)
	m.Set("feed.name", "N")
	m.SetBody(strings.NewReader(list))
	var line bytes.Buffer
	if _, err := m.WriteTo(&line); err != nil {
		t.Fatal(err)
	}
	next := `{"feed.name":"M","raw":"MTkyLjAuMi4y"}` + "\n"
	for name, in := range map[string]string{
		"as written":  line.String() + next,
		"php":         strings.ReplaceAll(line.String(), "/", `\/`) + next,
		"no newline":  strings.TrimSuffix(line.String(), "\n"),
		"MIME":        strings.ReplaceAll(line.String(), "MTky", `MT\nky\r\n`) + next,
		"with spaces": strings.Replace(line.String(), `"}`, `" }  `, 1),
	} {
		r := run1(t, specs, []string{"parse-lines", "--record-limit", "256KiB"}, nil, strings.NewReader(in))
		if n := strings.Count(r.stdout, `"N"`); n != 60000 || r.exit != 0 || strings.Contains(in, next) != strings.Contains(r.stdout, `"M"`) {
			t.Errorf("%s: %d events, exit %d, %.300s", name, n, r.exit, r.stderr)
		}
	}
	for name, in := range map[string]string{
		"raw is not last": strings.Replace(line.String(), `"}`, `","feed.code":"x"}`, 1) + next,
		"truncated":       line.String()[:700_000] + "\n" + next,
		"padded early":    strings.Replace(line.String(), "MTky", "MTk=", 1) + next,
		"cut base64":      strings.Replace(line.String(), `K"}`, `"}`, 1) + next,
		"no end":          next + line.String()[:700_000],
		"unicode escapes": strings.Replace(line.String(), "MTky", `\u004dTky`, 1) + next,
	} {
		r := run1(t, specs, []string{"parse-lines", "--record-limit", "256KiB"}, nil, strings.NewReader(in))
		if r.exit != ExitFailed || strings.Count(r.stdout, "\n") != 1 || !strings.Contains(r.stdout, `"M"`) ||
			!strings.HasSuffix(r.stderr, "\nparse-lines: read 2, passed 1, failed 1 (kept: dump list parse-lines)\n") || strings.Count(r.stderr, "\n") != 2 {
			t.Errorf("%s: exit %d, %.300s", name, r.exit, r.stderr)
		}
	}
	r := run1(t, specs, []string{"parse-lines", "--max-report", "100KiB"}, nil, strings.NewReader(list))
	if r.exit == 0 || !strings.Contains(r.stderr, "--max-report") {
		t.Errorf("exit %d, %s", r.exit, r.stderr)
	}
}

// TestTornStream has streams whose source died in the middle of a line. It is
// no message that has failed, however much of it is there.
func TestTornStream(t *testing.T) {
	specs := append(probes(nil), Spec{Name: "parse-lines", New: func() any { return new(lines) }})
	opening := `{"__type":"Commit","id":"S:0:n"}` + "\n"
	report := `{"feed.name":"N","raw":"` + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("192.0.2.1\n", 30_000)))
	report = report[:len(report)-6]
	for torn, words := range map[string]string{
		`{"source.ip":"192.0.2.1","comm`:              "expert-probe",
		`{"comment":"` + strings.Repeat("x", 100_000): "expert-probe --record-limit 64KiB",
		report:       "parse-lines",
		report + "M": "parse-lines --record-limit 256KiB",
	} {
		r := run1(t, specs, strings.Fields(words), nil, strings.NewReader(opening+torn))
		files, _ := filepath.Glob(filepath.Join(r.dir, "*.dump*"))
		if r.exit != ExitBroken || r.dump != "" || len(files) > 1 || !strings.HasSuffix(r.stderr, "the stream ended in the middle of a line\n") {
			t.Errorf("%s %.30s: exit %d, %s, in the dump: %.100s", words, torn, r.exit, r.stderr, r.dump)
		}
	}
}

// reloader counts how often it is told to read its data again.
type reloader struct{ count *atomic.Int64 }

func (r *reloader) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	return emit(m)
}
func (r *reloader) Reload(context.Context) error { r.count.Add(1); return nil }

// until emits messages, or has them read, until somebody has had enough.
type until struct{ enough func() bool }

func (u *until) Collect(_ context.Context, emit stage.Emit) error {
	for deadline := time.Now().Add(time.Minute); !u.enough() && time.Now().Before(deadline); {
		m := event.New(event.Report, harmonization.Default())
		if err := emit(m); err != nil {
			return err
		}
	}
	return nil
}

func (u *until) Read(p []byte) (int, error) {
	if u.enough() {
		return 0, io.EOF
	}
	return copy(p, "{}\n"), nil
}

// TestHangup sends SIGHUP while a stage is at work, behind a collector and
// behind stdin.
func TestHangup(t *testing.T) {
	for _, chain := range []string{"collect-until then expert-reloader", "expert-reloader"} {
		count, started := new(atomic.Int64), false
		source := &until{func() bool {
			if !started {
				started = true
				syscall.Kill(os.Getpid(), syscall.SIGHUP)
			}
			return count.Load() > 0
		}}
		specs := []Spec{
			{Name: "collect-until", New: func() any { return source }},
			{Name: "expert-reloader", New: func() any { return &reloader{count} }},
		}
		r := run1(t, specs, strings.Fields(chain), nil, source)
		if n := count.Load(); r.exit != 0 || n != 1 {
			t.Errorf("%s: reloaded %d times, %s", chain, n, r.stderr)
		}
	}
}

// TestConfigurationFile refuses names that nobody knows, and says where the
// file is no JSON. A program that is one command knows nothing of others.
func TestConfigurationFile(t *testing.T) {
	one, all := probes(nil), append(probes(nil), Spec{Name: "errands", New: func() any { return new(errands) }})
	for _, c := range []struct {
		specs        []Spec
		config, want string // what stderr has behind the name of the file, if anything
	}{
		{one, `{"expert-probe":{"text":"a","record_limit":"1MiB","yes":false}}`, ""},
		{one, `{"filter-keyz":1,"expert-other":{"filter-keyz":1}}`, ""},
		{one, `{"expert-probe":{"text":"a","error_max_retries":3,"yes":true}}`, `: expert-probe: unknown flag "error_max_retries"` + "\n"},
		{one, `{"expert-probe":{"texts":"a"}}`, `: expert-probe: unknown flag "texts"; did you mean text?` + "\n"},
		{one, `{"expert-probe":1}`, ": expert-probe: an object with the flags of the command is expected\n"},
		{all, `{"fast":true,"errands":{"fast":true},"text":""}`, ""},
		{all, `{"textt":"a"}`, `: unknown flag or command "textt"; did you mean text?` + "\n"},
		{all, `{"erands":{"fast":true}}`, `: unknown flag or command "erands"; did you mean errands?` + "\n"},
		{one, "{\n  \"text\": \"a\"\n  \"yes\": true\n}", ":3:3: invalid JSON: "},
		{one, `["text"]`, ": an object with flags is expected, such as "},
		{one, `{"expert-probe":{"count":"many"}}`, `: expert-probe: count: "many": a whole number is expected` + "\n"},
		{one, `{"expert-probe":{"count":3,"float":1.5,"floats":[1,2.5],"count":3}}`, ""},
	} {
		file := filepath.Join(t.TempDir(), "config.json")
		if err := os.WriteFile(file, []byte(c.config), 0o600); err != nil {
			t.Fatal(err)
		}
		r := run1(t, c.specs, []string{"expert-probe", "--config", file}, nil, strings.NewReader(""))
		want, exit := "", ExitOK
		if c.want != "" {
			want, exit = "expert-probe: "+file+c.want, ExitUsage
		}
		if r.exit != exit || !strings.HasPrefix(r.stderr, want) || want == "" && r.stderr != "" {
			t.Errorf("%s: %d, %swant %s", c.config, r.exit, r.stderr, want)
		}
	}
}

// TestNoStateDirectory does not leave state wherever the command happens to run.
func TestNoStateDirectory(t *testing.T) {
	var stderr bytes.Buffer
	exit := Run(context.Background(), probes(nil), System{Args: []string{"expert-probe"}, Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: &stderr, Getenv: func(string) string { return "" }})
	if exit != ExitUsage || !strings.Contains(stderr.String(), "STATE_DIRECTORY") {
		t.Errorf("%d, %s", exit, &stderr)
	}
}

// panicking is a collector with a mistake in it.
type panicking struct{}

func (panicking) Collect(context.Context, stage.Emit) error { panic("a mistake\nof ours") }

func TestPanicIsOneLine(t *testing.T) {
	specs := []Spec{{Name: "collect-panic", New: func() any { return new(panicking) }}}
	r := run1(t, specs, []string{"collect-panic"}, nil, strings.NewReader(""))
	if r.exit != ExitBroken || strings.Count(r.stderr, "\n") != 1 || !strings.HasPrefix(r.stderr, `collect-panic: panic: a mistake\x0aof ours, at tool_test.go:`) {
		t.Errorf("%d %q", r.exit, r.stderr)
	}
}
