// Package http implements collect-http.
//
// collect-http: fetch a report by HTTP
//
// What the server sends becomes one report. A zip file becomes one report for
// each file in it, and with --extract-files so does a tar, also a compressed
// one, and what gzip or bzip2 have compressed. Reports have no limit in size
// other than --max-download and --max-unpacked, and are not in memory as a
// whole. If the server breaks off, the stream breaks too, with exit code 3, and
// nobody takes the half report for a whole one.
//
// With --http-url-formatting the URL holds the time, as in {time[%Y-%m-%d]},
// shifted by json:{"days": -1} or the like. It is UTC unless --timezone says
// otherwise.
//
// An answer that is no success ends collect-http with exit code 3. One that is
// no archive where one has to be, or that leads to something else than http and
// https, is in the dump, and so is a file in an archive whose name is unsafe or
// that unpacks to too much; the others are delivered. An empty answer is a
// warning.
//
// With a pipeline of its own, after -- or then, collect-http asks the server only
// for what has changed since the last report that has arrived, by its ETag and
// Last-Modified; if nothing has, there is no report. In a bare pipe nobody tells
// whether a report has arrived, and it is fetched each time.
//
// # Examples
//
//	printf '192.0.2.4\n' > ssh.txt
//	serve . sh -c 'collect-http --http-url $SERVER/ssh.txt --name "SSH attacks"'
//	serve . sh -c 'collect-http --http-url $SERVER/ssh.txt -- \
//	  sh -c "parse-blocklistde | output-file --file events.ndjson"'
package http

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/archive"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/httpclient"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command is collect-http.
type Command struct {
	HTTPURL           string              `name:"http-url" help:"What to fetch." placeholder:"URL" required:""`
	HTTPURLFormatting harmonization.Value `name:"http-url-formatting" help:"Put the time into the URL: true, or an object that shifts it." placeholder:"true|json:{…}" default:"false"`
	Timezone          string              `help:"Time zone of the time in the URL, such as Europe/Vienna; Local is that of the machine." placeholder:"ZONE" default:"UTC"`
	ExtractFiles      harmonization.Value `help:"Unpack archives: true, or the names of the files to take." placeholder:"true|NAME,…" default:"false"`
	MaxDownload       stage.Size          `help:"The largest answer that is accepted." placeholder:"SIZE" default:"64GiB"`
	MaxUnpacked       stage.Size          `help:"How much an archive may unpack to." placeholder:"SIZE" default:"64GiB"`
	httpclient.Flags

	client  *httpclient.Client
	format  bool
	shift   map[string]any
	zone    *time.Location
	extract bool
	members []string // to take, or all
}

// Start checks the flags.
func (c *Command) Start(ctx context.Context) error {
	var err error
	if c.client, err = c.Client(stage.From(ctx).Warn); err != nil {
		return err
	}
	if c.format, c.shift, err = formatting(c.HTTPURLFormatting); err != nil {
		return fmt.Errorf("--http-url-formatting: %w", err)
	}
	if c.extract, c.members, err = selection(c.ExtractFiles); err != nil {
		return fmt.Errorf("--extract-files: %w", err)
	}
	if c.zone, err = time.LoadLocation(c.Timezone); err != nil {
		return fmt.Errorf("--timezone: %w", err)
	}
	text, err := c.url(ctx)
	if err != nil {
		return fmt.Errorf("--http-url: %w", err)
	}
	if u, err := url.Parse(text); err != nil {
		return errors.New("--http-url: not a URL")
	} else if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return errors.New("--http-url: begins with neither http:// nor https://")
	}
	return nil
}

// formatting reads a boolean, or an object that shifts the time.
func formatting(v harmonization.Value) (enabled bool, shift map[string]any, err error) {
	switch v.Kind {
	case harmonization.Null:
		return false, nil, nil
	case harmonization.Compound:
		if err := json.Unmarshal([]byte(v.Text), &shift); err == nil {
			return true, shift, nil
		}
	case harmonization.Boolean, harmonization.String:
		if enabled, err = strconv.ParseBool(v.Text); err == nil || v.Text == "" {
			return enabled, nil, nil
		}
	}
	return false, nil, fmt.Errorf("%q: true, false or an object such as json:{\"days\": -1} is expected", v.Text)
}

