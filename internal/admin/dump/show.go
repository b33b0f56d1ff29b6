package dump

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/stage"
)

type listing struct {
	JSON  bool   `name:"json" help:"Print an object a line."`
	Files []file `arg:"" optional:"" sep:"none" name:"file" help:"Dumps, or names of commands."`
}

// Run lists entries.
func (l *listing) Run(ctx context.Context, env *stage.Env, stdout io.Writer) error {
	var paths []string
	for _, f := range l.Files {
		path, err := f.find(env)
		if err != nil {
			return err
		}
		paths = append(paths, path)
	}
	if len(l.Files) == 0 {
		var err error
		if paths, err = all(env); err != nil {
			return err
		}
	}
	out := bufio.NewWriter(stdout)
	for i, path := range paths {
		if len(paths) > 1 && !l.JSON {
			fmt.Fprintf(out, "%.*s%s:\n", min(i, 1), "\n", plain.Line(path))
		}
		err := each(path, nil, func(e *entry) error { return l.print(out, e) })
		if err != nil {
			return cmp.Or(err, out.Flush())
		}
	}
	return out.Flush()
}

func (l *listing) print(out io.Writer, e *entry) error {
	if !l.JSON {
		_, err := fmt.Fprintln(out, headline(e))
		return err
	}
	size := e.Bytes
	if e.Kept == "" {
		text, err := e.Text()
		if err != nil {
			return e.error(err)
		}
		size = int64(len(text))
	}
	line, err := json.Marshal(struct {
		Dump    string `json:"dump"`
		Entry   int    `json:"entry"`
		ID      string `json:"id"`
		Time    string `json:"time"`
		Command string `json:"command"`
		Reason  string `json:"reason"`
		File    string `json:"file"`
		Line    int64  `json:"line,omitempty"`
		Column  int    `json:"column,omitempty"`
		Source  string `json:"source,omitempty"`
		Bytes   int64  `json:"bytes"`
		Kept    string `json:"kept,omitempty"`
		Cut     bool   `json:"cut,omitempty"`
	}{e.dump, e.number, e.ID.String(), e.Time, e.Command, e.Reason, e.File, e.Line, e.Column, e.Source, size, e.Kept, e.Cut})
	if err != nil {
		return err
	}
	_, err = out.Write(append(line, '\n'))
	return err
}

// headline is one entry on one line. Of a long reason the middle is left out.
func headline(e *entry) string {
	reason := []rune(e.Reason)
	if len(reason) > 200 {
		reason = append(append(reason[:100:100], '…'), reason[len(reason)-100:]...)
	}
	at, _, _ := strings.Cut(strings.Replace(e.Time, "T", " ", 1), ".")
	place := event.Place{File: e.File, Line: e.Line, Column: e.Column}
	return plain.Line(fmt.Sprintf("%d  %v  %s  %s  %s  %s", e.number, e.ID, at, e.Command, place, string(reason)))
}

type showing struct {
	Raw     bool   `help:"Print the content of raw alone, decoded."`
	File    file   `arg:"" help:"A dump, or the name of a command."`
	Entries []span `arg:"" optional:"" sep:"none" name:"entry" help:"Ids of entries, or numbers."`
}

// Run prints messages for people.
func (s *showing) Run(ctx context.Context, env *stage.Env, stdout io.Writer) error {
	path, err := s.File.find(env)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(stdout)
	err = each(path, s.Entries, func(e *entry) error {
		text, err := e.Text()
		switch {
		case err != nil:
		case s.Raw:
			err = printRaw(out, e)
		case e.Kept != "":
			fmt.Fprintf(out, "%s\n%d bytes in %s\n", headline(e), e.Bytes, plain.Line(e.Kept))
		default:
			fmt.Fprintf(out, "%s\n%s\n", headline(e), plain.Line(string(text)))
		}
		if err != nil {
			return e.error(err)
		}
		return nil
	})
	return cmp.Or(err, out.Flush())
}

// printRaw prints the content of raw, decoded, or of what has none all that was
// kept, as it is. What does not end with a newline gets one, so that the next
// entry begins on a line of its own.
func printRaw(w io.Writer, e *entry) error {
	out := &ending{w: w}
	err := writeRaw(out, e)
	if err == nil && out.last != '\n' {
		_, err = io.WriteString(w, "\n")
	}
	return err
}

// ending remembers the last byte that was written.
type ending struct {
	w    io.Writer
	last byte
}

func (e *ending) Write(p []byte) (int, error) {
	if len(p) > 0 {
		e.last = p[len(p)-1]
	}
	return e.w.Write(p)
}

func writeRaw(w io.Writer, e *entry) error {
	m, done, err := e.message(nil)
	defer done()
	if err == nil && (m.Body() != nil || m.Has("raw")) {
		_, err := io.Copy(w, m.Raw())
		return err
	}
	if e.Kept != "" {
		return copyKept(w, e)
	}
	text, err := e.Text()
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}
