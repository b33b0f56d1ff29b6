package dump

import (
	"maps"

	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
	"github.com/intelpipe/intelpipe/internal/json"
)

// Checkpointed says that the Checkpoint at has come, and that all before it is
// synced: messages that fail from now on are of the next window.
func (d *Writer) Checkpointed(at checkpoint.ID) {
	if at.Source != d.source {
		return // the stream was not opened by a Commit
	}
	d.window = at.Number + 1
	clear(d.occurrences)
}

// Committed says that a Commit has come. The first one of an attempt opens the
// stream: what the dump has of later windows will come once more.
func (d *Writer) Committed(at checkpoint.ID) error {
	if at.Source == d.source && at.Nonce == d.nonce {
		maps.DeleteFunc(d.known, func(_ ID, window uint64) bool { return window <= at.Number })
		return nil
	}
	if err := d.Flush(); err != nil {
		return err
	}
	name, err := json.Marshal(at.Source)
	if err != nil {
		return err
	}
	d.source, d.nonce, d.window = at.Source, at.Nonce, at.Number+1
	d.own = append([]byte(sourceKey), name...)
	d.used = usage{}
	d.occurrences, d.known = map[equal]int{}, map[ID]uint64{}
	return d.learn(at.Number)
}

// forever is the window of entries that no Commit makes this writer forget.
const forever = 1<<64 - 1

// learn finds the entries of the source that may come again. Those of a replay
// can do so in any window.
func (d *Writer) learn(acknowledged uint64) error {
	err := d.each(func(line []byte) error {
		if !d.owns(line) {
			return nil
		}
		entries, err := parse(line)
		for _, e := range entries {
			switch {
			case e.Again != 0:
				d.known[e.ID] = forever
			case e.Window > acknowledged:
				d.known[e.ID] = e.Window
			}
		}
		return otherFormat(entries, err)
	})
	if err == nil && len(d.known) > 0 { // whoever wrote them may not have lived to sync them
		err = d.open()
		d.dirty = err == nil
	}
	return err
}
