package feeds

import (
	"bufio"
	"cmp"
	"context"
	_ "embed" // for the text of a unit
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/catalogue"
	"github.com/intelpipe/intelpipe/internal/shell"
	"github.com/intelpipe/intelpipe/internal/stage"
)

type showing struct {
	As  string   `help:"Print one form alone." enum:"all,shell,cron,unit,timer,json" default:"all"`
	Set []string `help:"A value that a feed asks for, as often as needed." placeholder:"NAME=TEXT" sep:"none"`
	place
	Names []string `arg:"" sep:"none" name:"feed" help:"Feeds, as feeds list names them."`
}

// Launches says that a pipeline may stand behind --.
func (*showing) Launches() bool { return true }

// Run shows feeds.
func (s *showing) Run(_ context.Context, env *stage.Env, stdout io.Writer) error {
	c, err := s.load(env)
	if err != nil {
		return err
	}
	feeds, err := c.Find(s.Names)
	if err != nil {
		return stage.Usage(err)
	}
	values, err := values(s.Set, feeds)
	if err != nil {
		return err
	}
	if at, err := env.Commands.Check(env.Words); err != nil && len(env.Words) > 0 {
		return stage.Usage(fmt.Errorf("the pipeline behind --: %s: %w", env.Words[at], err))
	}
	program, err := env.Commands.Program()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(stdout)
	for i, f := range feeds {
		if i > 0 && s.As == "all" {
			fmt.Fprintln(out)
		}
		shown := &shown{Feed: f, values: values, dirs: s.dirs(env), set: s.Set, own: s.FeedsDir, program: program, pipeline: env.Words, environ: env.Environ()}
		switch s.As {
		case "json":
			err = printJSON(out, f, env.Commands)
		case "all":
			shown.print(out, env)
		default:
			fmt.Fprintln(out, shown.as(s.As))
		}
		if err != nil {
			return err
		}
	}
	return out.Flush()
}

// shown is a feed, and all that makes lines of it.
type shown struct {
	*catalogue.Feed
	values   map[string]string
	set      []string
	dirs     []string
	own      []string // directories that were named
	environ  []string
	program  string
	pipeline []string
}

