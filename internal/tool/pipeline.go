package tool

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/process"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// startPipeline starts the pipeline of a source. What comes back is sent to
// s.back, which is closed when nobody is left that could write to it.
func (s *source) startPipeline() error {
	s.alone.Lock()
	defer s.alone.Unlock()
	env := append(s.run.environ(), stage.InPipeline+"="+s.name)
	if again, ok := s.head.cmd.(stage.Replayer); ok {
		env = append(env, stage.InReplay+"="+again.Trail())
	}
	p, err := process.Start(s.words, s.run.process.Stderr, s.alive.File(), env)
	if err != nil {
		return err
	}
	s.process = p
	if s.signalled.Load() {
		s.end.Reset(s.grace)
	}
	s.run.out = newWriter(s)
	go receive(p, s.back)
	return nil
}

// environ is the environment of what this process starts: without the secrets
// of its own flags, and without what tells where in a pipeline it stands itself.
func (r *run) environ() []string {
	private := []string{stage.InPipeline, stage.InReplay}
	for _, n := range r.nodes {
		private = append(private, n.flags.secretVariables()...)
	}
	return slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains(private, name)
	})
}

// keeps says whether a stage of this process keeps anything of a message when
// the stream has ended: it writes it somewhere, or remembers it.
func (r *run) keeps() bool {
	return slices.ContainsFunc(r.nodes, func(n *node) bool {
		_, state := n.cmd.(stage.Committer)
		return state || n.flags.outputFlags != nil || len(n.paths.dest) > 0
	})
}

// receive passes on what a pipeline gives back. A last line without a newline is
// of a stage that died.
func receive(stdout io.Reader, back chan<- answer) {
	defer close(back)
	in := bufio.NewReaderSize(stdout, 64<<10)
	var m event.Message
	for {
		line, err := in.ReadSlice('\n')
		if err != nil && err != bufio.ErrBufferFull {
			return
		}
		text := bytes.TrimSuffix(line, []byte("\n"))
		if err != nil || m.Decode(text) != nil || m.Kind <= event.Report {
			back <- answer{err: dataError(text)}
			io.Copy(io.Discard, in)
			return
		}
		back <- answer{kind: m.Kind, id: m.ID()}
	}
}

// kill ends the pipeline, and takes what is still on its way back.
func (s *source) kill() {
	if s.process == nil {
		return
	}
	go func(back <-chan answer) {
		for range back {
		}
	}(s.back)
	s.process.Kill()
}
