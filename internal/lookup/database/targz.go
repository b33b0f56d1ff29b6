package database

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxMember bounds a database in an archive, in bytes.
const maxMember = 1 << 30

var errLarge = errors.New("a database of more than 1 GiB")

// FromTarGz is a Convert for a tar.gz: the first file with the name in its own is the database.
// The archive is read to its end, where its sum is.
func FromTarGz(name string) func(to io.Writer, from io.Reader) error {
	return func(to io.Writer, from io.Reader) error {
		packed, err := gzip.NewReader(from)
		if err != nil {
			return err
		}
		members, found := tar.NewReader(packed), false
		for {
			h, err := members.Next()
			if err == io.EOF {
				break
			} else if err != nil {
				return err
			}
			if found || h.Typeflag != tar.TypeReg || !strings.Contains(h.Name, name) {
				continue
			}
			if h.Size > maxMember {
				return errLarge
			}
			if _, err := io.Copy(to, members); err != nil {
				return err
			}
			found = true
		}
		if !found {
			return fmt.Errorf("there is no %s in it", name)
		}
		_, err = io.Copy(io.Discard, packed)
		return err
	}
}
