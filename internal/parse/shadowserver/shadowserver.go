// Package shadowserver implements parse-shadowserver.
//
// parse-shadowserver: parse the reports of the Shadowserver Foundation
//
// The type of a report is told by its file name, extra.file_name, such as
// 2026-01-31-scan_http-example.csv; --report-name says it outright, and --feedname
// by the name of the feed. A schema says which field each column of that type
// becomes. One is built in, and knows the 170 types that there were in March 2026.
//
// A newer one, or one of your own, is named with --schema, or lies in the state
// directory as shadowserver-schema.json. It is a schema file of IntelMQ, as it is. A
// file that was replaced is read again before the next report, or at once on SIGHUP;
// one that is broken is refused, and the schema that was read before stays in force.
//
// --update fetches the schema that the Foundation publishes at
//
//	https://interchange.shadowserver.org/intelmq/v1/schema
//
// or that of --from, checks it, and puts it in the place of the old one: of --schema,
// or else of the one in the state directory. Let cron do that, once a day:
//
//	41 5 * * *  parse-shadowserver --update
//
// A column that the schema does not mention becomes extra.COLUMN, and so does
// the text of an optional column that does not fit its field. In such a key a
// letter is lower-case and any other character an underscore; a column without
// a name is extra.column_N, and where two columns would have the same key the
// later one gets a number: extra.tag_2. A row that lacks a required column, or
// has a wrong value in one, goes into the dump.
//
// A report of unknown type is still parsed if it has the columns timestamp and
// ip (or src_ip): what all reports have in common gets its field, the rest goes
// below extra, and the type is undetermined. With --no-fallback, or without
// these columns, it goes into the dump as a whole.
//
// # Examples
//
//	printf 'timestamp,ip,port,protocol\n2026-01-31 10:20:30,192.0.2.1,80,tcp\n' |
//	  parse-shadowserver --file-name scan_http.csv
//	printf 'timestamp,ip,port,protocol\n2026-01-31 10:20:30,192.0.2.1,23,tcp\n' |
//	  parse-shadowserver --feedname Accessible-Telnet
package shadowserver

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"

	"github.com/intelpipe/intelpipe/internal/charset"
	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/durable/disk"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/lookup/database"
	"github.com/intelpipe/intelpipe/internal/parse/shadowserver/schema"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says where the types of reports are described.
type Command struct {
	Feedname   string           `help:"The type of all reports, by the name of the feed (feed_name in the schema). By default the file name tells." placeholder:"NAME"`
	ReportName string           `help:"The type of all reports, by the name that it has in file names, such as scan_http." placeholder:"NAME"`
	Overwrite  bool             `help:"Replace feed.name by the name in the schema."`
	Schema     string           `help:"The schema; by default shadowserver-schema.json in the state directory, or else the built-in one." placeholder:"FILE"`
	Fallback   bool             `help:"Parse reports of unknown type by the columns that all have in common." default:"true"`
	TestMode   bool             `help:"Without --schema, take the built-in one, whatever there is in the state directory. It also knows the types of IntelMQ's tests: test_afs, test_smb and test_telnet."`
	From       string           `help:"With --update, where the schema comes from. By default that is where the Foundation publishes it." placeholder:"URL|FILE"`
	HTTP       httpclient.Flags `embed:""`

	env    *stage.Env
	schema schema.Schema
	stat   os.FileInfo     // of the file that schema was read from
	warned map[string]bool // what was said once
}

// Start reads the schema.
func (c *Command) Start(_ context.Context, env *stage.Env) error {
	c.env, c.schema, c.warned = env, schema.Builtin{}, map[string]bool{}
	if err := c.load(); err != nil {
		return fmt.Errorf("--schema: %w", err)
	}
	return nil
}

// Reload reads the schema again.
func (c *Command) Reload(context.Context) error {
	c.stat = nil
	return c.load()
}

// path is that of the schema file.
func (c *Command) path(env *stage.Env) string {
	return cmp.Or(c.Schema, filepath.Join(env.StateDir, "shadowserver-schema.json"))
}

// load reads the schema file if there is a new one. It looks before each report, and
// not once a second as database.File does: where a report comes once a day, the first
// one shall have the new schema.
func (c *Command) load() error {
	if c.TestMode && c.Schema == "" {
		return nil
	}
	path := c.path(c.env)
	stat, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist) && c.Schema == "":
		return nil
	case err != nil:
		return err
	case c.stat != nil && os.SameFile(stat, c.stat) && stat.ModTime().Equal(c.stat.ModTime()) && stat.Size() == c.stat.Size():
		return nil
	}
	c.stat = stat // a broken one is told of once
	f, err := read(path)
	if err != nil {
		return err
	}
	c.schema = f
	return nil
}

