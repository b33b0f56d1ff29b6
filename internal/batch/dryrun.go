package batch

import (
	"bytes"
	"context"
	"io"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// DryRun writes what a Batcher would send, each item as one line. Line breaks
// inside of an item are written \r and \n.
type DryRun struct {
	stage.Batcher // of which nothing but Encode is called
	W             io.Writer
}

// Send writes items. An error is Fatal: it would not get better by trying again.
func (d DryRun) Send(_ context.Context, items []stage.Item) (stage.Result, error) {
	var text []byte
	for _, it := range items {
		data := bytes.TrimSuffix(it.Data, []byte("\n"))
		data = bytes.ReplaceAll(data, []byte("\r"), []byte(`\r`))
		text = append(text, bytes.ReplaceAll(data, []byte("\n"), []byte(`\n`))...)
		text = append(text, '\n')
	}
	_, err := d.W.Write(text)
	return stage.Result{}, stage.Fatal(err)
}
