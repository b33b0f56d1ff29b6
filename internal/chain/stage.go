package chain

import (
	"io"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/batch"
	"github.com/intelpipe/intelpipe/internal/durable/dump"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/fate"
	"github.com/intelpipe/intelpipe/internal/paths"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/stream"
)

// Kind is what a stage is in a chain.
type Kind = fate.Kind

const (
	Expert    = fate.Expert
	Collector = fate.Collector
	Parser    = fate.Parser
	Output    = fate.Output
)

// Stage is one stage of a chain as the command line describes it.
type Stage struct {
	Name    string
	Kind    Kind
	Command any        // what implements the interfaces of package stage
	Env     *stage.Env // the chain adds what belongs to the stage: Warn, Fail, Path

	Feed        Feed           // of a collector or a parser
	Parse       *Parsing       // of a parser
	Pass        bool           // of an output: pass messages on as well
	Batch       *batch.Options // of a Batcher
	DryRun      io.Writer      // where an output prints what it would send, or nil
	Jobs        int            // how many messages are worked on at once
	To          []paths.To     // where other paths than the usual one lead
	RecordLimit int64          // of a message in memory, in bytes
	Dump        *dump.Writer   // what fails
	DumpName    string         // how the command dump finds it
	Silent      bool           // it says itself what became of the messages
	Verbose     bool           // say at the end what became of the messages
}

// Feed are the fields of a feed that a report gets where it has none.
type Feed struct {
	Name, Provider, Code, Documentation string
	Accuracy                            float64 // 0 leaves it out
}

// Parsing is how a parser takes its reports.
type Parsing struct {
	stream.Parser
	Reading  *event.Reading
	Copy     []string // fields of the report that its events get, too
	Defaults []Field  // that events get where the parser sets none
	NoRaw    bool     // events get no raw
}

// Field is a field and its value.
type Field struct {
	Key   string
	Value harmonization.Value
}
