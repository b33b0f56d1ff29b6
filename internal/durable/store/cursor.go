// Package store keeps cursors and caches.
package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"maps"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/intelpipe/intelpipe/internal/durable/checkpoint"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/durable/format"
)

// A Cursor is a handful of values by name, such as the ETag of a URL or a
// counter, that move with the stream as a seen.Set does. Values are whatever
// encoding/json knows. It is safe for concurrent use.
//
// Its file is JSON to be read by people, and is written whole every time.
type Cursor struct {
	mu       sync.Mutex
	path     string // empty in memory only
	lock     *disk.Lock
	state    values
	prepared checkpoint.Pending[values]
	fresh    values // set since the last Prepare
	err      error
}

// Values are kept encoded; nil or null is a value that was deleted.
type values map[string]json.RawMessage

type changes struct {
	ID  checkpoint.ID `json:"id"`
	Set values        `json:"set"`
}

// cursorFormat is the number that all formats of the file have as "format".
const cursorFormat = 1

type cursorFile struct {
	Format   uint64    `json:"format"`
	State    values    `json:"state"`
	Prepared []changes `json:"prepared,omitempty"`
}

// NewCursor makes a cursor that lives in memory only.
func NewCursor() *Cursor {
	return &Cursor{state: values{}, fresh: values{}}
}

// OpenCursor opens the cursor kept in the file at path, or begins it. One
// process at a time can have it; a second one waits ten seconds and then gets a
// *disk.LockedError.
func OpenCursor(path string) (*Cursor, error) {
	return OpenCursorContext(context.Background(), path, disk.LockWait)
}

// OpenCursorContext is OpenCursor that waits for the lock as long as wait says.
func OpenCursorContext(ctx context.Context, path string, wait time.Duration) (*Cursor, error) {
	lock, err := disk.LockPath(ctx, path, wait)
	if err != nil {
		return nil, err
	}
	c, err := OpenCursorLocked(path, lock)
	if err != nil {
		lock.Unlock()
		return nil, err
	}
	return c, nil
}

// OpenCursorLocked is OpenCursor for who has the lock of path already. The cursor
// takes it, unless there is an error.
func OpenCursorLocked(path string, lock *disk.Lock) (*Cursor, error) {
	c := NewCursor()
	c.path, c.lock = path, lock
	if err := disk.RemoveTemps(path); err != nil {
		return nil, err
	}
	return c, c.load()
}

const sumPrefix = "crc32c "

func checksum(doc []byte) uint32 { return crc32.Checksum(doc, crc32.MakeTable(crc32.Castagnoli)) }

func (c *Cursor) load() error {
	b, err := os.ReadFile(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return c.write() // says now rather than later that it cannot be written
	}
	if err != nil {
		return err
	}
	// Without its last line the file is taken as edited by hand.
	doc := b
	if i := bytes.LastIndex(b, []byte("\n"+sumPrefix)); i >= 0 {
		doc = b[:i+1]
		sum, err := strconv.ParseUint(string(bytes.TrimSpace(b[i+1+len(sumPrefix):])), 16, 32)
		if err != nil || uint32(sum) != checksum(doc) {
			return format.Damaged(c.path, int64(i+1), "bad checksum; if the file was edited, delete its last line")
		}
	}
	if err := c.checkFormat(doc); err != nil {
		return err
	}
	var file cursorFile
	d := json.NewDecoder(bytes.NewReader(doc))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return format.Damaged(c.path, d.InputOffset(), err.Error())
	}
	if rest := bytes.TrimSpace(doc[d.InputOffset():]); len(rest) > 0 {
		return format.Damaged(c.path, d.InputOffset(), "something stands behind the object")
	}
	if file.State == nil {
		return format.Damaged(c.path, 0, "it has no state")
	}
	c.state = file.State
	for _, b := range file.Prepared {
		c.prepared.Found(b.ID, b.Set)
	}
	return nil
}

