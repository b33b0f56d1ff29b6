package tasks

import (
	"path/filepath"
)

// Places are the directories and files that the jobs of a plan name.
type Places struct {
	Bin string // the commands of the product
	Dir string // everything temporary
	JQ  string // the program, or "" if it is not installed
	Mlr string // the same of Miller
}

// Events is the file of events.
func (p Places) Events() string { return filepath.Join(p.Dir, "events.ndjson") }

func (p Places) csv() string    { return filepath.Join(p.Dir, "feed.csv") }
func (p Places) parsed() string { return filepath.Join(p.Dir, "parsed.ndjson") }
func (p Places) schema() string { return filepath.Join(p.Dir, "schema.json") }

// Command is one of the product's commands with its arguments.
func (p Places) Command(words ...string) []string {
	return append([]string{filepath.Join(p.Bin, words[0])}, words[1:]...)
}

// shell runs a script that knows the commands, with a directory as its $1.
func (p Places) shell(script, dir string) []string {
	return []string{"/bin/sh", "-c", "PATH=$0:$PATH; " + script, p.Bin, dir}
}
