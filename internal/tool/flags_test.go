package tool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/flags"
	"github.com/intelpipe/intelpipe/internal/manual/page"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// TestSecretVariables names what a source takes out of the environment of its
// pipeline, whether or not a flag on the command line takes precedence.
func TestSecretVariables(t *testing.T) {
	env := map[string]string{
		"INTELPIPE_SECRET": "s", "INTELPIPE_EXPERT_PROBE_SECRET": "s", "INTELPIPE_OTHER_SECRET": "s",
		"INTELPIPE_TEXT": "t", "INTELPIPE_SECRET_FILE": os.DevNull,
	}
	for _, c := range []struct {
		set  []string
		want []string
	}{
		{[]string{"INTELPIPE_SECRET", "INTELPIPE_EXPERT_PROBE_SECRET"}, []string{"INTELPIPE_EXPERT_PROBE_SECRET", "INTELPIPE_SECRET"}},
		{[]string{"INTELPIPE_SECRET"}, []string{"INTELPIPE_SECRET"}},
		{[]string{"INTELPIPE_TEXT", "INTELPIPE_OTHER_SECRET", "INTELPIPE_SECRET_FILE"}, nil},
	} {
		f := new(flags.Flags)
		specs := probes(nil)
		if _, err := f.Parse(&specs[0], specs, nil, func(name string) string {
			if slices.Contains(c.set, name) {
				return env[name]
			}
			return ""
		}); err != nil {
			t.Fatal(err)
		}
		if got := f.SecretVariables(); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.set, got, c.want)
		}
	}
}

