package http

import (
	"bufio"
	"cmp"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/archive"
	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// source is one answer.
type source struct {
	*Command
	env  *stage.Env
	url  string // for feed.url
	name string // for people
	emit stage.Emit
}

// send makes the reports of an answer.
func (s *source) send(answer *httpclient.Answer, header http.Header) error {
	head := make([]byte, archive.HeadSize)
	n, err := answer.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return stage.Fatal(err)
	}
	format := archive.Detect(head[:n])
	if format == archive.Zip || s.extract && (format != archive.None || !answer.Unpacked) {
		return s.unpack(answer)
	}
	encoding := ""
	if format == archive.None {
		encoding = charset(header.Get("Content-Type"))
	}
	return s.report("", answer, encoding)
}

// charset is the one that a Content-Type names, unless it is UTF-8 or a part of it.
func charset(contentType string) string {
	_, parameters, _ := mime.ParseMediaType(contentType)
	name := strings.ToLower(strings.TrimSpace(parameters["charset"]))
	switch name {
	case "utf-8", "utf8", "ascii", "us-ascii":
		return ""
	}
	if len(name) > 40 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.:+") != "" {
		return ""
	}
	return name
}

// unpack makes a report of each file in an archive.
func (s *source) unpack(answer *httpclient.Answer) error {
	missing := slices.Clone(s.members)
	limits := archive.Limits{Total: int64(s.MaxUnpacked), Packed: answer.Sent}
	for m, err := range archive.Members(answer, limits) {
		if m.Name == "" && err != nil { // all of it, or a file without a name
			missing = nil
			if err := s.refuse("", err); err != nil {
				return err
			}
			continue
		}
		if s.extract && s.members != nil {
			if m.Name != "" && !slices.Contains(s.members, m.Name) {
				continue
			}
			missing = slices.DeleteFunc(missing, func(name string) bool { return name == m.Name })
		}
		if err == nil {
			err = s.report(m.Name, m, "")
		} else {
			err = s.refuse(m.Name, err)
		}
		if err != nil {
			return err
		}
	}
	if len(missing) > 0 {
		s.env.Warn("%s: not in the archive: %s", s.name, strings.Join(missing, ", "))
	}
	return nil
}

// report makes one report; name is that of a file in an archive.
func (s *source) report(name string, content io.Reader, encoding string) error {
	body := bufio.NewReaderSize(checked{content}, 64<<10)
	if _, err := body.Peek(1); err == io.EOF {
		s.env.Warn("%s: %s is empty", s.name, cmp.Or(name, "the file in the archive"))
		return nil
	} else if err != nil {
		return err
	}
	r := s.head(name)
	r.SetIf("extra.encoding", encoding)
	r.SetBody(body)
	return s.emit(r)
}

// checked reads what has been fetched and checked already: it is not the fault
// of the content if it cannot be read.
type checked struct{ io.Reader }

func (c checked) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = stage.Fatal(err)
	}
	return n, err
}

// refuse puts what cannot be a report into the dump.
func (s *source) refuse(name string, err error) error {
	r := s.head(name)
	r.Fail(err)
	return s.emit(r)
}

func (s *source) head(name string) *event.Message {
	r := event.New(event.Report, s.env.Dictionary)
	r.Set("feed.url", s.url)
	r.SetIf("extra.file_name", name)
	return r
}
