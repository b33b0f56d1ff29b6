package flags

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/intelpipe/intelpipe/internal/charset"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/manual/page"
	"github.com/intelpipe/intelpipe/internal/python/datetime"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command is a command: what is found in its package.
type Command struct {
	Name string
	New  func() any // a new *Command
	Text *page.Page // of one that package page does not know
}

// Page is the text of the command.
func (c *Command) Page() page.Page {
	if c.Text != nil {
		return *c.Text
	}
	return page.Of(c.Name)
}

// Find returns the command of that name, or nil.
func Find(commands []Command, name string) *Command {
	if i := slices.IndexFunc(commands, func(c Command) bool { return c.Name == name }); i >= 0 {
		return &commands[i]
	}
	return nil
}

// setting is the value of a flag and where it was found.
type setting struct {
	value any    // a string, typed, or a stage.Secret
	place string // as an error names it
}

// places are the flags that have been given, and where.
type places map[*kong.Flag]string

// common are the flags that every command has.
type Common struct {
	Harmonization string     `help:"Take the fields from FILE, an IntelMQ harmonization.conf." placeholder:"FILE" group:"common"`
	Dump          string     `help:"Where messages go that fail; by default COMMAND.dump in the state directory." placeholder:"FILE" group:"common"`
	DumpBytes     stage.Size `help:"How much of each source the dump may hold, with the files beside it that have lines too large for it. When that is full the command ends." default:"2GiB" placeholder:"SIZE" group:"common"`
	RecordLimit   stage.Size `help:"The longest event that is accepted." default:"16MiB" placeholder:"SIZE" group:"common"`
	Grace         int        `help:"Seconds after SIGTERM in which a filter may go on reading, or in which something has to come back from the pipeline of a source." default:"10" placeholder:"SECONDS" group:"common"`
	Config        string     `help:"Take flags from this JSON file." default:"/etc/intelpipe/config.json" placeholder:"FILE" group:"common"`
	Verbose       bool       `help:"Say at the end how many messages were read, passed on, dropped and failed, also when none failed." group:"common"`
	Help          bool       `help:"Print the command's own flags and examples, and exit." short:"h" group:"common"`
	HelpAll       bool       `help:"Print all flags and the manual's text, and exit." group:"common"`
	Version       bool       `help:"Print the version and exit." group:"common"`
}

// FeedFlags describe a feed. Collectors have them, and parsers for bare input.
type FeedFlags struct {
	Name          string  `help:"Name of the feed, feed.name." group:"feed"`
	Provider      string  `help:"Who provides the feed, feed.provider." group:"feed"`
	Code          string  `help:"Short code of the feed, feed.code." group:"feed"`
	Documentation string  `help:"Where the feed is described, feed.documentation." group:"feed"`
	Accuracy      float64 `help:"How far the feed can be trusted, 0 to 100, feed.accuracy; 0 leaves it out." default:"100" group:"feed"`
}

// sourceFlags say how a stream is started. Collectors have them.
type SourceFlags struct {
	RateLimit float64 `help:"Collect again every so many seconds; 0 collects once." default:"0" placeholder:"SECONDS" group:"feed"`
	Source    string  `help:"The name of this source, for two pipelines on one origin. By default it is made of what is collected." placeholder:"NAME" group:"common"`
	IfRunning string  `help:"What to do while another run of this source is at work: wait ten seconds and then end with exit code 3, skip this run with exit code 0, or fail at once with 3." enum:"wait,skip,fail" default:"wait" group:"common"`
	Patience  float64 `help:"How many seconds a pipeline that has answered before may take to answer again." default:"900" placeholder:"SECONDS" group:"common"`
	Restarts  int     `help:"Give up when the pipeline after -- has ended so many times in a row without anything acknowledged." default:"5" placeholder:"N" group:"common"`
}

// ReceiverFlags cut windows. Collectors have them whose stream does not end by
// itself.
type ReceiverFlags struct {
	Follow         bool       `help:"Wait for more when the origin is empty." group:"feed"`
	WindowMessages int        `help:"How many messages a window has at most, which are acknowledged together." default:"1000" placeholder:"N" group:"common"`
	WindowBytes    stage.Size `help:"How many bytes a window has at most, but for its last delivery." default:"4MiB" placeholder:"SIZE" group:"common"`
	WindowAge      float64    `help:"After how many seconds a window ends that is not full." default:"1" placeholder:"SECONDS" group:"common"`
	OpenWindows    int        `help:"How many windows may be on their way." default:"3" placeholder:"N" group:"common"`
}

type CollectorFlags struct {
	FeedFlags
	SourceFlags
}

