package guess

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
)

// sampled is how many values of a column are looked at.
const sampled = 500

// columns says for each column which field it becomes.
func (t *Table) columns(names []string, rows []row, width int, o Options) {
	a := &assigning{table: t, options: o, used: map[string]bool{}}
	for i := range width {
		c := Column{}
		if i < len(names) {
			c.Name = strings.TrimSpace(names[i])
		}
		list := values(rows, i, sampled)
		if len(list) > 0 {
			c.Example = list[0]
		}
		a.assign(&c, i, list)
		t.Columns = append(t.Columns, c)
	}
	t.zones(a, o)
	if !a.used["classification.type"] && !o.Typed {
		t.note("no column says what has happened; --type TYPE sets it for all rows, see intelpipe types")
	}
}

// assigning keeps what fields are taken.
type assigning struct {
	table   *Table
	options Options
	used    map[string]bool
	local   string // the first column of times without a zone
}

func (a *assigning) assign(c *Column, i int, list []string) {
	what, hint := meaning(c.Name), c.Name != ""
	k := kindOf(list, false)
	if k.name == "" {
		c.Kind = "no values"
		return
	}
	switch {
	case k.convert == "epoch" || k.convert == "millis" || k.convert == "windows" || k.format == "%Y%m%d" || k.format != "" && !strings.ContainsAny(k.format, " :./-,"):
		if hint && what != aTime { // it may be a number of any sort
			k = kind{name: "whole number", convert: "int"}
		}
	case k.name == "whole number" && what == aPort && isPort(list):
		k = kind{name: "port", fields: "port"}
	case k.name == "whole number" && !hint && i > 0 && isPort(list) && strings.HasPrefix(a.table.Columns[i-1].Kind, "address"):
		k = kind{name: "port, as it follows an address", fields: "port"}
	case k.name == "whole number" && what == anASN:
		k = kind{name: "AS number", fields: "asn", convert: "int"}
	case k.name == "two letters" && (what == aCountry || !hint):
		k = kind{name: "country code", fields: "geolocation.cc"}
	case k.name == "two letters":
		k = kind{name: "text"}
	case k.name == "domain" && what == aFile:
		k = kind{name: "text"}
	case k.name == "domain" && what == aHost:
		k.fields = "reverse_dns"
	}
	k = a.dates(c, i, k, list)
	c.Kind = k.say(len(list))
	side := "source."
	if isDestination(c.Name) {
		side = "destination."
	}
	switch {
	case knownField(c.Name) && a.take(c, c.Name, k.convert):
	case strings.HasPrefix(k.name, "time") || k.name == "date" || strings.HasSuffix(k.name, "1970") || strings.HasSuffix(k.name, "1601"):
		if !k.zoned {
			a.local = cmp.Or(a.local, label(c, i))
		}
		if !a.take(c, "time.source", k.convert) {
			a.extra(c, k.convert)
		}
	case strings.HasPrefix(k.fields, "."):
		if !a.take(c, k.fields[1:], k.convert) {
			a.extra(c, k.convert)
		}
	case k.fields != "":
		a.place(c, side, k)
	default:
		a.byName(c, what, side, k)
	}
}

// dates decides whether the day or the month comes first.
func (a *assigning) dates(c *Column, i int, k kind, list []string) kind {
	if k.other == "" {
		return k
	}
	dayFirst := strings.Index(k.format, "%d") < strings.Index(k.format, "%m")
	if a.options.DayFirst && !dayFirst {
		k.format, k.other = k.other, k.format
		k.convert = "time " + k.format
		return k
	}
	if dayFirst {
		return k // which is how such dates are written, but for very few
	}
	a.table.note("column %s: %s can be read in two ways, and so can all others; they are read with the month first. If the day comes first, use --guess again with --day-first", label(c, i), quote(list[0]))
	return k
}

// place puts addresses, names and their like on one side, or on the other if that
// is taken.
func (a *assigning) place(c *Column, side string, k kind) {
	other := map[string]string{"source.": "destination.", "destination.": "source."}[side]
	for _, side := range []string{side, other} {
		fields := strings.Split(k.fields, "|")
		for i := range fields {
			fields[i] = side + fields[i]
		}
		if side == other && (isSource(c.Name) != isDestination(c.Name) || !slices.Contains([]string{"ip", "port", "fqdn", "ip|fqdn"}, k.fields)) {
			break // it has said which side it is on, or is of a kind of which there are many
		}
		if !a.take(c, strings.Join(fields, "|"), k.convert) {
			continue
		}
		if k.name == "address and port" && a.table.Header && a.free(side+"port") {
			a.used[side+"port"] = true
			c.More = []string{side + "port=port"}
		}
		return
	}
	a.extra(c, k.convert)
}

// byName goes by the name, where values say little.
func (a *assigning) byName(c *Column, what word, side string, k kind) {
	field := ""
	number := strings.HasPrefix(k.name, "number") || k.name == "whole number"
	switch {
	case what == aLatitude && number:
		field = side + "geolocation.latitude"
	case what == aLongitude && number:
		field = side + "geolocation.longitude"
	case k.name != "text":
	case what == aText:
		field = "event_description.text"
	case what == aMalware:
		field = "malware.name"
	case what == aCity:
		field = side + "geolocation.city"
	case what == anASName:
		field = side + "as_name"
	case what == anAccount:
		field = side + "account"
	case what == anApplication:
		field = "protocol.application"
	}
	if field == "" || !a.take(c, field, k.convert) {
		a.extra(c, k.convert)
	}
}

// free reports whether no column has one of the fields yet, and all exist.
func (a *assigning) free(fields string) bool {
	for field := range strings.SplitSeq(fields, "|") {
		if f, err := a.options.Dictionary.Field(harmonization.Event, field); a.used[field] || err != nil || f.Type == "JSONDict" {
			return false
		}
	}
	return true
}

func (a *assigning) take(c *Column, fields, convert string) bool {
	if !a.free(fields) {
		return false
	}
	for field := range strings.SplitSeq(fields, "|") {
		a.used[field] = true
	}
	switch c.Field, c.Convert = fields, convert; {
	case strings.HasPrefix(fields, "extra."):
	case convert == "int" || convert == "float" || convert == "time":
		c.Convert = "" // the field's own type does that
	case convert == "comma|float":
		c.Convert = "comma"
	}
	return true
}

// extra puts a column that has a name below extra. One without is left out.
func (a *assigning) extra(c *Column, convert string) {
	if c.Name == "" {
		return
	}
	base := a.options.Key(ascii(c.Name))
	for strings.Contains(base, "__") {
		base = strings.ReplaceAll(base, "__", "_")
	}
	if base = strings.TrimRight(base, "_."); base == "extra" {
		base = "extra.column"
	}
	key := base
	for n := 2; !a.take(c, key, convert); n++ {
		if n == 100 {
			return
		}
		key = fmt.Sprintf("%s_%d", base, n)
	}
}

// label names a column in a note.
func label(c *Column, i int) string {
	if c.Name == "" {
		return fmt.Sprint(i + 1)
	}
	return quote(c.Name)
}

// zones says how times without a zone are read.
func (t *Table) zones(a *assigning, o Options) {
	if a.local != "" && !o.Zoned {
		t.note("column %s: the times name no zone and are read as UTC; if they are local, add for example --timezone Europe/Berlin", a.local)
	}
}
