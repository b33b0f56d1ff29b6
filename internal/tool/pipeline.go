package tool

import (
	"bufio"
	"bytes"
	"io"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/process"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// startPipeline starts the pipeline of a source. What comes back is sent to
// s.back, which is closed when nobody is left that could write to it.
func (s *source) startPipeline() error {
	var err error
	s.process, err = process.Start(s.words, s.run.process.Stderr, s.alive.File(), stage.InPipeline+"="+s.name)
	if err == nil {
		s.run.out = newWriter(s.process.Stdin)
		go receive(s.process.Stdout, s.back)
	}
	return err
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