type ParserFlags struct {
	FeedFlags
	FileName                    string       `help:"The name that bare input had as a file, extra.file_name." placeholder:"NAME" group:"feed"`
	Input                       string       `help:"What stdin is: reports, or the raw content of one. By default the first key decides." enum:"auto,report,raw" default:"auto" group:"feed"`
	Encoding                    string       `help:"Read reports that have no byte order mark in this encoding, such as latin1 or utf-16le. By default the charset that the report's server named, else utf-8." placeholder:"NAME" group:"feed"`
	EncodingErrors              string       `help:"What to do with bytes that do not fit the encoding: let their line fail (strict), put U+FFFD in their place (replace), or leave them out (ignore)." enum:"strict,replace,ignore" default:"strict" group:"feed"`
	Timezone                    string       `help:"Read times without a zone as times of this one, such as Europe/Vienna or +02:00, instead of UTC." placeholder:"ZONE" group:"feed"`
	DayFirst                    bool         `help:"Read dates such as 11/12/2026 with the day first." group:"feed"`
	Raw                         bool         `help:"Keep the piece of the report that an event was made from in its field raw. Without raw events are smaller; what fails goes into the dump with its piece all the same." default:"true" group:"feed"`
	MaxReport                   stage.Size   `help:"The largest report that is accepted." default:"64GiB" placeholder:"SIZE" group:"common"`
	DefaultFields               stage.Object `help:"Fields to set where the parser sets nothing." aliases:"defaults-fields" placeholder:"json:{…}" group:"feed" field:"event,group"`
	CopyCollectorProvidedFields []string     `help:"Fields of the report to copy to its events, besides those of the feed." placeholder:"FIELD,…" group:"feed" field:"report,group"`
}

// reading is what the flags say about how to read reports.
func (p *ParserFlags) Reading() (*event.Reading, error) {
	if p.Encoding != "" {
		if _, err := charset.Lookup(p.Encoding); err != nil {
			return nil, fmt.Errorf("--encoding: %w", err)
		}
	}
	r := &event.Reading{Encoding: p.Encoding, Errors: p.EncodingErrors}
	r.DayFirst = p.DayFirst
	if p.Timezone != "" {
		var err error
		if r.Location, err = datetime.Zone(p.Timezone); err != nil {
			return nil, fmt.Errorf("--timezone: %w", err)
		}
	}
	return r, nil
}

type OutputFlags struct {
	Pass   bool `help:"Pass the events on as well." group:"common"`
	DryRun bool `help:"Print what would be sent, and touch nothing." group:"common" noenv:""`
}

// BatchFlags are those of outputs that send many at a time.
type BatchFlags struct {
	BatchEvents int        `help:"How many events are sent at once, at most." default:"20000" placeholder:"N" group:"common"`
	BatchBytes  stage.Size `help:"How many bytes wait to be sent, at most, but for the last event." default:"8MiB" placeholder:"SIZE" group:"common"`
	BatchAge    float64    `help:"After how many seconds an event is sent, at most." default:"1" placeholder:"SECONDS" group:"common"`
	RetryFor    float64    `help:"For how many seconds is tried again what the far end does not take." default:"300" placeholder:"SECONDS" group:"common"`
}

type PathFlags struct {
	To []string `help:"Send what takes the path NAME to the file DEST, or to a spool if DEST ends in /. May be given several times." placeholder:"NAME=DEST" sep:"none" group:"common"`
}

// fileFlags are what a filter takes besides flags.
type FileFlags struct {
	Files []string `arg:"" optional:"" name:"file" help:"Read these files, one after the other, instead of stdin, which is -." sep:"none"`
}

// UpdateFlags are those of commands with a database that they can fetch.
type UpdateFlags struct {
	Update bool `help:"Fetch the database, put it in the place of the old one if it is a good one, and end." noenv:""`
}

type JobsFlags struct {
	Jobs int `help:"So many messages are worked on at once; their order stays." default:"${jobs=8}" placeholder:"N" group:"common"`
}

// flags are all that a command has besides its own.
type Flags struct {
	Common
	*CollectorFlags
	*ReceiverFlags
	*ParserFlags
	*OutputFlags
	*UpdateFlags
	*BatchFlags
	*PathFlags
	*JobsFlags
	*FileFlags

	settings map[string]any // of the configuration file
	config   string         // its name
	secrets  []string       // see secretVariables
	places   places         // of the flags that have been given
}

// secretVariables returns the names of the environment variables that carry
// secrets of this command's flags: INTELPIPE_<COMMAND>_<FLAG> and
// INTELPIPE_<FLAG>, where set, and also if a flag on the command line takes
// precedence. What a command starts must not inherit them.
func (f *Flags) SecretVariables() []string { return f.secrets }

func (f *Flags) Feed() FeedFlags {
	switch {
	case f.CollectorFlags != nil:
		return f.CollectorFlags.FeedFlags
	case f.ParserFlags != nil:
		return f.ParserFlags.FeedFlags
	}
	return FeedFlags{}
}

// family is the part of a command's name before the dash.
func Family(name string) string {
	before, _, _ := strings.Cut(name, "-")
	return before
}
