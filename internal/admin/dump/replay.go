package dump

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

type replay struct {
	File    file   `arg:"" help:"A dump, or the name of a command."`
	Entries []span `arg:"" optional:"" sep:"none" name:"n" help:"Numbers of entries."`

	path   string
	began  os.FileInfo
	size   int64 // when it began, up to the end of an entry
	chosen choice
	told   map[int]bool // entries that cannot be sent

	pipeline stage.Pipeline
}

// Run prints messages as they were.
func (r *replay) Run(ctx context.Context, stdout io.Writer) error {
	path, err := r.File.find(ctx)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(stdout, 64<<10)
	var cut []string
	err = each(path, r.Entries, func(e *entry) error {
		if e.Cut {
			cut = append(cut, strconv.Itoa(e.number))
			return nil
		}
		text, err := e.Text()
		if err == nil && e.Kept != "" {
			err = copyKept(out, e)
		}
		if err != nil {
			return e.error(err)
		}
		_, err = out.Write(append(text, '\n'))
		return err
	})
	if err == nil && cut != nil {
		err = fmt.Errorf("%s: left out, since only a part of it was kept: %s", path, strings.Join(cut, ", "))
	}
	return cmp.Or(err, out.Flush())
}

func copyKept(w io.Writer, e *entry) error {
	f, err := openKept(e)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

func openKept(e *entry) (*os.File, error) {
	name, err := kept(e.dump, e)
	if err != nil {
		return nil, err
	}
	return os.Open(name)
}

// Relay says that the messages have been described before.
func (*replay) Relay() {}

// Origin is the dump alone: what is acknowledged of it counts also when other
// entries are named next time.
func (r *replay) Origin() string { return r.path }

// Start finds the dump.
func (r *replay) Start(ctx context.Context) error {
	path, err := r.File.find(ctx)
	if err != nil {
		return err
	}
	if r.path, err = filepath.Abs(path); err != nil {
		return err
	}
	if r.chosen, err = choose(r.Entries); err != nil {
		return err
	}
	f, err := os.Open(r.path)
	if err != nil {
		return err
	}
	defer f.Close()
	r.told = map[int]bool{}
	if r.size, err = sizeOf(f); err != nil {
		return err
	}
	r.began, err = f.Stat()
	return err
}

// Collect sends entries. Those that have arrived in a pipeline of its own are
// removed at the end; until then the state of the source says which have.
func (r *replay) Collect(ctx context.Context, emit stage.Emit) error {
	f, err := os.Open(r.path)
	if err != nil {
		return stage.Fatal(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !os.SameFile(info, r.began) {
		return stage.Fatal(cmp.Or(err, fmt.Errorf("%s: somebody has deleted entries meanwhile, so that the numbers are others; see dump list", r.path)))
	}
	pipeline := stage.From(ctx).Pipeline
	r.pipeline = pipeline
	w := window{replay: r, ctx: ctx, emit: emit}
	if pipeline != nil {
		if w.arrived, err = readProgress(pipeline.State(), f); err != nil {
			return err
		}
	}
	err = upTo(io.NewSectionReader(f, 0, r.size), r.size, r.path, r.chosen, func(e *entry) error {
		if ctx.Err() != nil || w.arrived.has(e) {
			return nil
		}
		return w.add(e)
	})
	if err == nil {
		err = w.send()
	}
	return err
}

// Close removes what has arrived.
func (r *replay) Close() error {
	if r.pipeline == nil {
		return nil
	}
	return r.remove(r.pipeline.State())
}

// remove removes what has arrived. If others have changed the dump meanwhile
// what cannot be found any longer stays.
func (r *replay) remove(state string) error {
	f, err := lock(r.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return stage.Fatal(err)
	}
	defer f.Close()
	arrived, err := readProgress(state, f)
	if err == nil && len(arrived) > 0 {
		if _, err = f.Seek(0, io.SeekStart); err == nil {
			err = remove(f, r.path, arrived.has, func(string, int) error { return nil })
		}
	}
	return stage.Fatal(err)
}

// windowBytes is how much of a dump a window has.
const windowBytes = 1 << 20

// window are the entries that are sent between two checkpoints.
type window struct {
	replay  *replay
	ctx     context.Context
	emit    stage.Emit
	entries []entry
	bytes   int
	arrived progress // up to the end of the window
}

// add takes an entry, if it can be sent at all.
func (w *window) add(e *entry) error {
	m, done, err := w.message(e)
	if err == nil && m.Body() != nil {
		_, err = io.Copy(io.Discard, m.Body()) // rather than find out when half of it is sent
	}
	done()
	if err != nil {
		if !w.replay.told[e.number] {
			w.replay.told[e.number] = true
			stage.From(w.ctx).Fail("%w; it stays", e.error(err))
		}
		return nil
	}
	kept := *e
	kept.line = nil
	w.entries = append(w.entries, kept)
	w.bytes += len(e.line)
	w.arrived.add(e)
	if w.bytes < windowBytes {
		return nil
	}
	return w.send()
}

// message makes a message of an entry. When it is not needed any longer done is
// called.
func (w *window) message(e *entry) (m *event.Message, done func(), err error) {
	m, done = event.New(event.Event, stage.From(w.ctx).Dictionary), func() {}
	switch text, err := e.Text(); {
	case err != nil:
		return m, done, err
	case e.Cut:
		return m, done, errors.New("only a part of it was kept")
	case e.Kept == "":
		if err := m.Decode(text); err != nil {
			return m, done, err
		}
		if m.Kind > event.Report {
			return m, done, errors.New("a control line is no message")
		}
		return m, done, nil
	}
	f, err := openKept(e)
	if err != nil {
		return m, done, err
	}
	done = func() { f.Close() }
	head := make([]byte, headBytes)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.ErrUnexpectedEOF {
		return m, done, err
	}
	at := m.DecodeHead(head[:n])
	if at == 0 {
		return m, done, errors.New("too long for a message that is no report")
	}
	m.SetBody(event.NewRawReader(io.NewSectionReader(f, int64(at), e.Bytes-int64(at))))
	return m, done, nil
}

// headBytes is where the content of a report has to have begun.
const headBytes = 64 << 10

// send sends the window.
func (w *window) send() error {
	if len(w.entries) == 0 {
		return nil
	}
	entries := w.entries
	w.entries, w.bytes = nil, 0
	name := fmt.Sprintf("entries %d to %d", entries[0].number, entries[len(entries)-1].number)
	return stage.Deliver(w.ctx, stage.Window{Name: name, State: w.arrived.String()}, func() error {
		for i := range entries {
			m, done, err := w.message(&entries[i])
			if err == nil {
				err = w.emit(m)
			}
			done()
			if err != nil {
				return err
			}
		}
		return nil
	})
}
