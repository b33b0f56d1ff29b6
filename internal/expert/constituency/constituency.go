// Package constituency implements expert-constituency.
//
// expert-constituency: add who is responsible for an address, an AS, a domain or a country
//
// A table says who is responsible for what. It is CSV with a header, or JSON: objects, one a
// line or in an array. Four columns say what a row is for: network (a network, an address or
// a range of addresses), asn, domain (itself and all below it) and cc (a country's code).
// A row may have several of them and is for each; in JSON each may be an array. The other
// columns are what the row adds:
//
//	network,asn,domain,cc,constituency,abuse_contact
//	192.0.2.0/24,,,,government,cert@example.org
//	,64496,,,energy,abuse@example.net
//	,,example.com,,energy,abuse@example.com
//	,,,AT,national,team@example.at
//
// For the source of an event the row is looked for by source.ip, then source.asn, then
// source.fqdn, then source.geolocation.cc. The first that is found counts. Of several
// networks, or of several domains, it is the longest. The same goes for the destination.
//
// A column may have the name of a field, as constituency or extra.team; one that begins with
// source. or destination. is for that side alone. The name of a field without its side, as
// abuse_contact, is source.abuse_contact for the source and destination.abuse_contact for
// the destination. Any other name without a dot, as team, is a field below extra.
// An empty cell adds nothing. Fields that are there already stay, unless --overwrite is
// given; where both sides have a row for the same field, that of the source counts.
//
// The field of --line-field says which line it was: the name of the table, a colon, and the
// line. If both sides have a row, these are two, with a comma in between.
//
// A network, AS, domain or country that stands in two rows, a value that does not fit its
// field, and a column that is no field are errors. A table that is replaced is taken within
// two seconds, or at once on SIGHUP; a broken one is refused, and the old one stays.
//
// Reading a million rows of text takes seconds. --update makes a compiled table of --from, a
// file or a URL, and puts it in the place of the old one. That is ready at once, and all
// processes that use the same file share its memory. Replace it in one step, as --update and
// mv do: events fail while somebody writes into the file itself.
//
// # Examples
//
//	printf 'network,constituency\n192.0.2.0/24,government\n' > who.csv
//	echo '{"source.ip":"192.0.2.7"}' | expert-constituency --database who.csv
//	expert-constituency --database who.db --from who.csv --update
//	echo '{"source.ip":"192.0.2.7"}' | expert-constituency --database who.db
package constituency

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/internal/client/httpclient"
	"github.com/intelpipe/intelpipe/internal/constituencies"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/lookup/database"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says where the table is.
type Command struct {
	Database  string           `help:"The table: CSV, JSON, or a compiled one." placeholder:"FILE" required:""`
	Delimiter string           `help:"The character between two columns of CSV; \\t is a tab." default:","`
	LineField string           `help:"The field that says which line of which table was found; false for none." default:"extra.constituency_line" placeholder:"FIELD|false" field:"event,false"`
	Sides     []string         `help:"The sides of an event to look up." enum:"source,destination" default:"source,destination" placeholder:"source|destination,…"`
	From      string           `help:"With --update, what the table is made of." placeholder:"URL|FILE"`
	HTTP      httpclient.Flags `embed:""`
	event.Overwrite

	sides []side
	*database.File[loaded]
}

// Start reads the constituencies.
func (c *Command) Start(_ context.Context, env *stage.Env) (err error) {
	for i, s := range sides {
		for _, name := range c.Sides {
			if s.name == name {
				c.sides = append(c.sides, sides[i])
			}
		}
	}
	c.File, err = database.Open(env, c.Database, func(path string) (loaded, error) { return load(path, c.Delimiter, env.Dictionary) })
	return err
}

// Process looks both sides up.
func (c *Command) Process(_ context.Context, m *event.Message, emit stage.Emit) error {
	t := c.Get()
	if err := t.use(func() error { return c.add(t, m) }); err != nil {
		return err
	}
	return emit(m)
}

// add adds what the rows of both sides say.
func (c *Command) add(t *loaded, m *event.Message) error {
	lines := ""
	var room [8]string
	written := room[:0] // for the source: the destination leaves these fields alone
	for i := range c.sides {
		s := &c.sides[i]
		row, ok := s.find(t.Table, m)
		if !ok {
			continue
		}
		err := t.Cells(row, func(cell constituencies.Cell) error {
			field := t.fields[cell.Column][s.index]
			if field == "" || !c.Wants(m, field) || slices.Contains(written, field) {
				return nil
			}
			written = append(written, field)
			return set(m, field, cell)
		})
		if err != nil {
			return fmt.Errorf("%s: %w", c.Database, err)
		}
		if c.LineField != "false" {
			lines = with(lines, t.Source+":"+strconv.Itoa(t.Line(row)))
		}
	}
	if lines != "" && c.Wants(m, c.LineField) {
		m.Set(c.LineField, lines)
	}
	return nil
}

// with adds a line to lines, unless it is the same.
func with(lines, line string) string {
	if lines == "" || lines == line {
		return line
	}
	return lines + "," + line
}

func set(m *event.Message, field string, cell constituencies.Cell) error {
	if !cell.JSON {
		m.Set(field, cell.Text)
		return nil
	}
	v, err := event.ParseValue(cell.Text)
	if err == nil {
		m.SetValue(field, v)
	}
	return err
}

// side has the names of the fields of one side.
type side struct {
	index                   int
	name, ip, asn, fqdn, cc string
}

var sides = [...]side{
	{0, "source", "source.ip", "source.asn", "source.fqdn", "source.geolocation.cc"},
	{1, "destination", "destination.ip", "destination.asn", "destination.fqdn", "destination.geolocation.cc"},
}

// find finds the row of one side.
func (s *side) find(t *constituencies.Table, m *event.Message) (row int, ok bool) {
	if text := m.Get(s.ip); text != "" {
		if a, err := netip.ParseAddr(text); err == nil {
			if row, ok = t.Address(a.WithZone("").Unmap()); ok {
				return row, true
			}
		}
	}
	if text := m.Get(s.asn); text != "" {
		if row, ok = t.Find(constituencies.ASN, text); ok {
			return row, true
		}
	}
	if text := m.Get(s.fqdn); text != "" {
		if row, ok = t.Suffix(strings.ToLower(text)); ok {
			return row, true
		}
	}
	if text := m.Get(s.cc); text != "" {
		return t.Find(constituencies.Country, strings.ToUpper(text))
	}
	return 0, false
}
