package tool

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/flags"
	"github.com/intelpipe/intelpipe/internal/manual"
	"github.com/intelpipe/intelpipe/internal/manual/page"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// copying is a filter with arguments.
type copying struct {
	Fast bool     `help:"In a hurry."`
	From string   `arg:"" help:"Where it comes from."`
	To   []string `arg:"" optional:"" help:"Where it goes."`
}

func (*copying) Process(context.Context, *event.Message, stage.Emit) error { return nil }

// errands is a command with subcommands.
type errands struct {
	Fetch struct {
		Fast  bool     `help:"In a hurry."`
		Thing []string `arg:"" help:"What to fetch."`
	} `cmd:"" help:"Fetch things."`
	Rest struct{} `cmd:"" help:"Do nothing."`
}

func (*errands) Run(context.Context, *stage.Env, io.Writer) error { return nil }

// TestArguments looks for the arguments of commands in what they say of
// themselves, on the command line and on paper.
func TestArguments(t *testing.T) {
	for _, c := range []struct {
		spec      Spec
		help, man []string
	}{
		{
			Spec{Name: "expert-copy", New: func() any { return new(copying) }},
			[]string{
				"usage: expert-copy [FLAGS] FROM [TO...]\n\nexpert-copy: ",
				"\nArguments:\n  FROM                    Where it comes from.\n  TO                      Where it goes.\n\nFlags:\n  --fast                  In a hurry. Default: false.\n\nCommon flags:\n",
			},
			[]string{
				".SH SYNOPSIS\n.B expert\\-copy\n[\\fIFLAGS\\fR] \\fIFROM\\fR [\\fITO\\fR...]\n.SH",
				".SH ARGUMENTS\n.TP\n.B FROM\nWhere it comes from.\n.TP\n.B TO\nWhere it goes.\n.SH FLAGS\n.TP\n.B \\-\\-fast\nIn a hurry. Default: false.\n.SH COMMON FLAGS\n",
			},
		},
		{
			Spec{Name: "errands", New: func() any { return new(errands) }},
			[]string{
				"usage: errands fetch [FLAGS] THING...\n       errands rest [FLAGS]\n\nerrands: ",
				"\nerrands fetch: Fetch things.\n  THING                   What to fetch.\n  --fast                  In a hurry. Default: false.\n\nerrands rest: Do nothing.\n\nCommon flags:\n",
			},
			[]string{
				".SH SYNOPSIS\n.B errands fetch\n[\\fIFLAGS\\fR] \\fITHING\\fR...\n.br\n.B errands rest\n[\\fIFLAGS\\fR]\n.SH",
				".SH ERRANDS FETCH\nFetch things.\n.TP\n.B THING\nWhat to fetch.\n.TP\n.B \\-\\-fast\nIn a hurry. Default: false.\n.SH ERRANDS REST\nDo nothing.\n.SH COMMON FLAGS\n",
			},
		},
		{
			Spec{Name: "collect-windows", New: func() any { return new(windows) }},
			[]string{"usage: collect-windows [FLAGS] [-- PIPELINE...]\n\ncollect-windows: "},
			[]string{".SH SYNOPSIS\n.B collect\\-windows\n[\\fIFLAGS\\fR] [\\-\\- \\fIPIPELINE\\fR...]\n.SH"},
		},
	} {
		c.spec.Text = &page.Page{Summary: "do something"}
		model, err := flags.Model(&c.spec)
		if err != nil {
			t.Fatal(err)
		}
		var man bytes.Buffer
		help := manual.Help(&c.spec, model, true)
		if err := manual.Man(&man, &c.spec, []Spec{c.spec}); err != nil {
			t.Fatal(err)
		}
		for _, want := range c.help {
			if !strings.Contains(help, want) {
				t.Errorf("%q is not in the help:\n%s", want, help)
			}
		}
		for _, want := range c.man {
			if !strings.Contains(man.String(), want) {
				t.Errorf("%q is not on the page:\n%s", want, man.String())
			}
		}
	}
}
