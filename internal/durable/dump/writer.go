package dump

import (
	"os"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
)

// A Writer adds the messages of one command that failed to its dump. The file
// is opened, and its directory made, when the first one does. Several
// processes may write to one dump.
//
// In a stream with control lines the writer has to be told of them. Then it
// knows which messages a run before has put into the dump already, and does not
// write them again.
type Writer struct {
	path    string
	command string
	room    int64 // of each source
	now     func() time.Time
	file    *disk.File
	dirty   bool    // written since the last sync
	direct  int     // entries that were written one by one since the last Flush
	pending []Entry // not written yet
	bytes   int     // of their messages
	used    usage

	source      string // whose stream it is; none in a bare pipe
	own         []byte // what lines of the source have in common
	nonce       string // of this attempt of the source
	window      uint64 // the number of the messages that come now
	occurrences map[equal]int
	known       map[ID]uint64 // entries of open windows that were in the dump before, and their windows
}

// NewWriter makes a writer for the dump at path. It is full for a source when
// that has room bytes in it, with the files beside it that have what is too
// large for an entry. All bare pipes together are one source. now is asked when
// a message has failed.
func NewWriter(path, command string, room int64, now func() time.Time) *Writer {
	return &Writer{path: path, command: command, room: room, now: now}
}

// controlled says that the stream has control lines, so that its source sends
// again what has no room.
func (d *Writer) controlled() bool { return d.source != "" }

// usage is how much of a dump is of the source of a writer, or a bit more: what
// others have added meanwhile counts until the writer looks again.
type usage struct {
	known bool
	exact bool
	bytes int64
	end   int64 // how long the dump was
	seen  os.FileInfo
}

// wrote takes note that n bytes were added to a dump of size bytes.
func (u *usage) wrote(size, n int64) {
	if size < u.end { // somebody has deleted entries
		*u = usage{}
		return
	}
	u.exact = u.exact && size == u.end
	u.bytes, u.end = u.bytes+size-u.end+n, size+n
}
