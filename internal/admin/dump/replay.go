package dump

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	dumpfile "github.com/intelpipe/intelpipe/internal/durable/dump"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

type replay struct {
	Edit    string `help:"Run the content of each message through COMMAND, which a shell runs, and send what it prints. A message for which it fails stays." placeholder:"COMMAND"`
	File    file   `arg:"" help:"A dump, or the name of a command."`
	Entries []span `arg:"" optional:"" sep:"none" name:"entry" help:"Ids of entries, or numbers."`

	env   *stage.Env
	path  string
	due   idSet                       // that are to be sent
	again map[dumpfile.ID]dumpfile.ID // those of them that were replayed before, and as which entry
	told  idSet                       // that cannot be sent
	file  *os.File                    // the dump, when it was looked at
	there idSet                       // its entries then

	// With a pipeline of its own.
	claim    *dumpfile.Claim
	trail    *dumpfile.Trail
	recalled bool            // what a replay that was killed has acknowledged is known
	broken   bool            // the claim does not say all that is acknowledged
	stay     int             // entries that are not sent this time
	arrived  idSet           // acknowledged
	bytes    int64           // of those that have not left the dump
	failed   idSet           // again
	others   map[uint64]bool // that have failed, and may have been any entry
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
			cut = append(cut, e.ID.String())
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

// Relay says that the messages have been described before.
func (*replay) Relay() {}

// Identity is the dump alone: what is acknowledged of it counts also when other
// entries are named next time.
func (r *replay) Identity() string { return r.path }

// Trail is where the pipeline says what fails again.
func (r *replay) Trail() string { return r.beside("trail") }

func (r *replay) beside(ending string) string {
	return filepath.Join(filepath.Dir(r.path), "."+filepath.Base(r.path)+"."+ending)
}

// Start finds out what is to be sent. With a pipeline of its own it claims the
// dump.
func (r *replay) Start(ctx context.Context, env *stage.Env) error {
	path, err := r.File.find(env)
	if err != nil {
		return err
	}
	if r.path, err = filepath.Abs(path); err != nil {
		return err
	}
	r.env, r.told = env, idSet{}
	if env.Pipeline == nil {
		return r.plan()
	}
	if r.claim, err = claim(r.path); err != nil {
		return err
	}
	r.arrived, r.failed, r.others = idSet{}, idSet{}, map[uint64]bool{}
	if err = r.plan(); err == nil {
		r.trail, err = dumpfile.CreateTrail(r.Trail())
		err = stage.Fatal(err)
	}
	if err != nil {
		r.claim.Close(r.claim.Found())
	}
	return err
}

// plan chooses the entries that are in the dump now.
func (r *replay) plan() error {
	r.due, r.again = idSet{}, map[dumpfile.ID]dumpfile.ID{}
	return each(r.path, r.Entries, func(e *entry) error {
		r.due[e.ID] = true
		if e.Again != 0 {
			r.again[e.ID] = e.Again
		}
		return nil
	})
}

// resume begins an attempt. What has failed in the one before is remembered,
// since the trail begins anew: all that is not acknowledged is sent again.
func (r *replay) resume() error {
	if err := r.trail.Failures(r.failed, r.others); err != nil {
		return err
	}
	if err := r.trail.Clear(); err != nil || r.recalled {
		return err
	}
	if err := r.recall(); err != nil {
		return err
	}
	r.recalled = true
	return r.spare()
}

// state is what the source keeps with a window.
type state struct {
	Replay  string        `json:"replay"` // name of the claim
	Entries []dumpfile.ID `json:"entries"`
}

// recall takes note of what was acknowledged last, if the process was killed
// before it could.
func (r *replay) recall() error {
	text := r.env.Pipeline.State()
	if text == "" {
		return nil
	}
	var last state
	if err := json.Unmarshal([]byte(text), &last); err != nil {
		return fmt.Errorf("the state of the replay of %s: %w", r.path, err)
	}
	if last.Replay != r.claim.Name {
		return nil // that replay has come to its end
	}
	return r.claim.Add(last.Entries)
}

// spare takes out what a replay that was killed had sent and what has failed
// again, as long as the entry is there from which it came: that one is sent
// again, and if it fails it is the entry that there is already.
func (r *replay) spare() error {
	if len(r.again) == 0 {
		return nil
	}
	if err := r.look(); err != nil {
		return err
	}
	for id, before := range r.again {
		if r.there[before] && !r.claim.Gone()[before] {
			delete(r.due, id)
			r.stay++
		}
	}
	return nil
}

// has says whether an entry is still in the dump: others may delete some.
func (r *replay) has(id dumpfile.ID) (bool, error) {
	info, err := os.Stat(r.path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, stage.Fatal(err)
	}
	if r.file != nil {
		if seen, err := r.file.Stat(); err == nil && os.SameFile(info, seen) {
			return r.there[id], nil
		}
	}
	err = r.look()
	return r.there[id], err
}

// look finds out which entries are in the dump. The file stays open, so that
// another one is known to be another one.
func (r *replay) look() error {
	if r.file != nil {
		r.file.Close()
		r.file = nil
	}
	r.there = idSet{}
	f, size, err := open(r.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	r.file = f
	return read(io.NewSectionReader(f, 0, size), r.path, nil, func(e *entry) error {
		r.there[e.ID] = true
		return nil
	})
}

// acknowledged takes entries for gone. They leave the dump, which is written anew
// for that, when they are a good part of it; at the latest at the end.
func (r *replay) acknowledged(entries []dumpfile.ID, bytes int64) error {
	if err := r.claim.Add(entries); err != nil {
		r.broken = true
		return err
	}
	for _, id := range entries {
		r.arrived[id] = true
	}
	r.bytes += bytes
	if info, err := os.Stat(r.path); err == nil && r.bytes >= info.Size()/removedPart {
		if err := r.remove(); err != nil { // such as a disk that is full; it is tried once more at the end
			r.env.Warn("%w", err)
		}
	}
	return nil
}

// removedPart is how many times as large as what is gone the dump is when it is
// written anew.
const removedPart = 4

// remove removes from the dump what is gone.
func (r *replay) remove() error {
	r.bytes = 0
	gone := r.claim.Gone()
	if len(gone) == 0 {
		return nil
	}
	f, err := lock(r.path)
	if err == nil {
		defer f.Close()
		err = remove(f, r.path, func(e *entry) bool { return gone[e.ID] })
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return r.claim.Removed()
}

// Close removes what has arrived, and says what became of it.
func (r *replay) Close() error {
	if r.file != nil {
		r.file.Close()
	}
	if r.claim == nil {
		return nil
	}
	defer os.Remove(r.Trail())
	defer r.trail.Close()
	err := r.remove()
	if err == nil && r.recalled {
		err = r.report()
	}
	needed := err != nil || r.broken || !r.recalled && r.claim.Found()
	return stage.Fatal(cmp.Or(err, r.claim.Close(needed)))
}

func (r *replay) report() error {
	if err := r.trail.Failures(r.failed, r.others); err != nil {
		return err
	}
	failed := len(r.others)
	for id := range r.failed {
		if r.arrived[id] { // else it stays, and is sent again
			failed++
		}
	}
	if err := r.look(); err != nil {
		return err
	}
	stay := r.stay
	for id := range r.due {
		if r.there[id] {
			stay++
		}
	}
	n := len(r.arrived)
	text := fmt.Sprintf("replayed %d, passed %d, failed again %d", n, max(n-failed, 0), failed)
	if stay > 0 {
		text += fmt.Sprintf(", %d stay", stay)
	}
	if failed > 0 {
		r.env.Fail("%s (kept: dump list)", text)
	} else {
		r.env.Warn("%s", text)
	}
	return nil
}
