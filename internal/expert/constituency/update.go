package constituency

import (
	"context"
	"errors"
	"io"
	"os"
	"path"
	"strings"

	"github.com/intelpipe/intelpipe/internal/constituencies"
	"github.com/intelpipe/intelpipe/internal/lookup/database"
	"github.com/intelpipe/intelpipe/internal/stage"
)

var (
	errFrom = errors.New("--update makes a compiled table of what --from names, which is missing")
	errSame = errors.New("--from and --database are the same file: the compiled table would take the place of the text")
)

// Update makes a compiled table.
func (c *Command) Update(ctx context.Context, env *stage.Env) error {
	if c.From == "" {
		return stage.Usage(errFrom)
	}
	if same(c.From, c.Database) {
		return stage.Usage(errSame)
	}
	s := database.Source{
		URL: c.From,
		Convert: func(to io.Writer, from io.Reader) error {
			name, _, _ := strings.Cut(c.From, "?")
			b, err := constituencies.Read(from, c.From, path.Base(name), c.Delimiter, env.Dictionary)
			if err == nil {
				_, err = to.Write(b.Bytes())
			}
			return err
		},
		Check: func(file string) error {
			_, err := load(file, c.Delimiter, env.Dictionary)
			return err
		},
	}
	return s.Update(ctx, env, &c.HTTP, c.Database)
}

// same says whether two names are those of one file.
func same(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}