// checkFormat looks at the number alone, since another format may have other keys.
func (c *Cursor) checkFormat(doc []byte) error {
	var file struct {
		Format *uint64 `json:"format"`
	}
	err := json.NewDecoder(bytes.NewReader(doc)).Decode(&file)
	if err == nil && file.Format == nil {
		return format.Damaged(c.path, 0, "it has no format number")
	} else if err != nil {
		return format.Damaged(c.path, 0, err.Error())
	}
	return format.Check(c.path, *file.Format, cursorFormat)
}

func (c *Cursor) write() error {
	if c.path == "" || c.err != nil {
		return c.err
	}
	file := cursorFile{Format: cursorFormat, State: c.state}
	for _, b := range c.prepared.All() {
		file.Prepared = append(file.Prepared, changes{b.ID, b.Value})
	}
	doc, err := json.MarshalIndent(file, "", "\t")
	if err == nil {
		doc = append(doc, '\n')
		doc = fmt.Appendf(doc, "%s%08x\n", sumPrefix, checksum(doc))
		err = disk.WriteFileAtomic(c.path, doc, 0o600)
	}
	c.err = err
	return err
}

// Get stores the value of name in v and says whether there is one. What this
// run has set counts, whether committed or not.
func (c *Cursor) Get(name string, v any) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.latest(name)
	if gone(b) {
		return false, nil
	}
	if err := json.Unmarshal(b, v); err != nil {
		return false, fmt.Errorf("%s: %s: %w", cmp.Or(c.path, "cursor"), name, err)
	}
	return true, nil
}

func (c *Cursor) latest(name string) json.RawMessage {
	if b, ok := c.fresh[name]; ok {
		return b
	}
	latest := c.state[name]
	for _, p := range c.prepared.Own() {
		if b, ok := p.Value[name]; ok {
			latest = b
		}
	}
	return latest
}

// Set gives name a value; nil deletes it.
func (c *Cursor) Set(name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fresh[name] = b
	return nil
}

func gone(b json.RawMessage) bool { return len(b) == 0 || string(b) == "null" }

// Prepare makes durable, as prepared under id, what was set since the last
// Prepare.
func (c *Cursor) Prepare(id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, err := checkpoint.Parse(id)
	if err != nil || c.err != nil || len(c.fresh) == 0 {
		return cmp.Or(err, c.err)
	}
	c.prepared.Prepare(at, c.fresh)
	c.fresh = values{}
	return c.write()
}

// Commit makes state of what is prepared under ids of the same source up to id,
// and settles at its first time in a run as Set.Commit of package seen does.
func (c *Cursor) Commit(id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, err := checkpoint.Parse(id)
	if err != nil || c.err != nil {
		return cmp.Or(err, c.err)
	}
	promoted, discarded := c.prepared.Commit(at)
	if len(promoted)+len(discarded) == 0 {
		return nil
	}
	for _, p := range promoted {
		c.promote(p.Value)
	}
	return c.write()
}

func (c *Cursor) promote(set values) {
	maps.Copy(c.state, set)
	maps.DeleteFunc(c.state, func(_ string, b json.RawMessage) bool { return gone(b) })
}

// Save makes state of all that was set, at the good end of a stream without
// checkpoints.
func (c *Cursor) Save() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.prepared.HasOwn() {
		return cmp.Or(c.err, errUncommitted)
	}
	if c.err != nil || len(c.fresh) == 0 {
		return c.err
	}
	c.promote(c.fresh)
	c.fresh = values{}
	return c.write()
}

// Discard forgets what is not state, as Set.Discard of package seen does.
func (c *Cursor) Discard() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fresh = values{}
	if c.path == "" {
		c.prepared.Clear()
	} else {
		c.prepared.Discard()
	}
}

// Close lets go of the file. What was not saved or prepared is forgotten.
func (c *Cursor) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.err
	if c.lock != nil {
		err = cmp.Or(err, c.lock.Unlock())
		c.lock = nil
	}
	c.err = cmp.Or(c.err, errClosed)
	return err
}

var (
	errUncommitted = errors.New("state of uncommitted checkpoints cannot be saved")
	errClosed      = errors.New("state is closed")
)
