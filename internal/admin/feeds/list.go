package feeds

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/intelpipe/intelpipe/internal/catalogue"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/shell"
	"github.com/intelpipe/intelpipe/internal/stage"
)

type listing struct {
	JSON bool `name:"json" help:"Print an object a line."`
	place
	Pattern string `arg:"" optional:"" help:"A part of a name."`
}

// Run lists feeds.
func (l *listing) Run(_ context.Context, env *stage.Env, stdout io.Writer) error {
	c, err := l.load(env)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(stdout)
	for _, f := range c.Matching(l.Pattern) {
		if err := l.print(out, env, f); err != nil {
			return err
		}
	}
	return cmp.Or(out.Flush(), broken(c))
}

func (l *listing) print(out io.Writer, env *stage.Env, f *catalogue.Feed) error {
	if !l.JSON {
		what := f.Name + ", " + f.Provider
		if state := state(f, env.Commands); state != "" {
			what += " (" + state + ")"
		}
		_, err := fmt.Fprintf(out, "%-34s %-10s %-10s %s\n", f.ID, f.Access, f.Interval, what)
		return err
	}
	return printJSON(out, f, env.Commands)
}

// printJSON prints a feed, with what follows from it.
func printJSON(out io.Writer, f *catalogue.Feed, commands stage.Commands) error {
	collector, parser, _ := f.Words(catalogue.Line{})
	pipeline := []string{shell.Quote(collector...)}
	if len(parser) > 0 {
		pipeline = append(pipeline, shell.Quote(parser...))
	}
	line, err := json.Marshal(struct {
		ID            string            `json:"id"`
		Name          string            `json:"name"`
		Provider      string            `json:"provider"`
		Code          string            `json:"code,omitempty"`
		Documentation string            `json:"documentation,omitempty"`
		Access        string            `json:"access"`
		Licence       string            `json:"licence,omitempty"`
		URL           string            `json:"url,omitempty"`
		Interval      string            `json:"interval,omitempty"`
		Fresh         string            `json:"fresh,omitempty"`
		Pipeline      string            `json:"pipeline"`
		Ask           map[string]string `json:"ask,omitempty"`
		Credentials   map[string]string `json:"credentials,omitempty"`
		Missing       []string          `json:"missing,omitempty"`
		Dead          string            `json:"dead,omitempty"`
		Instead       string            `json:"instead,omitempty"`
		Remark        string            `json:"remark,omitempty"`
		File          string            `json:"file,omitempty"`
	}{
		f.ID, f.Name, f.Provider, f.Code, f.Documentation, f.Access, f.Licence, f.URL(), f.Interval, f.Fresh,
		strings.Join(pipeline, " then "), f.Ask, f.Credentials, f.Missing(commands), f.Dead, f.Instead, f.Remark, f.Path,
	})
	if err != nil {
		return err
	}
	_, err = out.Write(append(line, '\n'))
	return err
}
