// Package keyvalue implements parse-key-value.
//
// parse-key-value: parse lines of key=value pairs
//
// Many firewalls and other devices log like this. A line is cut at each
// --pair-separator, and what that gives at its last --kv-separator; a piece
// without one is left out, and so are keys that --keys does not name. Quotes
// around a value are removed, but they do not protect a separator inside.
//
// A value that does not fit its field is left out, but if that is so for all of
// a line, the line fails. A line without any of the keys makes no event.
// time.source may be written as seconds since 1970 or in any of the usual ways,
// as UTC where it names no zone and --timezone says nothing else. The events
// have no classification.type unless a key or --default-fields gives them one.
//
// # Examples
//
//	echo 'srcip=192.0.2.1 dstport=23' | parse-key-value \
//	  --keys 'json:{"srcip":"source.ip","dstport":"destination.port"}'
//	echo 'srcip:192.0.2.1;action:drop' | parse-key-value --pair-separator ';' \
//	  --kv-separator : --keys 'json:{"srcip":"source.ip","action":"extra.action"}'
package keyvalue

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/timeformat"
)

// Command says how the pairs are written and which fields they become.
type Command struct {
	Keys          stage.Object `help:"The field for each key." placeholder:"json:{KEY:FIELD}" required:"" field:"event,values,group"`
	PairSeparator string       `help:"What stands between two pairs." default:" "`
	KvSeparator   string       `help:"What stands between key and value." default:"="`
	StripQuotes   bool         `help:"Remove double quotes around a value." default:"true"`

	env    *stage.Env
	fields map[string]string
}

// Start checks the field names.
func (c *Command) Start(ctx context.Context, env *stage.Env) error {
	c.env = env
	if len(c.Keys) == 0 {
		return errors.New(`--keys: name at least one, such as json:{"srcip":"source.ip"}`)
	}
	c.fields = make(map[string]string, len(c.Keys))
	for key, v := range c.Keys {
		field, ok := v.(string)
		if !ok {
			return fmt.Errorf("--keys: %s: the name of a field is expected", key)
		}
		c.fields[key] = field
	}
	return nil
}

// Process makes an event of each line.
func (c *Command) Process(ctx context.Context, report *event.Message, emit stage.Emit) error {
	for line := range feed.Lines(report, emit) {
		e := feed.Event(report, line)
		before := e.Len()
		var unfit error
		for pair := range strings.SplitSeq(line, c.PairSeparator) {
			i := strings.LastIndex(pair, c.KvSeparator)
			if i < 0 {
				continue
			}
			if field, ok := c.fields[pair[:i]]; ok {
				if err := c.add(ctx, e, field, pair[i+len(c.KvSeparator):]); unfit == nil {
					unfit = err
				}
			}
		}
		switch {
		case e.Len() > before || e.Err() != nil:
		case unfit != nil:
			e.Fail(unfit)
		default:
			e.Release()
			continue
		}
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

// add sets a field once; a second value for it condemns the line. The error is
// that of a value which does not fit.
func (c *Command) add(ctx context.Context, e *event.Message, field, text string) error {
	if c.StripQuotes && len(text) > 1 && text[0] == '"' && text[len(text)-1] == '"' {
		text = text[1 : len(text)-1]
	}
	v := harmonization.Text(text)
	if v.Empty() {
		return nil
	}
	if field == "time.source" && strings.Trim(text, "0123456789") == "" {
		if t, err := timeformat.Epoch(v, nil); err == nil {
			v = t
		}
	}
	err := e.Add(field, v)
	switch {
	case errors.Is(err, event.ErrKeyExists):
		e.Fail(err)
	case err != nil && field == "time.source":
		c.env.Warn("%s: %v", e.Place(), err)
	}
	return err
}
