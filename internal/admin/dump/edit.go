package dump

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	dumpfile "github.com/intelpipe/intelpipe/internal/durable/dump"
	"github.com/intelpipe/intelpipe/internal/stage"
)

type editing struct {
	File    file   `arg:"" help:"A dump, or the name of a command."`
	Entries []span `arg:"" optional:"" sep:"none" name:"entry" help:"Ids of entries, or numbers."`
}

// mostFiles is how many entries are edited at once.
const mostFiles = 100

// An edited entry has its content in a file.
type edited struct {
	content
	entry dumpfile.Entry
	path  string
	now   []byte // the message, if it was changed
}

// Run lets an editor change entries, each in a file of its own.
func (c *editing) Run(ctx context.Context, env *stage.Env, stdout io.Writer) (err error) {
	path, err := c.File.find(env)
	if err != nil {
		return err
	}
	claim, err := claim(path)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, claim.Close(claim.Found())) }()
	dir, err := os.MkdirTemp(filepath.Dir(path), ".edit-")
	if err != nil {
		return stage.Fatal(err)
	}
	keep := false
	defer func() {
		if !keep {
			os.RemoveAll(dir)
		} else if err != nil {
			err = fmt.Errorf("%w; what was edited is in %s", err, dir)
		}
	}()
	edits, files := map[dumpfile.ID]*edited{}, []string{}
	if err := each(path, c.Entries, func(e *entry) error {
		if len(files) == mostFiles {
			return fmt.Errorf("%s: name at most %d entries", path, mostFiles)
		}
		c, err := e.content()
		if err != nil {
			return e.error(err)
		}
		name := filepath.Join(dir, e.ID.String()+".txt")
		edits[e.ID] = &edited{content: c, entry: e.Entry, path: name}
		files = append(files, name)
		return os.WriteFile(name, c.text, 0o600)
	}); err != nil {
		return err
	}
	if err := editor(env, stdout, files); err != nil {
		return err
	}
	keep = true
	changed := 0
	for id, e := range edits {
		text, err := os.ReadFile(e.path)
		if err != nil {
			return err
		}
		if bytes.Equal(text, e.text) {
			continue
		}
		if e.now, err = e.replace(text); err != nil {
			return fmt.Errorf("%s: entry %v: %w", path, id, err)
		}
		changed++
	}
	if changed > 0 {
		if err := store(path, edits, changed); err != nil {
			return err
		}
	}
	keep = false
	env.Warn("%d of %d entries changed", changed, len(files))
	return nil
}

// store writes what was changed into the dump.
func store(path string, edits map[dumpfile.ID]*edited, changed int) error {
	f, err := lock(path)
	if err != nil {
		return stage.Fatal(err)
	}
	defer f.Close()
	found := 0
	return rewrite(f, path, func(e *entry) (*dumpfile.Entry, error) {
		edit := edits[e.ID]
		if edit == nil || edit.now == nil || edit.entry != e.Entry {
			return &e.Entry, nil
		}
		found++
		now := e.Entry
		now.SetText(edit.now)
		return &now, nil
	}, func() error {
		if found < changed {
			return fmt.Errorf("%s: somebody has deleted or changed these entries meanwhile; the dump stays as it is, see dump list", path)
		}
		return nil
	})
}

// editor runs the editor of the user.
func editor(env *stage.Env, stdout io.Writer, files []string) error {
	var visual, plain string
	for _, variable := range env.Environ() {
		if value, ok := strings.CutPrefix(variable, "VISUAL="); ok {
			visual = value
		} else if value, ok := strings.CutPrefix(variable, "EDITOR="); ok {
			plain = value
		}
	}
	command := cmp.Or(visual, plain, "vi")
	cmd := exec.Command("sh", append([]string{"-c", command + ` "$@"`, "sh"}, files...)...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env.Environ(), env.Stdin, stdout, env.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("the editor (%s): %w; nothing is changed", command, err)
	}
	return nil
}
