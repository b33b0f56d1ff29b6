package dump

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	dumpfile "github.com/intelpipe/intelpipe/internal/durable/dump"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

type replay struct {
	Edit    string `help:"Run the content of each message through COMMAND, which a shell runs, and send what it prints. A message for which it fails stays." placeholder:"COMMAND"`
	File    file   `arg:"" help:"A dump, or the name of a command."`
	Entries []span `arg:"" optional:"" sep:"none" name:"n" help:"Numbers of entries."`

	path   string
	began  os.FileInfo
	size   int64 // when it began, up to the end of an entry
	chosen choice
	told   map[int]bool // entries that cannot be sent
	total  int          // entries that are chosen
	env    *stage.Env
	trail  *dumpfile.Trail
	traced string // its path

	pipeline stage.Pipeline
}

// Run prints messages as they were.
func (r *replay) Run(ctx context.Context, env *stage.Env, stdout io.Writer) error {
	path, err := r.File.find(env)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(stdout, 64<<10)
	var cut []string
	left := 0
	err = each(path, r.Entries, func(e *entry) error {
		if e.Cut {
			cut = append(cut, strconv.Itoa(e.number))
			return nil
		}
		if r.Edit != "" {
			if err := e.edit(env, r.Edit); err != nil {
				env.Warn("%v; it is left out", e.error(err))
				left++
				return nil
			}
		}
		text, err := e.Text()
		if err == nil && e.Kept != "" {
			err = copyKept(out, e)
		}
		if err != nil {
			return e.error(err)
		}
		_, err = out.Write(append(oneLine(text), '\n'))
		return err
	})
	if err == nil && cut != nil {
		err = fmt.Errorf("%s: left out, since only a part of it was kept: %s", path, strings.Join(cut, ", "))
	}
	if err == nil && left > 0 {
		err = fmt.Errorf("%s: left out %d", path, left)
	}
	return cmp.Or(err, out.Flush())
}

// oneLine keeps a text that came as one message, such as one out of a queue, from
// becoming several: line breaks between tokens are white space, and no others are
// valid.
func oneLine(text []byte) []byte {
	if bytes.ContainsAny(text, "\r\n") {
		text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte{'\n'}, []byte{' '}), []byte{'\r'}, []byte{' '})
	}
	return text
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

// Identity is the dump alone: what is acknowledged of it counts also when other
// entries are named next time.
func (r *replay) Identity() string { return r.path }

// Start finds the dump.
func (r *replay) Start(ctx context.Context, env *stage.Env) error {
	path, err := r.File.find(env)
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
	r.told, r.env = map[int]bool{}, env
	if err := r.trace(); err != nil {
		return stage.Fatal(err)
	}
	if r.size, err = sizeOf(f); err != nil {
		return err
	}
	r.began, err = f.Stat()
	return err
}

// Trail is where the pipeline says what fails again.
func (r *replay) Trail() string { return r.traced }

// trace begins the trail, under a lock that tells that it is in use, and removes
// those of replays that were killed.
func (r *replay) trace() error {
	prefix := filepath.Join(filepath.Dir(r.path), "."+filepath.Base(r.path)+".replay-")
	old, err := filepath.Glob(glob.Replace(prefix) + "*")
	if err != nil {
		return err
	}
	for _, path := range old {
		if t, err := dumpfile.OpenTrail(path); err == nil {
			if t.Unused() {
				os.Remove(path)
			}
			t.Close()
		}
	}
	r.traced = prefix + rand.Text()[:12]
	r.trail, err = dumpfile.CreateTrail(r.traced)
	return err
}

