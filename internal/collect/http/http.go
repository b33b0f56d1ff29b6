// Package http implements collect-http.
//
// collect-http: fetch a report by HTTP
//
// What the server sends becomes one report. A zip file becomes one report for
// each file in it, and with --extract-files so does a tar, also a compressed
// one, and what gzip or bzip2 have compressed:
//
//	collect-http --http-url https://lists.blocklist.de/lists/ssh.txt |
//	  parse-blocklistde
//
// An answer is fetched to its end, and an archive checked to its end, before the
// first report is made of it. If the server breaks off, the exit code is 3; if an
// archive is damaged, it is in the dump; in either case nothing of it goes on. An
// answer that is larger than 1 MiB lies in the state directory meanwhile, in a
// file without a name. Its size is limited by --max-download and --max-unpacked
// alone, and what was compressed, by the server or in an archive, may not unpack
// to more than 1000 times what was sent.
//
// With --http-url-formatting the URL holds the time, as in {time[%Y-%m-%d]},
// shifted by json:{"days": -1} or the like. It is UTC unless --timezone says
// otherwise. --dry-run shows the URL on stderr, with its secrets masked, and
// fetches nothing.
//
// An answer that is no success ends collect-http with exit code 3. One that is
// no archive where one has to be, or that leads to something else than http and
// https, or from a public address to a private one, is in the dump, and so is a
// file in an archive whose name is unsafe or that unpacks to too much; the other
// files are delivered. An empty answer is a warning.
//
// Where the URL leads to another host, the line that --verbose prints says to which.
//
// Password, further headers and the client certificate are for the host of the
// URL alone, and not for one that it redirects to. All of a fetch, with redirects
// and retries and to the end of the answer, may take --http-timeout-total.
//
// A feed that wants a key in its URL or in a header gets it from a file, which keeps
// it off the command line: {secret} stands where it belongs, and --http-secret-file
// names the file, whose content takes its place, escaped in a URL.
//
//	collect-http --http-url https://example.org/list.json \
//	  --http-header 'json:{"Auth-Key": "{secret}"}' --http-secret-file key.txt
//
// feed.url is the URL without user and password. The values of parameters that
// look like passwords, keys or tokens are replaced by *** in it, and so is the secret
// of --http-secret-file; --url-secrets names others. A charset in the Content-Type other than UTF-8 becomes the field
// extra.encoding, by which parsers read the report.
//
// With a pipeline of its own, after -- or then, collect-http asks the server only
// for what has changed since the last report that has arrived, by its ETag and
// Last-Modified; if nothing has, there is no report. In a bare pipe nobody tells
// whether a report has arrived, and it is fetched each time.
//
// # Examples
//
//	collect-http --dry-run --http-url 'https://example.org/{time[%Y-%m-%d]}.csv' \
//	  --http-url-formatting 'json:{"days": -1}'
//	collect-http --dry-run --http-url 'https://example.org/list?apikey=secret'
package http

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/client/httpclient"
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
	DryRun            bool                `help:"Show the URL and fetch nothing."`
	httpclient.Flags

	env     *stage.Env
	client  *httpclient.Client
	format  bool
	shift   map[string]any
	zone    *time.Location
	extract bool
	members []string // to take, or all
	moved   string   // where the last answer came from, if that is elsewhere
}

// Start checks the flags.
func (c *Command) Start(ctx context.Context, env *stage.Env) error {
	c.env = env
	var err error
	if c.client, err = c.Client(env); err != nil {
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
	if strings.Contains(text, httpclient.Placeholder) && c.HTTPSecret == "" {
		return errors.New("--http-url has {secret}, which --http-secret-file has to give")
	}
	if u, err := httpclient.Parse(nil, text); err != nil {
		return errors.New("--http-url: not a URL")
	} else if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return errors.New("--http-url: begins with neither http:// nor https://")
	}
	if c.DryRun && env.Pipeline != nil {
		return errors.New("--dry-run: not with a pipeline after -- or then, which waits for what is fetched")
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
	return httpclient.FormatURL(c.HTTPURL, c.format, c.shift, c.env.Now().In(c.zone))
}
