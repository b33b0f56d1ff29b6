// Package spool is a queue of events in a directory, a maildir for segments.
//
//	DIR/tmp   being written, or waiting for their source
//	DIR/new   sealed, for anybody to take
//	DIR/cur   claimed by a consumer
//	DIR/bad   damaged and set aside
//	DIR/.size how large it is, where a writer has a quota
//	DIR/.id   its format and its random id
//
// A segment is plain NDJSON and never changes once it is sealed. Its name says
// what is in it, so that damage is found before the first line is delivered:
//
//	SEQ-COUNT-CRC-NONCE.ndjson
//
// SEQ sorts: it is the time of sealing in nanoseconds, or one more than what
// was there where the clock has gone back. COUNT is the number of lines, CRC
// the CRC32C of all bytes. Files whose name begins with a dot are our own
// notes. A claim is an exclusive flock on the file itself, so that it ends with
// its process, however that ends. In cur/ the name goes on with the consumer and
// the number of the claim, SEGMENT@CONSUMER@ORDER: what a dead consumer has sent
// belongs to its name, under which alone a far end knows what it has of it already.
//
// # What a writer promises
//
// In a stream without control lines a segment goes to new/ as soon as it is
// full or old enough. Nobody has been promised anything before the stream ends
// well. What a dead writer left in tmp/SEQ-NONCE.part is recovered line by line; a
// torn last line is dropped, and it never was acknowledged: the end of the
// stream is acknowledged after all of the file was synced and renamed, when
// there is no such file any longer.
//
// In a stream with control lines events are published at Commit, not at
// Checkpoint. A window is written to tmp/NONCE.window@SOURCE@RUN. Checkpoint makes
// it durable and renames it to tmp/SEQ-COUNT-CRC-NONCE.ndjson@NUMBER@SOURCE@RUN:
// it waits. Commit renames what waits up to its number into new/. The opening
// Commit settles what a crash left by the same names: up to its number it is
// published, what is later is removed, and so is a window without a checkpoint,
// since the source sends both again.
//
// The other way would be to publish at Checkpoint, to keep a list of ids, and
// to take back at the opening Commit what is still in new/. It repeats whatever
// a consumer was faster to take, and its list and its renames can disagree
// after a crash. Here the name is the list and one rename changes both:
// nothing is lost, and nothing is there twice. What it costs is that events are
// seen one Commit later, and that a window whose Commit never comes, because
// its source is never run again, waits for a person: "spool list" shows it, and
// "spool requeue DIR NAME" publishes it. A source must therefore not be done
// before its last Commit has come back through the pipeline.
//
// RUN stands for the nonce of the source's run. One run at a time writes for a
// source, so that a pipeline that is being killed cannot put a window beside
// those of the next one: its writers hold tmp/.SOURCE.lock together. There may be
// several, two outputs or side paths that lead to one spool. Each publishes what
// it has written itself, and leaves alone what is of its own run, also if that
// writer is dead: its source may take the window for arrived, since the
// checkpoint has gone on before. Whoever comes first in the next run settles for
// all of them, so that nothing depends on which commands a pipeline consists of.
//
// A run may send for several sources, one after the other: a consumer that takes
// the name of a dead one sends what that one has left under its name, and then its
// own. Each opening Commit settles its own source. When nothing of a source waits
// any longer and another source has come after it, its lock is given back, so that
// a new consumer can take that name while this run goes on.
//
// # What a reader promises
//
// A segment is claimed by renaming it to cur/ under its lock, and read and
// verified as a whole before anything of it is delivered. What a dead consumer had
// claimed is claimed again by the next one of that name, first, and in the order in
// which it was claimed. Ack removes it. AckAs
// renames it to cur/.acked@NUMBER@SOURCE instead: that the segment is gone, and
// up to where its source is acknowledged, become true in one step. With two
// files, a crash in between loses the window or sends it twice.
//
// A claim syncs cur/, so that the segment is not lost when a writer syncs new/
// while it is on its way. It does not sync new/: a file system with a journal
// makes the rename durable as one step, and on one without a segment may be in
// new/ again after the loss of power, which sends it twice and loses nothing.
package spool

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/spool/layout"
)

// Options are for writers and readers. The zero value has the usual limits, no
// quota, and says nothing.
type Options struct {
	SegmentBytes int64  // a segment is sealed before it grows beyond this; 0 is 4 MiB
	Quota        int64  // bytes in new/, cur/ and tmp/ above which a writer waits; 0 is none
	Once         bool   // a reader takes what it finds when it looks first, and is not kept by a writer that goes on
	Consumer     string // the name under which a reader claims, if it has one
	Left         bool   // a reader takes only what that consumer has left, and nothing new
	Now          func() time.Time
	Warn         func(format string, args ...any)

	AllowNetworkFS bool // --allow-network-fs: use a spool whose locks hold on this machine only
}

func (o Options) filled() Options {
	if o.SegmentBytes <= 0 {
		o.SegmentBytes = 4 << 20
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Warn == nil {
		o.Warn = func(string, ...any) {}
	}
	return o
}

// spool is what writers and readers have in common.
type spool struct {
	dir string
	opt Options
	seq *layout.Sequence

	size *layout.Meter
}

func open(dir string, opt Options) (spool, error) {
	s := spool{dir: dir, opt: opt.filled(), size: &layout.Meter{Dir: dir, Create: opt.Quota > 0}}
	var err error
	s.seq, err = layout.NewSequence(dir, s.opt.Now)
	return s, err
}

// sleep waits for d, or for the end of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// moved does something with the file at path, which adds its size to the bytes of
// the spool and to those that consumers can take, as often as the numbers say.
func (s *spool) moved(path string, total, backlog int64, do func() error) error {
	var size int64
	if info, err := os.Lstat(path); err == nil {
		size = info.Size()
	}
	return s.size.Change(total*size, backlog*size, do)
}

var networkFS = disk.NetworkFS // tests have no network file system

// local refuses a spool on a network file system, unless that was asked for.
func (o Options) local(dir string) error {
	if o.AllowNetworkFS {
		return nil
	}
	name, err := networkFS(dir)
	if err == nil && name != "" {
		err = fmt.Errorf("%s: lies on a network file system (%s), where the locks of one machine do not hold on another: use a local directory, or --allow-network-fs if all writers and consumers run on this machine", dir, name)
	}
	return err
}
