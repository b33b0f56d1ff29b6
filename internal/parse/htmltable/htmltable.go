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
// Where the first row names the columns, --columns may say NAME=FIELD for those
// that are wanted, in any order; a number counts columns from 1. A page whose
// table lacks one of them fails. --convert says how the values of one column are
// read: COLUMN is its name or number in --columns, or the field, and STEPS are
// those of parse-csv(1).
//
// The table is the first one of the page, the one of --table-index, counted from
// 0, or the first one with the attribute --attribute-name, of --attribute-value.
// Pages need not be valid HTML: they are read as browsers read them.
//
// # Examples
//
//	echo '<table><tr><th>Host</th><tr><td>192.0.2.1</table>' |
//	  parse-html-table --columns 'source.ip|source.fqdn'
//	echo '<table><tr><th>Seen<th>Host<tr><td>24.11.2026<td>192.0.2.1</table>' |
//	  parse-html-table --columns Host=source.ip,Seen=time.source \
//	  --convert 'Seen=date %d.%m.%Y'
//	echo '<table id="hosts"><tr><td>192.0.2.1<td>conficker</table>' |
//	  parse-html-table --attribute-name id --attribute-value hosts \
//	  --no-skip-table-head --columns source.ip,malware.name
//
//intelpipe:full
package htmltable

import (
	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/columns"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/timeformat"
)

// Command says which table is meant, and which fields its columns become.
type Command struct {
	Columns            []string `help:"The field for each column, a|b for alternatives, empty or __IGNORE__ for none; or NAME=FIELD by the first row." default:",source.fqdn" placeholder:"FIELD,…" field:"event,columns,named,newer,group"`
	Convert            []string `help:"How to read the values of a column. May be given several times." placeholder:"COLUMN=STEPS" sep:"none"`
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

	dictionary *harmonization.Dictionary
	times      timeformat.Converter
	columns    columns.List
	byName     bool       // columns are found by the first row
	plan       *feed.Plan // if columns go by number
}
