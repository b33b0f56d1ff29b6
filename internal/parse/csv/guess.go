package csv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/guess"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Errand is --guess.
func (c *Command) Errand() stage.Runner {
	if c.Guess == "" {
		return nil
	}
	return &guessing{file: c.Guess, command: *c}
}

// guessing finds flags that fit a file, and shows what comes of them.
type guessing struct {
	file    string
	command Command
	words   []string // of the command line that is proposed
	reading event.Reading
}

// maxSample is how much of the file is looked at, in bytes.
const maxSample = 1 << 20

// Run prints a command line, which is all that a shell would carry out of it, and
// then, in comments, why.
func (g *guessing) Run(ctx context.Context, env *stage.Env, stdout io.Writer) error {
	sample, whole, err := g.sample(env.Stdin)
	if err != nil {
		return stage.Usage(fmt.Errorf("--guess %s: %v", g.file, err)) // even where the system is in trouble: nothing was begun
	}
	g.reading = *env.Reading
	t, err := guess.Sniff(sample, whole, g.options(env))
	if err != nil {
		return stage.Usage(fmt.Errorf("--guess %s: %w", g.file, err))
	}
	g.take(t, env.Words)
	p := &preview{table: t}
	if err := g.try(ctx, env, p); err != nil {
		p.broken = err
	}
	_, err = io.WriteString(stdout, quoted(append([]string{env.Name}, g.words...))+"\n"+p.text(whole))
	return err
}

// sample reads the beginning of the file.
func (g *guessing) sample(stdin io.Reader) (sample []byte, whole bool, err error) {
	in := stdin
	if g.file != "-" {
		f, err := os.Open(g.file)
		var reason *os.PathError
		if errors.As(err, &reason) {
			err = reason.Err
		}
		if err != nil {
			return nil, false, err
		}
		defer f.Close()
		in = f
	}
	sample, err = io.ReadAll(io.LimitReader(in, maxSample+1))
	if reason := new(os.PathError); errors.As(err, &reason) {
		err = reason.Err
	}
	whole = len(sample) <= maxSample
	return sample[:min(len(sample), maxSample)], whole, err
}

func (g *guessing) options(env *stage.Env) guess.Options {
	o := guess.Options{
		Dictionary: env.Dictionary, Encoding: g.reading.Encoding, DayFirst: g.reading.DayFirst, Zoned: g.reading.Location != nil,
		Typed: g.command.Type != "", Skip: feed.Comment, Key: feed.ExtraKey,
	}
	if given(env.Words, "delimiter") {
		o.Delimiter, _ = delimiter(g.command.Delimiter)
	}
	return o
}

// given reports whether a flag stands on the command line.
func given(words []string, flag string) bool {
	return slices.ContainsFunc(words, func(word string) bool {
		return word == "--"+flag || strings.HasPrefix(word, "--"+flag+"=")
	})
}

// take sets flags that fit the table, but for those that were given.
func (g *guessing) take(t *guess.Table, words []string) {
	for i := 0; i < len(words); i++ {
		switch {
		case words[i] == "--guess":
			i++
		case !strings.HasPrefix(words[i], "--guess="):
			g.words = append(g.words, words[i])
		}
	}
	set := func(flag, value string) bool {
		if given(words, flag) {
			return false
		}
		g.words = append(g.words, "--"+flag, value)
		return true
	}
	c := &g.command
	if t.Encoding != "" && set("encoding", t.Encoding) {
		g.reading.Encoding = t.Encoding
	}
	if name := strings.ReplaceAll(string(t.Delimiter), "\t", `\t`); t.Delimiter != ',' && set("delimiter", name) {
		c.Delimiter = name
	}
	if t.Skip > 0 && set("skip-header", strconv.Itoa(t.Skip)) {
		c.SkipHeader = harmonization.Int(int64(t.Skip))
	}
	if !given(words, "columns") {
		columns, conversions := g.columns(t)
		if !t.Header || len(columns) > 0 {
			set("columns", list(columns))
			c.Columns = columns
		}
		for _, conversion := range conversions {
			if !given(words, "convert") {
				g.words = append(g.words, "--convert", conversion)
				c.Convert = append(c.Convert, conversion)
			}
		}
	}
	switch {
	case g.file == "-":
	case strings.HasPrefix(g.file, "-"):
		g.words = append(g.words, "./"+g.file)
	default:
		g.words = append(g.words, g.file)
	}
}

// columns are the values of --columns and of --convert.
func (g *guessing) columns(t *guess.Table) (columns, conversions []string) {
	seen := map[string]int{}
	for _, column := range t.Columns {
		seen[column.Name]++
	}
	for i, column := range t.Columns {
		name := column.Name
		if _, err := strconv.Atoi(name); err == nil || name == "" || seen[name] > 1 {
			name = strconv.Itoa(i + 1) // which the header cannot tell apart from others
		}
		keys := []string{name}
		if !t.Header {
			columns = append(columns, column.Field)
		} else if column.Field != "" {
			columns = append(columns, name+"="+column.Field)
		}
		if !t.Header || len(column.More) > 0 { // there is no name, or it stands for several fields
			keys = strings.Split(column.Field, "|")
		}
		for _, key := range keys {
			if column.Field != "" && column.Convert != "" {
				conversions = append(conversions, key+"="+column.Convert)
			}
		}
		for _, more := range column.More {
			field, _, _ := strings.Cut(more, "=")
			columns, conversions = append(columns, name+"="+field), append(conversions, more)
		}
	}
	for !t.Header && len(columns) > 0 && columns[len(columns)-1] == "" {
		columns = columns[:len(columns)-1]
	}
	return columns, conversions
}

// list writes a list as the value of a flag.
func list(items []string) string {
	if !slices.ContainsFunc(items, func(s string) bool {
		return strings.Contains(s, ",") || strings.TrimSpace(s) != s || strings.HasPrefix(s, "[")
	}) {
		return strings.Join(items, ",")
	}
	var text []byte
	for i, item := range items {
		text = json.AppendString(append(text, "[,"[min(i, 1)]), item)
	}
	return string(append(text, ']'))
}

// quoted writes words for a shell.
func quoted(words []string) string {
	const safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,=@%+"
	var b strings.Builder
	for i, word := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		if word != "" && strings.Trim(word, safe) == "" {
			b.WriteString(word)
			continue
		}
		b.WriteString("'" + strings.ReplaceAll(word, "'", `'\''`) + "'")
	}
	return b.String()
}

// try parses the sample with the flags that were found.
func (g *guessing) try(ctx context.Context, env *stage.Env, p *preview) error {
	if err := g.command.Start(ctx, env); err != nil {
		return err
	}
	report := event.New(event.Report, env.Dictionary)
	report.SetReading(&g.reading)
	report.SetBody(bytes.NewReader(p.table.Sample))
	err := g.command.Process(ctx, report, func(e *event.Message) error {
		p.add(e)
		e.Release()
		return nil
	})
	return errors.Join(err, report.Err())
}
