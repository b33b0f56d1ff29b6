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
	var head []string
	if c.SkipTableHead && len(rows) > 0 {
		for _, name := range scrape.Elements(rows[0], "th", "td") {
			head = append(head, scrape.Text(name))
		}
		above += scrape.Source(rows[0])
		rows = rows[1:]
	}
	if len(rows) == 0 {
		return nil
	}
	plan, err := c.planFor(head)
	if err != nil {
		return err
	}
	for _, row := range rows {
		var cells []string
		for _, cell := range scrape.Elements(row, "td") {
			cells = append(cells, strings.TrimSpace(scrape.Text(cell)))
		}
		e := feed.Event(report, scrape.Source(row))
		if !plan.Fill(e, cells) {
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
