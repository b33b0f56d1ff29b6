package batch

import (
	"bytes"
	"context"
	"io"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// DryRun is a Batcher that writes to w what b would send, each item as one line.
// Line breaks inside of an item are written \n. Nothing is called of b but Encode.
func DryRun(b stage.Batcher, w io.Writer) stage.Batcher { return &dryRun{batcher: b, out: w} }

type dryRun struct {
	batcher stage.Batcher
	out     io.Writer
}

func (d *dryRun) Encode(m *event.Message) (stage.Item, error) { return d.batcher.Encode(m) }

func (d *dryRun) Send(_ context.Context, items []stage.Item) (stage.Result, error) {
	var text []byte
	for _, it := range items {
		data := bytes.TrimSuffix(it.Data, []byte("\n"))
		data = bytes.ReplaceAll(data, []byte("\r"), []byte(`\r`))
		text = append(text, bytes.ReplaceAll(data, []byte("\n"), []byte(`\n`))...)
		text = append(text, '\n')
	}
	_, err := d.out.Write(text)
	return stage.Result{}, stage.Fatal(err) // it would not get better by trying again
}
