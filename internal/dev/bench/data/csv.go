package data

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// A column of the feed: its name in the header, the field it becomes (empty
// for one that is skipped) and its value. The values are as feeds have them,
// not as events want them: there is something to harmonize in most.
type column struct {
	name, field string
	quoted      bool
	value       func(*record) string
}

// columns has 40 entries, 23 of them with a field.
var columns = []column{
	{"seen", "time.source", false, func(r *record) string { return r.time.Format(time.DateTime) }},
	{"report_id", "", false, func(r *record) string { return strconv.Itoa(70_000_000 + r.index) }},
	{"ip", "source.ip", false, func(r *record) string { return r.ip }},
	{"port", "source.port", false, func(r *record) string { return strconv.Itoa(r.port) }},
	{"protocol", "protocol.transport", false, func(r *record) string { return r.odd(strings.ToUpper(r.transport), r.transport) }},
	{"asn", "source.asn", false, func(r *record) string { return "AS" + strconv.Itoa(r.asn) }},
	{"as_name", "source.as_name", true, func(r *record) string { return r.asName }},
	{"cc", "source.geolocation.cc", false, func(r *record) string { return strings.ToLower(r.cc) }},
	{"region", "", false, constant("")},
	{"city", "source.geolocation.city", true, func(r *record) string { return r.city }},
	{"hostname", "source.fqdn", false, func(r *record) string { return r.odd(strings.ToUpper(r.fqdn[:4])+r.fqdn[4:], r.fqdn) }},
	{"ptr", "source.reverse_dns", false, func(r *record) string { return r.odd(r.reverse+".", r.reverse) }},
	{"prefix", "source.network", false, func(r *record) string { return r.network }},
	{"url", "source.url", false, func(r *record) string { return r.odd("hxxp"+r.url[4:], r.url) }},
	{"kind", "classification.type", false, func(r *record) string {
		if r.typ == "scanner" {
			return "" // the default of the command line
		}
		return r.typ
	}},
	{"finding", "classification.identifier", false, func(r *record) string { return r.identifier }},
	{"family", "malware.name", false, func(r *record) string { return strings.ToUpper(r.malware) }},
	{"dst_ip", "destination.ip", false, func(r *record) string { return r.destIP }},
	{"dst_port", "destination.port", false, func(r *record) string {
		if r.destPort == 0 {
			return ""
		}
		return strconv.Itoa(r.destPort)
	}},
	{"dst_host", "destination.fqdn", false, func(r *record) string { return r.destFQDN }},
	{"app", "protocol.application", false, func(r *record) string { return strings.ToUpper(r.application) }},
	{"severity", "", false, constant("medium")},
	{"tag", "", false, constant("sensor;edge")},
	{"text", "event_description.text", true, func(r *record) string { return r.text }},
	{"agent", "extra.user_agent", true, func(r *record) string { return r.agent }},
	{"packets", "extra.packets", false, func(r *record) string { return strconv.Itoa(r.packets) }},
	{"bytes", "", false, func(r *record) string { return strconv.Itoa(r.bytes) }},
	{"os", "extra.os_name", false, func(r *record) string { return r.system }},
	{"ttl", "", false, constant("57")},
	{"window", "", false, constant("29200")},
	{"flags", "", false, constant("0x02")},
	{"sensor", "", false, func(r *record) string { return "s" + strconv.Itoa(r.asn%40) }},
	{"naics", "", false, constant("517311")},
	{"sic", "", false, constant("")},
	{"cert_subject", "", true, constant("CN=device, O=Example")},
	{"cert_issuer", "", false, constant("")},
	{"tls_version", "", false, constant("TLSv1.2")},
	{"latency", "", false, func(r *record) string { return strconv.FormatFloat(float64(r.bytes%5000)/100, 'f', 2, 64) }},
	{"batch", "", false, constant("2026-11-01")},
	{"version", "", false, constant("3")},
}

// odd is for what a feed does not always write the way the data format wants
// it: one row in eight has it otherwise.
func (r *record) odd(otherwise, usual string) string {
	if r.index%8 == 5 {
		return otherwise
	}
	return usual
}

func constant(s string) func(*record) string { return func(*record) string { return s } }

// appendHeader appends the header line.
func appendHeader(b []byte) []byte {
	for i, c := range columns {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, c.name...)
	}
	return append(b, '\n')
}

// appendRow appends the CSV line of a record, without its line ending.
func appendRow(b []byte, r *record) []byte {
	for i, c := range columns {
		if i > 0 {
			b = append(b, ',')
		}
		v := c.value(r)
		if !c.quoted && !strings.ContainsAny(v, "\",\n") {
			b = append(b, v...)
			continue
		}
		b = append(b, '"')
		b = append(b, strings.ReplaceAll(v, `"`, `""`)...)
		b = append(b, '"')
	}
	return b
}

// ColumnList is the mapping as parse-csv wants it.
func ColumnList() string {
	var fields []string
	for _, c := range columns {
		fields = append(fields, c.field)
	}
	return strings.Join(fields, ",")
}

// MillerVerbs is the same mapping for Miller: the skipped columns go first,
// since renaming them would be in vain.
func MillerVerbs() []string {
	var cut, rename []string
	for _, c := range columns {
		if c.field == "" {
			continue
		}
		cut = append(cut, c.name)
		rename = append(rename, c.name, c.field)
	}
	return []string{"cut", "-f", strings.Join(cut, ","), "then", "rename", strings.Join(rename, ",")}
}

// ReportName is the name of the report type that Schema describes.
const ReportName = "Bench"

// functions are those that the schema calls for some columns.
var functions = map[string]string{
	"seen": "add_UTC_to_timestamp", "bytes": "convert_int", "ttl": "convert_int", "window": "convert_int",
	"latency": "convert_float", "naics": "invalidate_zero", "sic": "invalidate_zero", "tag": "validate_to_none",
}

// reportField is the field that a column of a report becomes: every column becomes
// one. The type is a constant there, as in the schemas there are.
func reportField(c column) string {
	if c.field == "" || c.field == "classification.type" {
		return "extra." + c.name
	}
	return c.field
}

// Schema describes the feed as a report type of Shadowserver.
func Schema() []byte {
	var required, optional [][]any
	for _, c := range columns {
		row := []any{reportField(c), c.name}
		if f := functions[c.name]; f != "" {
			row = append(row, f)
		}
		if len(required) < 3 && c.field != "" {
			required = append(required, row)
		} else {
			optional = append(optional, row)
		}
	}
	text, err := json.Marshal(map[string]any{"bench": map[string]any{
		"feed_name": ReportName, "file_name": "bench",
		"constant_fields": map[string]string{"classification.taxonomy": "other", "classification.type": "scanner"},
		"required_fields": required, "optional_fields": optional,
	}})
	if err != nil {
		panic(err) // cannot be: it is all strings
	}
	return text
}

// RenameAll renames all columns for Miller, to the fields that a report has.
func RenameAll() string {
	var names []string
	for _, c := range columns {
		names = append(names, c.name, reportField(c))
	}
	return strings.Join(names, ",")
}
