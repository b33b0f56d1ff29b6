package constituency

import (
	"bytes"
	"errors"
	"fmt"
	"path"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/constituencies"
	"github.com/intelpipe/intelpipe/internal/mapped"
)

var errEmpty = errors.New("there are no rows in it")

// loaded is a table, and the fields that its columns become.
type loaded struct {
	*constituencies.Table
	file   *mapped.File // nil if it was made of text
	fields [][2]string  // of the source and of the destination
}

// use looks something up in the constituencies. What is found is good until look returns.
func (l *loaded) use(look func() error) error {
	if l.file == nil {
		return look()
	}
	return l.file.Use(func([]byte) error { return look() })
}

// load opens a table of any kind.
func load(file, delimiter string, d *harmonization.Dictionary) (l loaded, err error) {
	if l.file, err = mapped.Open(file); err != nil {
		return l, err
	}
	text := false
	err = l.file.Use(func(data []byte) (err error) {
		if text = !constituencies.IsCompiled(data); text {
			b, err := constituencies.Read(bytes.NewReader(data), file, path.Base(file), delimiter, d)
			if err != nil {
				return err
			}
			data = b.Bytes()
		}
		if l.Table, err = constituencies.Parse(data); err != nil {
			err = fmt.Errorf("%s: %w", file, err)
		}
		return err
	})
	if text {
		l.file = nil
	}
	if err != nil {
		return l, err
	}
	if l.Len() == 0 {
		return l, fmt.Errorf("%s: %w", file, errEmpty)
	}
	for _, column := range l.Columns {
		source, destination, err := constituencies.Fields(d, column)
		if err != nil {
			return l, fmt.Errorf("%s: %w", file, err)
		}
		l.fields = append(l.fields, [2]string{source, destination})
	}
	return l, nil
}