// TestEmptyIsNotGiven gives every kind of flag as the empty text, which is as if
// it were not there, unless a tag says that it is a value.
func TestEmptyIsNotGiven(t *testing.T) {
	config := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(config, []byte(`{"text":"","blank":"","count":"","list":"","mode":""}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		env  map[string]string
		want string
	}{
		{nil, nil, `"-" "-" [] true 0 0 ""`},
		{[]string{"--text=", "--list=", "--yes=", "--no-yes=", "--count=", "--float=", "--floats=", "--mode=", "--object=", "--value=", "--size=", "--field=", "--type=", "--secret-file=", "--config="}, nil, `"-" "-" [] true 0 0 ""`},
		{[]string{"--text", "", "--count", "", "--mode", ""}, nil, `"-" "-" [] true 0 0 ""`},
		{[]string{"--text=", "--count="}, map[string]string{"INTELPIPE_TEXT": "env", "INTELPIPE_COUNT": "7"}, `"env" "-" [] true 7 0 ""`},
		{[]string{"--text=a", "--text="}, nil, `"a" "-" [] true 0 0 ""`},
		{[]string{"--blank="}, nil, `"-" "" [] true 0 0 ""`},
		{[]string{"--config", config}, nil, `"-" "" [] true 0 0 ""`},
		{[]string{"--count", "010", "--float", "-1.5", "--no-yes=true"}, nil, `"-" "-" [] false 10 -1.5 ""`},
		{[]string{"--text", "-x", "--count", "-5", "--text", "--"}, nil, "!"},
		{[]string{"--text", "-x", "--count", "-5"}, nil, `"-x" "-" [] true -5 0 ""`},
	} {
		got := "!"
		specs := probes(func(_ context.Context, c *probe, _ *event.Message, _ stage.Emit) error {
			got = fmt.Sprintf("%q %q %q %v %d %v %q", c.Text, c.Blank, c.List, c.Yes, c.Count, c.Float, c.Mode)
			return nil
		})
		r := run1(t, specs, append([]string{"expert-probe"}, c.args...), c.env, strings.NewReader("{}\n"))
		if got != c.want || (r.exit != 0) != (c.want == "!") {
			t.Errorf("%q %v: %s, want %s; %s", c.args, c.env, got, c.want, r.stderr)
		}
	}
}

// TestUsageErrors has what people write and what they are told.
func TestUsageErrors(t *testing.T) {
	doc := "# Examples\n\n\techo {} | \\\n\t  expert-probe --text 'a | b' \\\n\t  --mode fast | sort\n\terrands fetch --fast x > y\n"
	specs := append(probes(nil), Spec{Name: "errands", New: func() any { return new(errands) }}, Spec{Name: "expert-needs", New: func() any { return new(needs) }})
	for i := range specs {
		specs[i].Text = &page.Page{Doc: doc}
	}
	for line, want := range map[string]string{
		"expert-probe --txt a":                                "unknown flag --txt; did you mean --text?",
		"expert-probe -text a":                                "unknown flag -text; did you mean --text?",
		"expert-probe --record_limit 1":                       "unknown flag --record_limit; did you mean --record-limit?",
		"expert-probe --secret x":                             "unknown flag --secret; did you mean --secret-file?",
		"expert-probe --quite-other":                          "unknown flag --quite-other",
		"expert-probe --text":                                 "--text: its value is missing, for example: expert-probe --text 'a | b' --mode fast",
		"expert-probe --text --mode fast":                     "--text: its value is missing, for example: expert-probe --text 'a | b' --mode fast",
		"expert-probe --text --other":                         "--text: its value is missing; if that is --other, write --text=--other",
		"expert-probe --list":                                 "--list: its value is missing, for example: expert-probe --list=A,B,…",
		"expert-probe --count 1.5":                            `--count: "1.5": a whole number is expected`,
		"expert-probe --count 99999999999999999999":           `--count: "99999999999999999999": this number is too large`,
		"expert-probe --float x":                              `--float: "x": a number is expected`,
		"expert-probe --float NaN":                            `--float: "NaN": a number is expected`,
		"expert-probe --floats 1,x":                           `--floats: "x": a number is expected`,
		"expert-probe --yes=maybe":                            `--yes: "maybe": true or false is expected`,
		"expert-probe --no-yes=maybe":                         `--no-yes: "maybe": true or false is expected`,
		"expert-probe --mode fats":                            `--mode: "fats": fast or slow is expected; did you mean fast?`,
		`expert-probe --object json:{"ä":}`:                   `--object: invalid JSON at column 11: `,
		`expert-probe --object {"a":}`:                        `--object: invalid JSON at column 6: `,
		"expert-probe --object json:[1]":                      `--object: "json:[1]": an object is expected, json:{…}`,
		"expert-probe --value json:[1":                        `--value: invalid JSON at column 8: `,
		`expert-probe --list ["a",`:                           `--list: a comma list or a JSON array is expected: invalid JSON at column `,
		"expert-probe operand":                                "operand: no such file or directory",
		"expert-probe --field source.ipp":                     `--field: invalid key "source.ipp": not a field of events; did you mean source.ip?`,
		"expert-probe --fields source.ip,extra":               `--fields: no message has extra itself: name a field below it, such as extra.tag`,
		"expert-probe --field score":                          `--field: invalid key "score": not a field of events; did you mean extra.score?`,
		"expert-probe --fields comment,source.pot":            `--fields: invalid key "source.pot": not a field of events; did you mean source.port?`,
		"expert-probe --report source.ip":                     `--report: invalid key "source.ip": not a field of reports; did you mean extra.source.ip?`,
		"expert-probe --columns a|,source.ip|cmment":          `--columns: invalid key "a"`,
		"expert-probe --columns ,__IGNORE__,source.ip|cmment": `--columns: invalid key "cmment": not a field of events; did you mean comment?`,
		`expert-probe --keys json:{"comment":1,"cmment":2}`:   `--keys: invalid key "cmment": not a field of events; did you mean comment?`,
		`expert-probe --values json:{"x":"cmment"}`:           `--values: invalid key "cmment": not a field of events; did you mean comment?`,
		"expert-probe --type scaner":                          `--type: not a valid ClassificationType: "scaner"; did you mean scanner?`,
		`expert-probe --types json:{"x":"scaner"}`:            `--types: not a valid ClassificationType: "scaner"; did you mean scanner?`,
		"errands":                        "a subcommand is missing: fetch or rest",
		"errands fecth":                  `unknown subcommand "fecth"; did you mean fetch?`,
		"errands fetch":                  "the argument THING is missing: what to fetch",
		"errands --fast fetch x":         "--fast has to stand behind the subcommand, as in errands fetch --fast",
		"errands fetch --fats x":         "unknown flag --fats; did you mean --fast?",
		"expert-needs":                   "--this and --that are missing, for example: expert-needs --this=TEXT --that=TEXT",
		"expert-needs --this=":           "--this and --that are missing, for example: expert-needs --this=TEXT --that=TEXT",
		"expert-needs --this a":          "--that is missing, for example: expert-needs --that=TEXT",
		"expert-probe then expert-porbe": `unknown command "expert-porbe" after then; did you mean expert-probe?`,
		"expert-porbe":                   `unknown command "expert-porbe"; did you mean expert-probe?`,
		"lst":                            `unknown command "lst"; did you mean list?`,
	} {
		args := strings.Fields(line)
		prefix := args[0] + ": "
		if flags.Find(specs, args[0]) == nil {
			prefix, args = "intelpipe: ", append([]string{"intelpipe"}, args...)
		}
		r := run1(t, specs, args, nil, strings.NewReader("{}\n"))
		first, rest, _ := strings.Cut(r.stderr, "\n")
		if r.exit != ExitUsage || r.stdout != "" || !strings.HasPrefix(first, prefix+want) || !strings.HasSuffix(want, " ") && want[len(want)-1] != '"' && first != prefix+want {
			t.Errorf("%s: %d\n got %s\nwant %s", line, r.exit, first, prefix+want)
		}
		if strings.Count(rest, "\n") > 1 {
			t.Errorf("%s: %q", line, r.stderr)
		}
	}
	for _, line := range []string{
		"--field false", "--field extra.any", "--fields ", "--columns source.ip|source.fqdn,,__IGNORE__", "--report raw,extra.x", "--type C&C",
		`--values json:{"x":1}`, `--types {"x":"phishing"}`,
	} {
		if r := run1(t, specs, append([]string{"expert-probe"}, strings.Split(line, " ")...), nil, strings.NewReader("")); r.exit != 0 || r.stderr != "" {
			t.Errorf("%s: %+v", line, r)
		}
	}
}

// needs is a filter with flags that are required.
type needs struct {
	This string `help:"This." required:""`
	That string `help:"That." required:""`
}

func (*needs) Process(context.Context, *event.Message, stage.Emit) error { return nil }

// full is where nothing can be written.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// TestFullDisk says so where text that somebody asked for cannot be written.
func TestFullDisk(t *testing.T) {
	for _, line := range []string{
		"expert-probe --help", "expert-probe --help-all", "expert-probe --version", "intelpipe --version", "intelpipe --help", "intelpipe list",
		"intelpipe completion", "intelpipe man expert-probe", "intelpipe help expert-probe", "intelpipe fields", "intelpipe types", "intelpipe fields --help",
	} {
		var stderr strings.Builder
		specs := append(probes(nil), Spec{Name: "errands", New: func() any { return new(errands) }})
		args := strings.Fields(line)
		exit := Run(context.Background(), specs, System{Args: args, Stdin: strings.NewReader(""), Stdout: full{}, Stderr: &stderr, Getenv: func(string) string { return "" }})
		if want := args[0] + ": no space left on device\n"; exit != ExitBroken || stderr.String() != want {
			t.Errorf("%s: %d, %q, want %q", line, exit, stderr.String(), want)
		}
		exit = Run(context.Background(), specs, System{Args: args, Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: &stderr, Getenv: func(string) string { return "" }})
		if exit != ExitOK {
			t.Errorf("%s: %d", line, exit)
		}
	}
}

// TestFieldsAndTypes looks things up in the data format.
func TestFieldsAndTypes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "harmonization.conf")
	if err := os.WriteFile(file, []byte(`{"event":{"local.owner":{"type":"String","description":"who it belongs to"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	specs := append(probes(nil), Spec{Name: "errands", New: func() any { return new(errands) }})
	for _, c := range []struct {
		line, stdout, stderr string
	}{
		{"fields source.ip", "source.ip  IPAddress  IP address of the reported system\n", ""},
		{"fields SOURCE.P*T", "source.port  Integer  port of the reported system\n", ""},
		{"fields --report rtir", "rtir_id  Integer  number of the ticket in Request Tracker\n", ""},
		{"fields source.ip --json", `{"name":"source.ip","type":"IPAddress","meaning":"IP address of the reported system"}` + "\n", ""},
		{"fields --harmonization " + file, "local.owner  String  who it belongs to\n", ""},
		{"fields source.ipp", "", "intelpipe: fields: no field matches \"source.ipp\"; did you mean source.ip?\n"},
		{"fields 'x y", "", "intelpipe: fields: unexpected argument \"y\"\n"},
		{"types spam", "spam  abusive-content  sends mail in bulk that nobody asked for, or helps to\n", ""},
		{"types --json tor", `{"type":"tor","taxonomy":"other","meaning":"is a node of the Tor network"}` + "\n", ""},
		{"types phising", "", "intelpipe: types: no classification type matches \"phising\"; did you mean phishing?\n"},
	} {
		r := run1(t, specs, append([]string{"intelpipe"}, strings.Fields(c.line)...), nil, strings.NewReader(""))
		if r.stderr != c.stderr || c.stderr == "" && !strings.Contains(r.stdout, c.stdout) || (r.exit == 0) != (c.stderr == "") {
			t.Errorf("%s: %+v", c.line, r)
		}
	}
}

// FuzzCommandLine reads any words: they are a command line or a mistake that is
// told in one line, with another one that names --help.
func FuzzCommandLine(f *testing.F) {
	f.Add("--text a --list [\"b\"] --no-yes --object json:{\"a\":1}")
	f.Add("--value json:[1 --count=-5 -- x")
	f.Add("--columns a|b,,__IGNORE__ --types {\"x\":\"scaner\"} -h=1")
	f.Add("fetch --fast -")
	dir := f.TempDir()
	getenv := func(name string) string { return map[string]string{"STATE_DIRECTORY": dir}[name] }
	f.Fuzz(func(t *testing.T, line string) {
		for _, spec := range append(probes(nil), Spec{Name: "errands", New: func() any { return new(errands) }}) {
			if strings.Contains(line, "--to") || strings.Contains(line, "file") || strings.Contains(line, "config") || strings.Contains(line, "harm") || strings.Contains(line, "dump") {
				t.Skip("these name files")
			}
			var stdout, stderr strings.Builder
			args := append([]string{spec.Name}, strings.Split(line, " ")...)
			exit := Run(context.Background(), []Spec{spec}, System{Args: args, Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Getenv: getenv})
			first, rest, _ := strings.Cut(stderr.String(), "\n")
			switch exit {
			case ExitOK:
				if first != "" {
					t.Errorf("%q: %s", args, stderr.String())
				}
			case ExitUsage:
				if !strings.HasPrefix(first, spec.Name+": ") || rest != spec.Name+": see "+spec.Name+" --help\n" || strings.Contains(first, "EOL") {
					t.Errorf("%q: %s", args, stderr.String())
				}
			default:
				t.Errorf("%q: %d, %s", args, exit, stderr.String())
			}
		}
	})
}

// TestCredentialThatCannotBeRead is no credential that is not there.
func TestCredentialThatCannotBeRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := run1(t, probes(nil), []string{"expert-probe"}, map[string]string{"CREDENTIALS_DIRECTORY": file}, strings.NewReader(""))
	if r.exit != ExitUsage || !strings.Contains(r.stderr, filepath.Join(file, "secret")) {
		t.Errorf("%+v", r)
	}
}
