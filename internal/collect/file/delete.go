package file

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/intelpipe/intelpipe/internal/disk"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Origin is the directory, or the files.
func (c *Command) Origin() string {
	here, err := os.Getwd()
	if err != nil {
		here = "" // then names alone tell sources apart
	}
	return fmt.Sprintf("%q %q %q %q", here, c.Path, c.Postfix, c.Files)
}

// resume deletes the file that was acknowledged just before a crash. The state
// knows of it only until another file is acknowledged.
func (c *Command) resume(ctx context.Context) error {
	if !c.DeleteFile {
		return nil
	}
	state := stage.From(ctx).Pipeline.State()
	parts := strings.SplitN(state, " ", 4)
	path := parts[len(parts)-1]
	if info, err := os.Stat(path); err != nil || identity(path, info) != state {
		return nil
	}
	return stage.Fatal(c.remove(ctx, path, state))
}

// deliver sends a file as one window, which deletes it at its end.
func (c *Command) deliver(ctx context.Context, path string, info os.FileInfo, send func() error) error {
	pipeline, state := stage.From(ctx).Pipeline, identity(path, info)
	return pipeline.Window(stage.Window{
		Name:  path,
		State: state,
		Ack:   func(uint64) error { return c.remove(ctx, path, state) },
	}, send)
}

// identity changes whenever the file does.
func identity(path string, info os.FileInfo) string {
	var inode uint64
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		inode = st.Ino
	}
	return fmt.Sprintf("%d %d %d %s", inode, info.Size(), info.ModTime().UnixNano(), path)
}

// remove deletes a file, if it is still the one that was read.
func (c *Command) remove(ctx context.Context, path, state string) error {
	info, err := os.Stat(path)
	if err == nil && identity(path, info) != state {
		stage.From(ctx).Warn("%s: has changed since it was read, and is not deleted", path)
		return nil
	}
	if err == nil {
		err = disk.Remove(path)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if c.deleted == nil {
		c.deleted = map[string]bool{}
	}
	c.deleted[path] = true
	return nil
}
