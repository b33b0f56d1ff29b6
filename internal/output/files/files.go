// Package files implements output-files.
//
// output-files: write each event into a file of its own
//
// An event is written to a file in --tmp and then renamed into --dir, where
// another program can take it as soon as it appears: it is complete then. The
// names are unique, as in a maildir: host, process, time, device and inode,
// joined by dots, and --suffix. The content is JSON with sorted keys, without a
// newline at the end, and without raw unless --keep-raw-field.
//
// Both directories have to be on the same file system, and are made if only
// the last part of their path is missing. What a crash leaves in --tmp can be
// deleted. In a stream with checkpoints the files of a window appear in --dir
// when its checkpoint comes, after they are safe on the disk.
//
// # Examples
//
//	echo '{"source.ip":"192.0.2.1","feed.name":"a"}' | output-files --dir incoming
//	echo '{"source.ip":"192.0.2.1","raw":"eA=="}' |
//	  output-files --dir incoming --suffix .event --keep-raw-field
package files

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/export"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command is output-files.
type Command struct {
	Dir    string `help:"Where the files appear." placeholder:"DIR" required:""`
	Tmp    string `help:"Where they are written, on the same file system; .tmp in --dir by default." placeholder:"DIR"`
	Suffix string `help:"The end of their names." placeholder:"TEXT" default:".json" empty:"no suffix"`
	export.Flags

	env     *stage.Env
	prefix  string // host and process
	count   int
	line    []byte
	waiting []draft  // until the next checkpoint
	moved   []string // in --dir, not synced
}

// Start looks at the directories.
func (c *Command) Start(ctx context.Context, env *stage.Env) error {
	c.env = env
	if strings.ContainsAny(c.Suffix, "/\x00") {
		return errors.New("--suffix: a slash cannot be part of a file's name")
	}
	if env.DryRun {
		return nil
	}
	c.Tmp = cmp.Or(c.Tmp, filepath.Join(c.Dir, ".tmp"))
	dir, err := device("--dir", c.Dir)
	if err != nil {
		return err
	}
	tmp, err := device("--tmp", c.Tmp)
	if err != nil {
		return err
	}
	if dir != tmp {
		return fmt.Errorf("--tmp: %s and %s have to be on the same file system", c.Tmp, c.Dir)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	c.prefix = fmt.Sprintf("%s.%d.", strings.NewReplacer("/", `\057`, ":", `\072`).Replace(host), os.Getpid())
	return nil
}

// device makes the directory if it is missing, and says where it is.
func device(flag, dir string) (uint64, error) {
	if err := os.Mkdir(dir, 0o755); err == nil {
		if err := disk.SyncDir(filepath.Dir(filepath.Clean(dir))); err != nil {
			return 0, fmt.Errorf("%s: %w", flag, err)
		}
	} else if !errors.Is(err, os.ErrExist) {
		return 0, fmt.Errorf("%s: %w", flag, err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", flag, err)
	}
	if !info.IsDir() {
		return 0, fmt.Errorf("%s: %s is not a directory", flag, dir)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, nil
	}
	return uint64(st.Dev), nil
}

// batch is how many files a stream without checkpoints leaves unsynced.
const batch = 1000

// draft is a file that is complete in --tmp, and the name it will get.
type draft struct{ path, name string }

// Encode says what would be in the file of an event.
func (c *Command) Encode(m *event.Message) (item stage.Item, err error) {
	item.Data, err = c.Append(nil, m)
	return item, err
}

// Process writes one event.
func (c *Command) Process(_ context.Context, m *event.Message, _ stage.Emit) error {
	var err error
	if c.line, err = c.Append(c.line[:0], m); err != nil {
		return err
	}
	d, err := c.write()
	if err != nil {
		return stage.Fatal(err)
	}
	if c.env.Controlled {
		c.waiting = append(c.waiting, d)
		return nil
	}
	if err := c.move(d); err != nil {
		return stage.Fatal(err)
	}
	if len(c.moved) >= batch {
		return stage.Fatal(c.sync())
	}
	return nil
}

// write makes a file in --tmp. The inode, which only the file itself can tell,
// makes the name unique that it will get.
func (c *Command) write() (d draft, err error) {
	now := c.env.Now()
	var f *os.File
	for f == nil {
		c.count++
		d.path = filepath.Join(c.Tmp, fmt.Sprintf("%s%d.%d", c.prefix, now.UnixMicro(), c.count))
		if f, err = os.OpenFile(d.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644); err != nil && !errors.Is(err, os.ErrExist) {
			return d, err
		}
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.Write(c.line)
	}
	if err = cmp.Or(err, f.Close()); err != nil {
		os.Remove(d.path)
		return d, err
	}
	var device, inode uint64
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		device, inode = uint64(st.Dev), st.Ino
	}
	d.name = fmt.Sprintf("%s%d.%06d.%d.%d%s", c.prefix, now.Unix(), now.Nanosecond()/1000, device, inode, c.Suffix)
	return d, nil
}

func (c *Command) move(d draft) error {
	path := filepath.Join(c.Dir, d.name)
	if err := os.Rename(d.path, path); err != nil {
		return err
	}
	c.moved = append(c.moved, path)
	return nil
}

// sync makes durable what is in --dir, unless somebody has taken it already.
func (c *Command) sync() error {
	for _, path := range c.moved {
		if err := syncFile(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	c.moved = c.moved[:0]
	return disk.SyncDir(c.Dir)
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return cmp.Or(f.Sync(), f.Close())
}

// Checkpoint lets the files of a window appear.
func (c *Command) Checkpoint(_ context.Context, id string, _ stage.Emit) error {
	if id == "" {
		return c.sync()
	}
	for _, d := range c.waiting {
		if err := syncFile(d.path); err != nil {
			return err
		}
	}
	for _, d := range c.waiting {
		if err := c.move(d); err != nil {
			return err
		}
	}
	c.waiting, c.moved = c.waiting[:0], c.moved[:0]
	return disk.SyncDir(c.Dir)
}

// Close removes what no checkpoint came for: its source will send it again.
func (c *Command) Close() error {
	for _, d := range c.waiting {
		os.Remove(d.path)
	}
	return nil
}
