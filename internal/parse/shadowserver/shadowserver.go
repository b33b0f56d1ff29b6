// Package shadowserver implements parse-shadowserver.
//
// parse-shadowserver: parse the reports of the Shadowserver Foundation
//
// The type of a report is told by its file name, extra.file_name, such as
// 2026-01-31-scan_http-example.csv; --feedname says it outright by the name of
// the feed. A schema says which field each column of that type becomes. The
// Foundation publishes one at
//
//	https://interchange.shadowserver.org/intelmq/v1/schema
//
// Keep it as shadowserver-schema.json in the state directory, or name it with
// --schema; a file that was replaced is read again before the next report.
// Without either, a small built-in schema serves that knows the most frequent
// types.
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
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"

	"github.com/intelpipe/intelpipe/internal/charset"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says where the types of reports are described.
type Command struct {
	Feedname  string `help:"The type of all reports, by the name of the feed (feed_name in the schema). By default the file name tells." placeholder:"NAME"`
	Overwrite bool   `help:"Replace feed.name by the name in the schema."`
	Schema    string `help:"The schema; by default shadowserver-schema.json in the state directory, or else the built-in one." placeholder:"FILE"`
	Fallback  bool   `help:"Parse reports of unknown type by the columns that all have in common." default:"true"`
	TestMode  bool   `help:"Without effect; for configurations that have it."`

	env     *stage.Env
	schema  *schema
	builtin *schema
	stat    os.FileInfo     // of the file that schema was read from
	warned  map[string]bool // what was said once
}

// Start reads the schema.
func (c *Command) Start(_ context.Context, env *stage.Env) error {
	c.env, c.warned = env, map[string]bool{}
	if err := c.load(); err != nil {
		return fmt.Errorf("--schema: %w", err)
	}
	return nil
}

// load reads the schema file if there is a new one.
func (c *Command) load() (err error) {
	env := c.env
	path := c.Schema
	if path == "" {
		path = filepath.Join(env.StateDir, "shadowserver-schema.json")
	}
	stat, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist) && c.Schema == "":
		if c.schema == nil {
			c.schema, err = c.fallback(env)
			return err
		}
		return nil
	case err != nil:
		return err
	case c.stat != nil && stat.ModTime().Equal(c.stat.ModTime()) && stat.Size() == c.stat.Size():
		return nil
	}
	text, err := charset.ReadFile(path)
	if err != nil {
		return err
	}
	c.stat = stat
	s, err := parseSchema(text, env.Dictionary, c.Overwrite)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	c.schema = s
	return nil
}

// fallback returns the built-in schema.
func (c *Command) fallback(env *stage.Env) (s *schema, err error) {
	if c.builtin == nil {
		if c.builtin, err = parseSchema([]byte(builtin), env.Dictionary, c.Overwrite); err != nil {
			return nil, err
		}
		c.builtin.lenient = true
	}
	return c.builtin, nil
}

var format = feed.CSV{Names: true, Skip: func(line []byte) bool { return len(bytes.TrimSpace(line)) == 0 }}

// Process makes an event of each row.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	if err := c.load(); err != nil {
		c.warn(err.Error(), "%v; the schema read before stays in force", err)
	}
	typ, unknown := c.detect(report)
	var plan *feed.Plan
	var missing error
	for row := range feed.Rows(report, emit, format) {
		if plan == nil {
			if typ == nil {
				if typ = c.generic(row.Names); typ == nil {
					return unknown
				}
				c.warn(unknown.Error(), "%s: %v; only the columns that all reports have in common are mapped", report.Place(), unknown)
			}
			var warnings []string
			var err error
			if plan, warnings, missing, err = typ.compile(row.Names, c.env.Dictionary); err != nil {
				return err
			}
			for _, message := range warnings {
				c.warn(message, "%s: %s", report.Place(), message)
			}
		}
		e := row.Event()
		if missing != nil {
			e.Fail(missing)
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
func (c *Command) detect(report *event.Message) (*reportType, error) {
	if c.Feedname != "" {
		if r, err := c.schema.reportType(c.schema.feeds[c.Feedname]); r != nil || err != nil {
			return r, err
		}
		c.warn("feedname", "--feedname %s: there is no such feed in the schema, the file name decides", c.Feedname)
	}
	file := report.Get("extra.file_name")
	if file == "" {
		return nil, errors.New("the type of the report is not known: it has no extra.file_name, see --file-name and --feedname")
	}
	name, ok := typeName(file)
	if !ok {
		return nil, fmt.Errorf("extra.file_name: %q does not tell the type of the report, as 2026-01-31-scan_http-example.csv would", file)
	}
	r, err := c.schema.reportType(c.schema.files[name])
	if r == nil && err == nil {
		err = fmt.Errorf("the schema has no report type %s", name)
	}
	return r, err
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
func (c *Command) generic(columns []string) *reportType {
	if !c.Fallback || !slices.Contains(columns, "timestamp") {
		return nil
	}
	s, err := c.fallback(c.env)
	if err != nil {
		return nil
	}
	name := "_event"
	switch {
	case slices.Contains(columns, "ip"):
		name = "_scan"
	case !slices.Contains(columns, "src_ip"):
		return nil
	}
	r, _ := s.reportType(s.files[name])
	return r
}
