package batch

import (
	"bytes"
	"context"
	"io"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// DryRun is an output in whose place what it would send is printed, each item as one
// line, behind its group and a tab if it has one. Line breaks inside of an item are
// written \r and \n.
type DryRun struct {
	stage.Encoder
	output any
	w      io.Writer
}

// NewDryRun takes the place of an output. Nothing but its Start and its Encode is
// called.
func NewDryRun(output stage.Encoder, w io.Writer) *DryRun {
	return &DryRun{Encoder: output, output: output, w: w}
}

// Start starts the output, which knows that nothing is to be touched.
func (d *DryRun) Start(ctx context.Context, env *stage.Env) error {
	if s, ok := d.output.(stage.Starter); ok {
		return s.Start(ctx, env)
	}
	return nil
}

// Send writes items. An error is Fatal: it would not get better by trying again.
func (d *DryRun) Send(_ context.Context, items []stage.Item) (stage.Result, error) {
	var text []byte
	for _, it := range items {
		if it.Group != "" {
			text = append(appendLine(text, []byte(it.Group)), '\t')
		}
		text = append(appendLine(text, bytes.TrimSuffix(it.Data, []byte("\n"))), '\n')
	}
	_, err := d.w.Write(text)
	return stage.Result{}, stage.Fatal(err)
}

func appendLine(dst, data []byte) []byte {
	data = bytes.ReplaceAll(data, []byte("\r"), []byte(`\r`))
	return append(dst, bytes.ReplaceAll(data, []byte("\n"), []byte(`\n`))...)
}
