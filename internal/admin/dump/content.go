package dump

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/event/rawtext"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// headBytes is where the content of a report has to have begun.
const headBytes = 64 << 10

// message makes a message of an entry. When it is not needed any longer done is
// called.
func (e *entry) message(dictionary *harmonization.Dictionary) (m *event.Message, done func(), err error) {
	m, done = event.New(event.Event, dictionary), func() {}
	switch text, err := e.Text(); {
	case err != nil:
		return m, done, err
	case e.Cut:
		return m, done, errors.New("only a part of it was kept")
	case e.Kept == "":
		if err := m.Decode(text); err != nil {
			return m, done, err
		}
		if m.Kind > event.Report {
			return m, done, errors.New("a control line is no message")
		}
		return m, done, nil
	}
	f, err := openKept(e)
	if err != nil {
		return m, done, err
	}
	done = func() { f.Close() }
	head := make([]byte, headBytes)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.ErrUnexpectedEOF {
		return m, done, err
	}
	at := m.DecodeHead(head[:n])
	if at == 0 {
		return m, done, errors.New("too long for a message that is no report")
	}
	m.SetBody(rawtext.NewReader(io.NewSectionReader(f, int64(at), e.Bytes-int64(at))))
	return m, done, nil
}

// content is what people change of an entry: of a report its content, decoded,
// and of anything else all of it.
type content struct {
	text   []byte
	report *event.Message // nil: text is the line itself
}

func (e *entry) content() (content, error) {
	if e.Kept != "" {
		return content{}, fmt.Errorf("too large to be edited: dump show --raw %s %v prints its content", e.dump, e.ID)
	}
	text, err := e.Text()
	if err != nil {
		return content{}, err
	}
	m := event.New(event.Event, nil)
	if m.Decode(text) != nil || !m.Has("raw") || m.Kind != event.Report && !strings.HasPrefix(e.Command, "parse-") && !strings.HasPrefix(e.Command, "collect-") {
		return content{text: text}, nil
	}
	raw, err := io.ReadAll(m.Raw())
	if err != nil {
		return content{text: text}, nil
	}
	return content{text: raw, report: m}, nil
}

// replace returns the message with another text. A line feed at the end that
// was not there is of the editor.
func (c content) replace(text []byte) ([]byte, error) {
	if !bytes.HasSuffix(c.text, []byte("\n")) {
		text = bytes.TrimSuffix(text, []byte("\n"))
	}
	if c.report == nil {
		if bytes.ContainsAny(text, "\r\n") && !bytes.ContainsAny(c.text, "\r\n") {
			return nil, errors.New("a message has to stay on one line")
		}
		return text, nil
	}
	c.report.SetRaw(text)
	return c.report.Append(nil), nil
}

// edit makes another entry of e: command, which a shell runs, reads its content
// and writes what it is to be.
func (e *entry) edit(env *stage.Env, command string) error {
	c, err := e.content()
	if err != nil {
		return err
	}
	cmd := exec.Command("sh", "-c", command)
	cmd.Env, cmd.Stdin, cmd.Stderr = env.Environ(), bytes.NewReader(c.text), env.Stderr
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("--edit: %w", err)
	}
	if bytes.Equal(text, c.text) {
		return nil
	}
	if text, err = c.replace(text); err == nil {
		e.SetText(text)
	}
	return err
}
