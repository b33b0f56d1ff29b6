// Package csv implements parse-csv.
//
// parse-csv: parse tables, with a field for each column
//
// --columns names the field for each column of a row. An empty name, or
// __IGNORE__, leaves the column out; names joined by | are tried in turn until
// the value fits one (source.ip|source.fqdn). Columns of the row beyond those
// are left out. Blank lines and lines that begin with # are no rows.
//
// A row fails as a whole, and goes into the dump, if a value fits none of its
// column's fields. With --columns-required false for a column, a value that
// does not fit is left out instead. A value that is empty, - or N/A is not known
// and never wrong, and neither is one that is missing at the end of a row. A
// time that cannot be read and a field that two columns set make any row fail.
// A row of blank columns makes no event; one of which all values are left out
// fails.
//
// classification.type may come from a column, by way of --type-translation,
// whose values are types and whose keys are what the feed writes. --type is the
// type of rows that got none from a column.
//
// With --decimal-comma the columns of number fields, and those of --data-type,
// have numbers as much of Europe writes them, with a comma before the fraction and
// dots between the thousands.
//
// --compose-fields makes fields of several columns: {0} stands for the first
// column of the row, {1} for the second, {{ for a brace.
//
// # Columns by name
//
// Where the first row names the columns, --columns may say NAME=FIELD for those
// that are wanted, in any order. NAME is compared with the header without the
// blanks around it; a number counts columns from 1. A report whose header lacks
// one of these columns fails as a whole, unless --columns-required is false for
// it. With --header and without --columns, each column that is named like a field
// becomes that field. --compose-fields then takes names as well: {NAME}. With
// --skip-header N the header follows N lines of something else.
//
// Where columns go by number, --skip-header auto leaves out rows that name the
// columns, for feeds that have a header today and not tomorrow, and for files that
// were put together: none of the values is an address, name, URL, number, time or
// hash, and at least one is a word by which columns are known, such as ip or time.
//
// # Guessing
//
// --guess FILE looks at the first mebibyte of a file and prints a command line
// that may fit it, on a line of its own that a shell can run. Below, in lines
// that begin with #, it shows what each column seems to be, what the first
// rows become, what would fail and why, and what is uncertain: dates such as
// 02/03/2026, times without a zone, encodings. Flags that stand beside --guess
// are kept: give it --timezone, --type, --encoding, --delimiter or --day-first
// where you know better. Nothing is changed, and the exit code is 0; it is 2
// if the file cannot be read or is no table. - is stdin.
//
// # How values are read
//
// --convert COLUMN=STEPS says so for one column, in place of --time-format. COLUMN
// is a name in the header, a number or a field of --columns. Several STEPS are
// separated by |, and each is one of
//
//	time FORMAT            a time in the form of strptime, such as %d.%m.%Y %H:%M
//	time FORMAT in ZONE    the same in a zone, such as Europe/Berlin or +02:00
//	time, time in ZONE     a time in any form
//	date FORMAT            the same without the time of day
//	utc                    a time in any form, in UTC if it names no zone
//	epoch, millis          seconds since 1970; seconds or milliseconds
//	windows                units of 100 ns since 1601
//	int, float             a number
//	comma                  the number 1234.5 for 1.234,5
//	hex                    a number written 0x1f, or 1f
//	bool                   yes, no, true, false, y, n, 1, 0; no value for all else
//	not TEXT, nonzero      no value if it is TEXT, or 0
//	lower, upper           letters
//	trim CHARS             without these, or white space, at both ends
//	before TEXT            what stands before the first TEXT, or all
//	after TEXT             what stands behind the first TEXT, or nothing
//	last TEXT              what stands behind the last TEXT, or all
//	word                   the first word
//	add TEXT               with TEXT behind it
//	refang                 http://example.org for hxxp://example[.]org
//	url PREFIX             with PREFIX, or http://, before it if it has no protocol
//	scheme, host, port     a part of a URL, or of host:port
//	asn                    64500 for AS64500
//	ip, network, fqdn      no value if it is none; a network has a /
//	list TEXT              a list of what stands between TEXT, or between commas
//	json                   what JSON text says
//
// # Examples
//
//	printf '192.0.2.1,80\n' |
//	  parse-csv --columns source.ip,source.port --type scanner
//	printf 'Address,Seen\n192.0.2.1,24.11.2026 18:05\n' |
//	  parse-csv --columns 'Address=source.ip,Seen=time.source' \
//	  --convert 'Seen=time %d.%m.%Y %H:%M in Europe/Berlin'
//	printf 'ip;port\n192.0.2.1;80\n' > list.csv && parse-csv --guess list.csv
package csv

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/columns"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Command says how rows are written and which fields the columns become.
type Command struct {
	Columns            []string            `help:"The field for each column, a|b for alternatives, empty or __IGNORE__ for none; or NAME=FIELD by the header." placeholder:"FIELD,…" field:"event,columns,named,newer,group"`
	ColumnsRequired    booleans            `help:"Whether a value that does not fit makes the row fail (true, the default) or is left out." placeholder:"BOOL,…"`
	ColumnRegexSearch  stage.Object        `help:"Take only what the regular expression finds in the values for a field." placeholder:"json:{FIELD:REGEX}" field:"event,newer,group"`
	ComposeFields      stage.Object        `help:"Fields made of several columns." placeholder:"json:{FIELD:TEMPLATE}" field:"event,newer,group"`
	Convert            []string            `help:"How to read the values of a column, see the manual. May be given several times." placeholder:"COLUMN=STEPS" sep:"none"`
	DataType           stage.Object        `help:"Fields whose values are JSON." placeholder:"json:{FIELD:\"json\"}" field:"event,newer,group"`
	DefaultUrlProtocol string              `help:"What to put before a URL that has no protocol." default:"http://" placeholder:"PROTOCOL"`
	DecimalComma       bool                `help:"Read 1.234,5 as the number 1234.5."`
	Delimiter          string              `help:"The character between two columns; \\t is a tab." default:","`
	Header             bool                `help:"The first row has names. Without --columns, they are those of fields."`
	Guess              string              `help:"Print flags for FILE and what comes of them, and end." placeholder:"FILE" noenv:""`
	SkipHeader         harmonization.Value `help:"Skip the first line that is no comment, or as many as the number says; auto: rows that name the columns." placeholder:"VALUE|json:…"`
	TimeFormat         string              `help:"How times are written: timestamp, windows_nt, epoch_millis, utc_isoformat, from_format|…, from_format_midnight|… or fuzzy." placeholder:"FORMAT"`
	Type               string              `help:"The classification.type of rows that have none." placeholder:"TYPE" vocabulary:"classification.type"`
	TypeTranslation    stage.Object        `help:"The classification.type for what the feed writes." placeholder:"json:{TEXT:TYPE}" vocabulary:"classification.type"`
	FilterText         string              `help:"Keep only rows with this text, or those without it. Columns are joined by the delimiter." placeholder:"TEXT"`
	FilterType         string              `help:"Whether rows with the text are kept (whitelist) or left out (blacklist)." enum:",whitelist,blacklist" default:"" placeholder:"whitelist|blacklist"`

	format     feed.CSV
	types      map[string]string
	dictionary *harmonization.Dictionary
	columns    columns.List
	byName     bool       // columns are found by the header of each report
	header     []string   // that plan is for
	plan       *feed.Plan // from Start on, if columns go by number
	joined     []byte
	isHeader   func(fields []string) bool // of --skip-header auto
}

// booleans is a list of true and false. It is written with commas, or as JSON.
type booleans []bool

// UnmarshalText reads the list.
func (b *booleans) UnmarshalText(text []byte) error {
	s := strings.TrimSuffix(strings.TrimPrefix(string(text), "["), "]")
	*b = nil
	for item := range strings.SplitSeq(s, ",") {
		v, err := strconv.ParseBool(strings.TrimSpace(item))
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", item)
		}
		*b = append(*b, v)
	}
	return nil
}