// print prints all forms, with what is known of the feed in comments.
func (s *shown) print(out io.Writer, env *stage.Env) {
	fmt.Fprintf(out, "# %s: %s, by %s\n", s.ID, s.Name, s.Provider)
	about := func(what, text string) {
		if text != "" {
			fmt.Fprintf(out, "# %-14s %s\n", what, text)
		}
	}
	about("state", state(s.Feed, env.Commands))
	about("dead", s.Dead)
	about("documentation", s.Documentation)
	about("access", s.Access)
	about("licence", s.Licence)
	about("interval", s.Interval)
	about("newest entry", cmp.Or(s.Fresh, "of any age"))
	about("remark", s.Remark)
	about("file", s.Path)
	for _, name := range slices.Sorted(maps.Keys(s.Ask)) {
		if s.values[name] == "" && s.Feed.Set[name] == "" {
			about("asks for", fmt.Sprintf("--set %s=TEXT: %s", name, s.Ask[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Credentials)) {
		about("credential", fmt.Sprintf("%s: %s; in the file %s", name, s.Credentials[name], s.SecretFile(name, s.dirs)))
	}
	if len(s.Missing(env.Commands)) > 0 {
		return // nothing of it would run
	}
	fmt.Fprintf(out, "\n# in a shell\n%s\n", s.as("shell"))
	fmt.Fprintf(out, "\n# in a crontab\n%s\n", s.as("cron"))
	fmt.Fprintf(out, "\n%s\n", s.as("unit"))
	if !s.Stream() {
		fmt.Fprintf(out, "\n%s\n", s.as("timer"))
	}
}

// as is one form.
func (s *shown) as(form string) string {
	switch form {
	case "shell":
		return s.shell()
	case "cron":
		return s.cron()
	case "unit":
		return s.unit()
	}
	return s.timer()
}

// shell is the pipeline itself.
func (s *shown) shell() string {
	secrets, missing := s.Secrets(s.dirs, s.environ)
	for _, name := range missing {
		secrets[name] = s.SecretFile(name, s.dirs)
	}
	collector, parser, _ := s.Words(catalogue.Line{Values: s.values, Secrets: secrets})
	text := "intelpipe " + shell.Quote(collector...)
	if len(parser) > 0 {
		text += " \\\n  then " + shell.Quote(parser...)
	}
	if len(s.pipeline) > 0 {
		text += " \\\n  then " + shell.Quote(s.pipeline...)
	}
	return text
}

// running is the call of feeds run, with its words before those of the pipeline.
func (s *shown) running(file string) []string {
	words := []string{s.program, "feeds", "run", s.ID, "--if-running", "skip"}
	for _, dir := range s.own {
		words = append(words, "--feeds-dir", dir)
	}
	for _, text := range s.set {
		words = append(words, "--set", text)
	}
	words = append(words, "--")
	if len(s.pipeline) > 0 {
		return append(words, s.pipeline...)
	}
	return append(words, "expert-taxonomy", "then", "output-file", "--file", file)
}

// cron is a line for the crontab of a user. Each feed has its own minute.
func (s *shown) cron() string {
	hash := fnv.New32()
	io.WriteString(hash, s.ID)
	minute, hour := hash.Sum32()%60, hash.Sum32()/60%24
	when := "@reboot"
	switch interval := catalogue.Span(s.Interval); {
	case interval == 0:
	case interval < time.Hour:
		n := max(1, uint32(interval/time.Minute))
		when = fmt.Sprintf("%d-59/%d * * * *", minute%n, n)
	case interval < 2*time.Hour:
		when = fmt.Sprintf("%d * * * *", minute)
	case interval < 24*time.Hour:
		n := uint32(interval / time.Hour)
		when = fmt.Sprintf("%d %d-23/%d * * *", minute, hour%n, n)
	case interval < 48*time.Hour:
		when = fmt.Sprintf("%d %d * * *", minute, hour)
	default:
		when = fmt.Sprintf("%d %d */%d * *", minute, hour, interval/(24*time.Hour))
	}
	// In a crontab % begins the input of the command.
	return when + "  " + strings.ReplaceAll(shell.Quote(s.running("events.ndjson")...), "%", `\%`)
}

//go:embed unit.service
var unitText string

// unit is a service of systemd.
func (s *shown) unit() string {
	words := s.running("events.ndjson") // in the state directory
	for i, w := range words {
		words[i] = unitWord(w)
	}
	credentials := ""
	for _, name := range slices.Sorted(maps.Keys(s.Credentials)) {
		credentials += fmt.Sprintf("# %s, for root alone in /etc/credstore.\nLoadCredential=%s.%s:intelpipe.%s.%s\n", s.Credentials[name], s.ID, name, s.ID, name)
	}
	kind, install := "Type=oneshot\nTimeoutStartSec=1h", ""
	if s.Stream() {
		kind, install = "Type=exec", "\n[Install]\nWantedBy=multi-user.target\n"
	}
	return strings.TrimSpace(strings.NewReplacer(
		"@ID@", s.ID, "@NAME@", s.Name, "@PROVIDER@", s.Provider, "@TYPE@", kind, "@EXEC@", strings.Join(words, " "),
		"@CREDENTIALS@", credentials, "@INSTALL@", install,
	).Replace(unitText))
}

// unitWord writes a word as a unit has it.
func unitWord(word string) string {
	word = strings.NewReplacer("%", "%%", "$", "$$", `\`, `\\`, `"`, `\"`).Replace(word)
	if word == "" || strings.ContainsAny(word, " ;'\"\\") {
		return `"` + word + `"`
	}
	return word
}

// timer is the timer of the service.
func (s *shown) timer() string {
	return fmt.Sprintf(`# intelpipe-feed-%s.timer, in /etc/systemd/system: systemctl enable --now intelpipe-feed-%[1]s.timer

[Unit]
Description=Timer of intelpipe feed %[1]s
Documentation=man:feeds(1)

[Timer]
OnBootSec=5min
OnUnitInactiveSec=%s
RandomizedDelaySec=1min

[Install]
WantedBy=timers.target`, s.ID, s.Interval)
}
