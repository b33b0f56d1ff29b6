// Package file implements collect-file.
//
// collect-file: make reports of files
//
// Each regular file in the directory --path whose name ends in --postfix
// becomes one report, in the order of the names. Directories below it are not
// searched. Symbolic links are not followed without --follow-links. What is
// locked by another process, by whatever kind of lock, is being written, is no
// file or cannot be read is skipped with one line; an empty file gives nothing.
// Files can also be named one by one, - is stdin; links that are named are
// followed.
//
// A report has no limit in size. A file of up to 1 MiB is read whole before
// anything of it goes on; a larger one never is in memory as a whole, and if it
// turns out to have changed while it was read the exit code is 3. With
// --chunk-size a file is split into several reports, between two rows and not
// inside quotes; the first row is repeated in each of them, unless
// --no-chunk-replicate-header says that it is no header. What separates the
// fields, and so where quotes begin, is told from the first line. Text in UTF-16
// is not split.
//
// With --delete-file each file is deleted when its reports have arrived. That
// needs a pipeline, after -- or then, since in a bare pipe nobody tells that
// they have. To be deleted it is moved into a hidden directory .intelpipe-*
// beside it, so that nobody replaces it meanwhile, and looked at again: if it is
// not what was sent, to the last byte, it is put back. What a crash leaves in
// such a directory is put back, or deleted, by the next run. A file stays of
// which nothing was sent, or anything failed before it left collect-file.
//
// # Examples
//
//	printf 'ip\n192.0.2.1\n' > feed.csv; collect-file --name Example feed.csv
//	mkdir -p in; collect-file --path in --delete-file -- sh -c \
//	  'parse-csv --columns source.ip | output-file --file events.ndjson'
package file

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command is collect-file.
type Command struct {
	Path                 string `help:"The directory to read." placeholder:"DIR"`
	Postfix              string `help:"The end of the names of the files to read; empty for all." placeholder:"TEXT" default:".csv" empty:"all files"`
	DeleteFile           bool   `help:"Delete a file when its report has been acknowledged."`
	ChunkSize            int64  `help:"Split files into reports of at most so many bytes; 0 for whole files." placeholder:"BYTES" default:"0"`
	ChunkReplicateHeader bool   `help:"Begin each report with the first row of the file." default:"true"`
	FollowLinks          bool   `help:"Read files in the directory also through symbolic links."`
	Files                []name `arg:"" optional:"" sep:"none" name:"file" help:"Files to read; - is stdin."`

	env     *stage.Env
	deleted map[string]bool // files that were named
	stdin   bool            // was read
}

type name string

// Start checks the flags.
func (c *Command) Start(ctx context.Context, env *stage.Env) error {
	c.env = env
	switch {
	case c.DeleteFile && c.Postfix == "":
		return errors.New("--delete-file: not with an empty --postfix, which would delete all files")
	case c.DeleteFile && env.Pipeline == nil:
		return errors.New("--delete-file: needs a pipeline after -- or then, so that nothing is deleted before it has arrived")
	case c.DeleteFile && c.FollowLinks:
		return errors.New("--follow-links: not together with --delete-file, which would delete the link and leave the file")
	case c.ChunkSize < 0:
		return errors.New("--chunk-size: negative")
	case len(c.Files) > 0 && c.Path != "":
		return errors.New("--path: not together with the names of files")
	case len(c.Files) > 0:
		for _, f := range c.Files {
			if info, err := os.Stat(string(f)); f == "-" {
				continue
			} else if err != nil {
				return err
			} else if info.IsDir() {
				return fmt.Errorf("%s: a directory; name it with --path", f)
			}
			if info, err := os.Lstat(string(f)); c.DeleteFile && err == nil && info.Mode().Type() == os.ModeSymlink {
				return fmt.Errorf("%s: a symbolic link; with --delete-file, name the file it leads to", f)
			}
		}
		return nil
	case c.Path == "":
		return errors.New("--path: name a directory to read, or files")
	}
	if info, err := os.Stat(c.Path); err != nil {
		return fmt.Errorf("--path: %w", err)
	} else if !info.IsDir() {
		return fmt.Errorf("--path: %s is not a directory", c.Path)
	}
	if c.Postfix == "" {
		env.Warn("--postfix is empty: all files in %s are read", c.Path)
	}
	return nil
}