// selection reads a boolean, or names of files.
func selection(v harmonization.Value) (extract bool, members []string, err error) {
	switch v.Kind {
	case harmonization.Null:
		return false, nil, nil
	case harmonization.Boolean:
		return v.Text == "true", nil, nil
	case harmonization.String:
		if b, err := strconv.ParseBool(v.Text); err == nil || v.Text == "" {
			return b, nil, nil
		}
		for name := range strings.SplitSeq(v.Text, ",") {
			members = append(members, strings.TrimSpace(name))
		}
		return true, members, nil
	case harmonization.Compound:
		if err := json.Unmarshal([]byte(v.Text), &members); err == nil {
			return len(members) > 0, members, nil
		}
	}
	return false, nil, fmt.Errorf("%q: true, false, names separated by commas, or a list such as json:[\"a\"] is expected", v.Text)
}

func (c *Command) url(ctx context.Context) (string, error) {
	return httpclient.FormatURL(c.HTTPURL, c.format, c.shift, stage.From(ctx).Now().In(c.zone))
}

// Collect fetches the report.
func (c *Command) Collect(ctx context.Context, emit stage.Emit) error {
	text, err := c.url(ctx)
	if err != nil {
		return err
	}
	s := &source{Command: c, env: stage.From(ctx), url: public(text), emit: emit}
	answer, err := c.client.Get(ctx, text, c.condition(ctx, text))
	if errors.Is(err, httpclient.ErrRedirect) {
		// It is an answer, and a bad one. The URL is said anyway.
		return s.refuse("", errors.New(strings.TrimPrefix(err.Error(), s.url+": ")))
	} else if unchanged(err) {
		return nil
	} else if err != nil {
		return err
	}
	defer answer.Body.Close()
	body := bufio.NewReaderSize(&breaking{r: answer.Body, limit: int64(c.MaxDownload)}, 64<<10)
	head, err := body.Peek(archive.HeadSize)
	if err != nil && err != io.EOF {
		return err
	}
	if len(head) == 0 {
		s.env.Warn("%s: the answer is empty", s.url)
		return nil
	}
	return stage.Deliver(ctx, stage.Window{Name: s.url, State: c.version(text, answer.Header)}, func() error {
		if c.extract || archive.Detect(head) == archive.Zip {
			return s.unpack(body)
		}
		return s.report("", body)
	})
}

// public is the URL without user and password.
func public(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.User == nil {
		return text
	}
	u.User = nil
	return u.String()
}

// source is one answer.
type source struct {
	*Command
	env  *stage.Env
	url  string
	emit stage.Emit
}

// unpack makes a report of each file in an archive.
func (s *source) unpack(body io.Reader) error {
	missing := slices.Clone(s.members)
	for m, err := range archive.Members(body, archive.Limits{Total: int64(s.MaxUnpacked)}) {
		if s.extract && s.members != nil {
			if m.Name != "" && !slices.Contains(s.members, m.Name) {
				continue
			}
			missing = slices.DeleteFunc(missing, func(name string) bool { return name == m.Name })
		}
		if err == nil {
			err = s.report(m.Name, m)
		} else if !stage.IsFatal(err) {
			err = s.refuse(m.Name, err)
		}
		if err != nil {
			return err
		}
	}
	if len(missing) > 0 {
		s.env.Warn("%s: not in the archive: %s", s.url, strings.Join(missing, ", "))
	}
	return nil
}

// report makes one report; name is that of a file in an archive.
func (s *source) report(name string, content io.Reader) error {
	body := bufio.NewReaderSize(content, 4<<10)
	if _, err := body.Peek(1); err == io.EOF {
		s.env.Warn("%s: %s is empty", s.url, name)
		return nil
	} else if stage.IsFatal(err) {
		return err
	} else if err != nil {
		return s.refuse(name, err)
	}
	r := s.head(name)
	r.SetBody(body)
	return s.emit(r)
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

// breaking makes an error of the network one that breaks the stream: half a
// report must not pass for a whole one. An answer that is too large is only
// the fault of that answer.
type breaking struct {
	r     io.Reader
	limit int64 // in bytes
	n     int64
}

func (b *breaking) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err != nil && err != io.EOF {
		err = stage.Fatal(err)
	}
	if b.n += int64(n); b.n > b.limit {
		err = errors.New("the answer is larger than --max-download")
	}
	return n, err
}