// glob escapes what has a meaning in a pattern.
var glob = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`)

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
	pipeline := r.env.Pipeline
	r.pipeline = pipeline
	w := window{replay: r, ctx: ctx, emit: emit}
	if pipeline != nil {
		if w.arrived, err = readProgress(pipeline.State(), f); err != nil {
			return err
		}
	}
	r.total = 0
	err = upTo(io.NewSectionReader(f, 0, r.size), r.size, r.path, r.chosen, func(e *entry) error {
		r.total++
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

// Close removes what has arrived, and says what became of it.
func (r *replay) Close() error {
	if r.trail == nil {
		return nil
	}
	defer os.Remove(r.traced)
	defer r.trail.Close()
	if r.pipeline == nil {
		return nil
	}
	arrived, err := r.remove(r.pipeline.State())
	if err != nil {
		return err
	}
	again, others, err := r.trail.Failures()
	if err != nil {
		return stage.Fatal(err)
	}
	failed := others
	for n := range again {
		if arrived.has(&entry{number: n}) { // else it stays, and is sent again
			failed++
		}
	}
	n := arrived.count()
	text := fmt.Sprintf("replayed %d, passed %d, failed again %d", n, max(n-failed, 0), failed)
	if left := r.total - n; left > 0 {
		text += fmt.Sprintf(", %d stay", left)
	}
	if failed > 0 {
		r.env.Fail("%s (kept: dump list)", text)
	} else {
		r.env.Warn("%s", text)
	}
	return nil
}

// remove removes what has arrived. If others have changed the dump meanwhile
// what cannot be found any longer stays.
func (r *replay) remove(state string) (progress, error) {
	f, err := lock(r.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, stage.Fatal(err)
	}
	defer f.Close()
	arrived, err := readProgress(state, f)
	if err == nil && len(arrived) > 0 {
		if _, err = f.Seek(0, io.SeekStart); err == nil {
			err = remove(f, r.path, arrived.has, func(string, int) error { return nil })
		}
	}
	return arrived, stage.Fatal(err)
}

// windowBytes is how much of a dump a window has.
const windowBytes = 1 << 20

// window are the entries that are sent between two checkpoints.
type window struct {
	replay  *replay
	ctx     context.Context
	emit    stage.Emit
	entries []ready
	bytes   int
	arrived progress // up to the end of the window
}

// ready is an entry as it is sent.
type ready struct {
	entry
	sums []uint64 // that it may be known by
}

// add takes an entry, if it can be sent at all.
func (w *window) add(e *entry) error {
	stored := e.Entry
	sums, err := w.prepare(e)
	if err != nil {
		if !w.replay.told[e.number] {
			w.replay.told[e.number] = true
			w.replay.env.Fail("%w; it stays", e.error(err))
		}
		return nil
	}
	w.entries = append(w.entries, ready{*e, sums})
	w.bytes += len(e.Message) + len(e.Base64) + len(e.Reason)
	e.Entry = stored
	if err := w.arrived.add(e); err != nil || w.bytes < windowBytes {
		return err
	}
	return w.send()
}

// prepare edits an entry, and finds out whether it can be sent.
func (w *window) prepare(e *entry) (sums []uint64, err error) {
	if command := w.replay.Edit; command != "" {
		if err := e.edit(w.replay.env, command); err != nil {
			return nil, err
		}
	}
	m, done, err := e.message(w.replay.env.Dictionary)
	defer done()
	if err != nil {
		return nil, err
	}
	sums = []uint64{dumpfile.Sum(m)}
	if m.Body() != nil { // rather than find out when half of it is sent
		sum, err := dumpfile.SumBody(m)
		if err != nil {
			return nil, err
		}
		sums = append(sums, sum)
	}
	return sums, nil
}

// send sends the window.
func (w *window) send() error {
	if len(w.entries) == 0 {
		return nil
	}
	entries := w.entries
	w.entries, w.bytes = nil, 0
	name := fmt.Sprintf("entries %d to %d", entries[0].number, entries[len(entries)-1].number)
	return w.replay.env.Deliver(stage.Window{Name: name, State: w.arrived.String()}, func() error {
		for i := range entries {
			if err := w.sendOne(&entries[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *window) sendOne(e *ready) error {
	again := &event.Again{Entry: e.number, Time: e.Time, File: e.File, Line: e.Line, Column: e.Column}
	for _, sum := range e.sums {
		if err := w.replay.trail.Sent(sum, again); err != nil {
			return stage.Fatal(err)
		}
	}
	m, done, err := e.message(w.replay.env.Dictionary)
	defer done()
	if err != nil {
		return err
	}
	m.SetPlace(event.Place{File: e.File, Line: e.Line, Column: e.Column, Again: again})
	return w.emit(m)
}
