package check

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
)

// Options say how a feed is looked at.
type Options struct {
	Program string
	Env     []string
	Dir     string // for what comes, which is the program's state directory, and is removed
	Timeout time.Duration
	Limit   int64     // bytes of content
	Now     time.Time // what the feed is compared with
	Stream  bool      // the collector does not end by itself
}

// Probe fetches a feed and parses it.
func Probe(ctx context.Context, collector, parser []string, o Options) (*Measure, error) {
	p := &probe{Options: o, Measure: &Measure{Time: o.Now}}
	reports := filepath.Join(o.Dir, "reports")
	begun := time.Now()
	if err := p.collect(ctx, append(collector, "--verbose"), reports); err != nil {
		return nil, err
	}
	p.Took = time.Since(begun).Seconds()
	if err := p.content(reports); err != nil || p.none || len(parser) == 0 {
		return p.Measure, err
	}
	return p.Measure, p.parse(ctx, append(parser, "--verbose", "--input", "report"), reports)
}

type probe struct {
	Options
	*Measure
}

// command prepares a process that ends when its time is over.
func (p *probe) command(ctx context.Context, words []string) (*exec.Cmd, *tail) {
	said := &tail{}
	cmd := exec.CommandContext(ctx, p.Program, words...)
	cmd.Args[0] = "intelpipe"
	cmd.Env = append(p.Env, "STATE_DIRECTORY="+p.Dir)
	cmd.Stderr = said
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	return cmd, said
}

// collect runs the collector, whose reports go into a file.
func (p *probe) collect(ctx context.Context, words []string, reports string) error {
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	f, err := os.OpenFile(reports, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	cmd, said := p.command(ctx, words)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	most := io.LimitReader(out, 2*p.Limit+(1<<20))
	if p.Stream {
		first, _ := bufio.NewReader(most).ReadBytes('\n') // one report says that it lives
		if _, err := f.Write(first); err != nil {
			return err
		}
		cancel()
	} else if _, err := io.Copy(f, most); err != nil {
		return err
	}
	p.ended = ctx.Err() != nil && !p.Stream
	cmd.Wait() // how it ended is in ProcessState
	p.code, p.says = cmd.ProcessState.ExitCode(), said.first
	if p.Stream {
		p.code = 0
	}
	if _, url, ok := strings.Cut(said.last, "; led to "); ok && !strings.Contains(url, " ") {
		p.Redirect = url
	}
	return nil
}

// content looks at what the reports have.
func (p *probe) content(reports string) error {
	f, err := os.Open(reports)
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha256.New()
	p.none = true
	return lines(f, func(line []byte) error {
		m := event.New(event.Report, harmonization.Default())
		if err := m.Decode(line); err != nil {
			return nil // the parser will say so
		}
		content, err := io.ReadAll(m.Raw())
		if err != nil {
			return nil
		}
		sum.Write(content)
		if p.Bytes += int64(len(content)); p.none {
			p.none = false
			p.shape = look(content)
			p.Kind, p.Columns = p.shape.kind, p.shape.columns
			p.Ended = bytes.HasSuffix(content, []byte("\n"))
		}
		p.Sum = hex.EncodeToString(sum.Sum(nil)[:8])
		return nil
	})
}

// parse runs the parser over the reports.
func (p *probe) parse(ctx context.Context, words []string, reports string) error {
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	f, err := os.Open(reports)
	if err != nil {
		return err
	}
	defer f.Close()
	cmd, said := p.command(ctx, words)
	cmd.Stdin = f
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	has := map[string]int{}
	err = lines(out, func(line []byte) error {
		m := event.New(event.Event, harmonization.Default())
		if m.Decode(line) != nil {
			return nil
		}
		p.Events++
		for _, key := range m.Keys() {
			if !strings.HasPrefix(key, "feed.") && key != "raw" && key != "time.observation" && key != "__type" && (len(has) < maxFields || has[key] > 0) {
				has[key]++
			}
		}
		if at, err := time.Parse(time.RFC3339, m.Get("time.source")); err == nil && at.After(p.Newest) && at.Before(p.Now.Add(24*time.Hour)) {
			p.Newest = at.UTC()
		}
		return nil
	})
	if err != nil {
		return err
	}
	cmd.Wait() // how it ended is in ProcessState
	p.parser, p.fails = cmd.ProcessState.ExitCode(), said.first
	if _, rest, ok := strings.Cut(said.last, ", failed "); ok {
		fmt.Sscanf(rest, "%d", &p.Failed)
	}
	p.Fields = map[string]float64{}
	for key, n := range has {
		p.Fields[key] = float64(int(1000*n/p.Events)) / 1000
	}
	return nil
}

// lines calls do with each line.
func lines(r io.Reader, do func([]byte) error) error {
	b := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := b.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			if err := do(bytes.TrimSuffix(line, []byte("\n"))); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// tail keeps the first and the last line of what a program says, without the name of
// the program.
type tail struct {
	first, last string
	part        []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.part = append(t.part, p...)
	for {
		line, rest, ok := bytes.Cut(t.part, []byte("\n"))
		if !ok {
			break
		}
		_, text, _ := strings.Cut(string(line), ": ")
		if t.last = text; t.first == "" && !strings.HasPrefix(text, "read ") {
			t.first = text
		}
		t.part = rest
	}
	return len(p), nil
}
