// Package htmltable implements parse-html-table.
//
// parse-html-table: parse a table of a web page, with a field for each column
//
// --columns names the field for each column of the table. An empty name, or
// __IGNORE__, leaves the column out; names joined by | are tried in turn until
// the value fits one (source.ip|source.fqdn). A row fails, and goes into the
// dump, if a value fits none of its column's fields. A cell that is empty, - or
// N/A has no value, and neither has one that is the text of --ignore-values for
// its column. A row without any value makes no event.
//
// The table is the first one of the page, the one of --table-index, counted from
// 0, or the first one with the attribute --attribute-name, of --attribute-value.
// Pages need not be valid HTML: they are read as browsers read them.
//
// # Examples
//
//	echo '<table><tr><th>Host</th><tr><td>192.0.2.1</table>' |
//	  parse-html-table --columns 'source.ip|source.fqdn'
//	echo '<table id="hosts"><tr><td>192.0.2.1<td>conficker</table>' |
//	  parse-html-table --attribute-name id --attribute-value hosts \
//	  --no-skip-table-head --columns source.ip,malware.name
//
//intelpipe:full
package htmltable

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/net/html"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/scrape"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says which table is meant, and which fields its columns become.
type Command struct {
	Columns            []string `help:"The field for each column; empty or __IGNORE__ for none, a|b for alternatives." default:",source.fqdn" placeholder:"FIELD,…" field:"event,columns,newer,group"`
	IgnoreValues       []string `help:"For each column the text that is no value." placeholder:"TEXT,…"`
	AttributeName      string   `help:"Take only tables with this attribute." placeholder:"NAME"`
	AttributeValue     string   `help:"The value of the attribute; of a class, any one of them." placeholder:"TEXT"`
	TableIndex         int      `help:"Which of these tables, counted from 0." default:"0" placeholder:"N"`
	SkipTableHead      bool     `help:"Leave out the first row." default:"true"`
	SplitColumn        string   `help:"Take one part of the values for this field." placeholder:"FIELD" field:"event,newer"`
	SplitSeparator     string   `help:"What stands between the parts; white space if it is not given." placeholder:"TEXT"`
	SplitIndex         int      `help:"Which part, counted from 0." default:"0" placeholder:"N"`
	DefaultUrlProtocol string   `help:"What to put before a URL that has no protocol." default:"http://" placeholder:"PROTOCOL"`
	TimeFormat         string   `help:"How times are written: timestamp, windows_nt, epoch_millis, utc_isoformat, from_format|…, from_format_midnight|… or fuzzy." placeholder:"FORMAT"`
	Type               string   `help:"The classification.type of rows that have none." default:"c2-server" placeholder:"TYPE" vocabulary:"classification.type"`
	HtmlParser         string   `help:"Without effect: pages are read as browsers read them." default:"html.parser" enum:"html.parser,lxml" hidden:""`

	plan *feed.Plan
}

// maxPage bounds a page, in bytes.
const maxPage = 64 << 20

// Process makes an event of each row.
func (c *Command) Process(_ context.Context, report *event.Message, emit stage.Emit) error {
	page, err := feed.Text(report, maxPage)
	if err != nil || strings.TrimSpace(page) == "" {
		return err
	}
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return err
	}
	table, err := c.find(root)
	if err != nil {
		return err
	}
	rows := scrape.Elements(table, "tr")
	above := strings.Repeat(c.open()+"</table>", c.TableIndex) + c.open()
	if c.SkipTableHead && len(rows) > 0 {
		above += scrape.Source(rows[0])
		rows = rows[1:]
	}
	for _, row := range rows {
		var cells []string
		for _, cell := range scrape.Elements(row, "td") {
			cells = append(cells, strings.TrimSpace(scrape.Text(cell)))
		}
		e := feed.Event(report, scrape.Source(row))
		if !c.plan.Fill(e, cells) {
			e.Release()
			continue
		}
		if e.Err() != nil {
			feed.Dump(e, above+scrape.Source(row)+"</table>")
		}
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

// find returns the table that is meant.
func (c *Command) find(root *html.Node) (*html.Node, error) {
	n := 0
	for _, table := range scrape.Elements(root, "table") {
		if !c.selected(table) {
			continue
		}
		if n == c.TableIndex {
			return table, nil
		}
		n++
	}
	what := "tables"
	if c.AttributeName != "" {
		what = fmt.Sprintf("tables with %s=%q", c.AttributeName, c.AttributeValue)
	}
	return nil, fmt.Errorf("the page has %d %s, and --table-index is %d, counted from 0", n, what, c.TableIndex)
}

// open is the beginning of such a table.
func (c *Command) open() string {
	if c.AttributeName == "" {
		return scrape.Tag("table")
	}
	return scrape.Tag("table", html.Attribute{Key: c.AttributeName, Val: c.AttributeValue})
}

func (c *Command) selected(table *html.Node) bool {
	if c.AttributeName == "" {
		return true
	}
	for _, a := range table.Attr {
		if a.Key != c.AttributeName {
			continue
		}
		if a.Val == c.AttributeValue {
			return true
		}
		for class := range strings.FieldsSeq(a.Val) {
			if a.Key == "class" && class == c.AttributeValue {
				return true
			}
		}
	}
	return false
}
