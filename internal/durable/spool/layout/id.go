package layout

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/intelpipe/intelpipe/internal/durable/disk"
)

// IDFile holds one line, "FORMAT ID": the format of the spool, and its id. It is
// made with the spool and never changes.
const (
	IDFile = ".id"
	format = "1"
)

// makeID writes the id if there is none. All who do that at once get the same one.
func makeID(dir string) (string, error) {
	id, err := readID(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return id, err
	}
	path := filepath.Join(dir, IDFile)
	lock, err := disk.LockPath(context.Background(), path, disk.LockWait)
	if err != nil {
		return "", err
	}
	defer lock.Unlock()
	id, err = readID(dir) // another process may have been faster
	if !errors.Is(err, fs.ErrNotExist) {
		return id, err
	}
	if err := disk.RemoveTemps(path); err != nil {
		return "", err
	}
	id = rand.Text()
	return id, disk.WriteFileAtomic(path, []byte(format+" "+id+"\n"), 0o600)
}

// readID refuses another format. The error is fs.ErrNotExist if there is no id.
func readID(dir string) (string, error) {
	path := filepath.Join(dir, IDFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	number, id, ok := strings.Cut(strings.TrimSuffix(string(text), "\n"), " ")
	switch {
	case strings.Trim(number, "0123456789") != "" || number == "":
	case number != format:
		return "", fmt.Errorf("%s: the spool has format %.20s, and this version knows format %s only: use the version that made the spool", dir, number, format)
	case ok && id != "" && len(id) <= 64 && strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == "":
		return id, nil
	}
	return "", fmt.Errorf("%s: damaged: put the file back from a backup, or remove it, and every consumer of the spool starts as a new one", path)
}

// known refuses a spool of another format. One without an id, or whose id only
// its owner may read, is taken for one of this format.
func known(dir string) error {
	_, err := readID(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}