func read(path string) (*schema.File, error) {
	text, err := charset.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := schema.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

const published = "https://interchange.shadowserver.org/intelmq/v1/schema"

// Update fetches a schema.
func (c *Command) Update(ctx context.Context, env *stage.Env) error {
	if c.Schema == "" {
		if err := disk.MkdirAll(env.StateDir, 0o700); err != nil {
			return stage.Fatal(err)
		}
	}
	s := database.Source{URL: cmp.Or(c.From, published), Check: check}
	return s.Update(ctx, env, &c.HTTP, c.path(env))
}

var errNoDate = errors.New("no published schema: it has no _meta.date_created")

// check says what is wrong with a schema that was fetched.
func check(path string) error {
	f, err := read(path)
	if err == nil && f.Created == "" {
		err = errNoDate
	}
	if err == nil {
		err = f.Check()
	}
	return err
}

var format = feed.CSV{Names: true, Skip: func(line []byte) bool { return len(bytes.TrimSpace(line)) == 0 }}

// Process makes an event of each row.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	if err := c.load(); err != nil {
		c.warn(err.Error(), "%v; the schema read before stays in force", err)
	}
	typ, unknown := c.detect(report)
	var plan *schema.Plan
	for row := range feed.Rows(report, emit, format) {
		if plan == nil {
			if typ == nil {
				if typ = c.generic(row.Names); typ == nil {
					return unknown
				}
				c.warn(unknown.Error(), "%s: %v; only the columns that all reports have in common are mapped", report.Place(), unknown)
			}
			var err error
			if plan, err = typ.Plan(c.env.Dictionary, row.Names, c.Overwrite); err != nil {
				return err
			}
			for _, message := range plan.Warnings {
				c.warn(message, "%s: %s", report.Place(), message)
			}
		}
		e := row.Event()
		if plan.Missing != nil {
			e.Fail(plan.Missing)
		} else {
			plan.Fill(e, row.Fields)
		}
		if err := emit(e); err != nil {
			return err
		}
	}
	if typ == nil {
		return unknown
	}
	return nil
}

// warn says something once.
func (c *Command) warn(key, format string, args ...any) {
	if !c.warned[key] {
		c.warned[key] = true
		c.env.Warn(format, args...)
	}
}

// detect finds the type of a report.
func (c *Command) detect(report *event.Message) (*schema.Type, error) {
	if c.Feedname != "" {
		if t, err := c.schema.ByFeed(c.Feedname); t != nil || err != nil {
			return t, err
		}
		c.warn("feedname", "--feedname %s: there is no such feed in the schema, the file name decides", c.Feedname)
	}
	if c.ReportName != "" {
		if t, err := c.schema.ByFile(c.ReportName); t != nil || err != nil {
			return t, err
		}
		c.warn("report-name", "--report-name %s: there is no such type in the schema, the file name decides", c.ReportName)
	}
	file := report.Get("extra.file_name")
	if file == "" {
		return nil, errors.New("the type of the report is not known: it has no extra.file_name, see --file-name and --report-name")
	}
	name, ok := typeName(file)
	if !ok {
		return nil, fmt.Errorf("extra.file_name: %q does not tell the type of the report, as 2026-01-31-scan_http-example.csv would", file)
	}
	t, err := c.schema.ByFile(name)
	if t == nil && err == nil {
		err = fmt.Errorf("the schema has no report type %s", name)
	}
	return t, err
}

// fileName matches an optional date, the type, and whatever the recipient's name
// adds, joined by dashes.
var fileName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:\d{4}-\d{2}-\d{2}-)?(\w+)(?:-\w+)*\.csv$`)
})

// typeName takes the type out of a file name.
func typeName(file string) (string, bool) {
	m := fileName().FindStringSubmatch(file)
	if m == nil {
		return "", false
	}
	return m[1], true
}

// generic returns the type that stands in for an unknown one, if the report
// looks like any of Shadowserver's.
func (c *Command) generic(columns []string) *schema.Type {
	if !c.Fallback || !slices.Contains(columns, "timestamp") {
		return nil
	}
	name := "_event"
	switch {
	case slices.Contains(columns, "ip"):
		name = "_scan"
	case !slices.Contains(columns, "src_ip"):
		return nil
	}
	t, _ := schema.Builtin{}.ByFile(name)
	return t
}
