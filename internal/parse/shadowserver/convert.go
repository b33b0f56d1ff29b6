package shadowserver

import (
	"encoding/base64"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/feed"
)

// converter makes a value of a column's text, as feed.Converter does. Null means
// that there is nothing to set.
type converter func(text string, row *feed.Record) (harmonization.Value, error)

// feed makes it one for a table.
func (c converter) feed(v harmonization.Value, row *feed.Record) (harmonization.Value, error) {
	return c(v.Text, row)
}

var null = harmonization.Value{}

// function returns the function that a schema calls by name.
func function(name string) (converter, bool) {
	switch name {
	case "add_UTC_to_timestamp":
		return addUTC, true
	case "convert_bool":
		return convertBool, true
	case "convert_int":
		return convertInt(false), true
	case "invalidate_zero":
		return convertInt(true), true
	case "convert_float":
		return convertFloat, true
	case "validate_to_none":
		return validateToNone, true
	case "validate_ip":
		return validate("IPAddress", func(s string) bool { return s != "0.0.0.0" && !strings.Contains(s, "/") }), true
	case "validate_network":
		return validate("IPNetwork", func(s string) bool { return strings.Contains(s, "/") }), true
	case "validate_fqdn":
		return validate("FQDN", func(string) bool { return true }), true
	case "convert_date":
		return convertDate(""), true
	case "convert_date_utc":
		return convertDate("+00:00"), true
	case "convert_http_host_and_url":
		return httpURL, true
	case "force_base64":
		return forceBase64, true
	case "category_or_detail":
		return categoryOrDetail, true
	case "extract_cve_from_tag":
		return extractCVE, true
	case "scan_exchange_taxonomy":
		return exchange("intrusions", "vulnerable"), true
	case "scan_exchange_type":
		return exchange("system-compromise", "vulnerable-system"), true
	case "scan_exchange_identifier":
		return exchange("exchange-server-webshell", "vulnerable-exchange-server"), true
	}
	return nil, false
}

// addUTC marks a time as UTC. The usual form, 2026-01-31 10:20:30, is read as
// UTC anyway, and faster.
func addUTC(text string, _ *feed.Record) (harmonization.Value, error) {
	if len(text) == len("2026-01-31 10:20:30") && text[10] == ' ' {
		return harmonization.Text(text), nil
	}
	return harmonization.Text(text + " UTC"), nil
}

func convertBool(text string, _ *feed.Record) (harmonization.Value, error) {
	switch strings.ToLower(text) {
	case "y", "yes", "true", "enabled", "1":
		return harmonization.Bool(true), nil
	case "n", "no", "false", "disabled", "0":
		return harmonization.Bool(false), nil
	}
	return null, nil
}

func convertInt(dropZero bool) converter {
	integer, _ := harmonization.Type("Integer")
	return func(text string, _ *feed.Record) (harmonization.Value, error) {
		if text == "" || dropZero && text == "0" {
			return null, nil
		}
		v, err := integer.Sanitise(harmonization.Text(text))
		if err != nil || dropZero && v.Text == "0" {
			return null, err
		}
		return v, nil
	}
}

var errNoNumber = errors.New("not a number")

func convertFloat(text string, _ *feed.Record) (harmonization.Value, error) {
	if text == "" {
		return null, nil
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return null, errNoNumber
	}
	return harmonization.Float(f), nil
}

func validateToNone(text string, _ *feed.Record) (harmonization.Value, error) {
	if text == "" || text == "0" || text == "unknown" {
		return null, nil
	}
	return harmonization.Text(text), nil
}

// validate drops what is no value of the type.
func validate(typ string, also func(string) bool) converter {
	rule, _ := harmonization.Type(typ)
	return func(text string, _ *feed.Record) (harmonization.Value, error) {
		if text == "" || !also(text) {
			return null, nil
		}
		v := harmonization.Text(text)
		if _, err := rule.Sanitise(v); err != nil {
			return null, nil
		}
		return v, nil
	}
}

// convertDate reads a time, which lives below extra and so is not checked
// later. One that cannot be read stays as it is.
func convertDate(zone string) converter {
	rule, _ := harmonization.Type("DateTime")
	return func(text string, _ *feed.Record) (harmonization.Value, error) {
		if text == "" {
			return null, nil
		}
		return rule.Sanitise(harmonization.Text(text + zone))
	}
}

// httpURL puts a URL together. What http_url has is often the first line of
// the request: GET /path HTTP/1.1.
func httpURL(text string, row *feed.Record) (harmonization.Value, error) {
	host := ""
	for _, column := range []string{"cc_dns", "http_host", "hostname", "ip"} {
		if host = row.Get(column); host != "" {
			break
		}
	}
	path := row.Get("url")
	if path == "" {
		path = row.Get("http_url")
	}
	if host == "" || path == "" {
		return harmonization.Text(text), nil
	}
	path = path[max(strings.IndexByte(path, '/'), 0):]
	if path[0] != '/' {
		path = ""
	}
	if i := strings.IndexAny(path, " \t\r\n"); i >= 0 {
		path = path[:i]
	}
	scheme := strings.ToLower(row.Get("application"))
	if scheme != "https" {
		scheme = "http"
	}
	return harmonization.Text(scheme + "://" + host + path), nil
}

func forceBase64(text string, _ *feed.Record) (harmonization.Value, error) {
	if text == "" {
		return null, nil
	}
	if _, err := base64.StdEncoding.DecodeString(text); err != nil {
		text = base64.StdEncoding.EncodeToString([]byte(text))
	}
	return harmonization.Text(text), nil
}

func categoryOrDetail(_ string, row *feed.Record) (harmonization.Value, error) {
	for _, column := range []string{"category", "detail"} {
		if text := row.Get(column); text != "" {
			return harmonization.Text(text), nil
		}
	}
	return null, nil
}

// extractCVE finds the names of vulnerabilities among tags: a;cve-2026-1;b.
func extractCVE(text string, _ *feed.Record) (harmonization.Value, error) {
	var list []string
	for tag := range strings.SplitSeq(text, ";") {
		tag = strings.ToLower(strings.TrimSpace(tag))
		parts := strings.Split(tag, "-")
		if len(parts) == 3 && parts[0] == "cve" && isNumber(parts[1], len(parts[1])) && isNumber(parts[2], len(parts[2])) && parts[1] != "" && parts[2] != "" {
			list = append(list, tag)
		}
	}
	if list == nil {
		return null, nil
	}
	slices.Sort(list)
	return harmonization.Text(strings.Join(slices.Compact(list), ";")), nil
}

func exchange(webshell, other string) converter {
	return func(text string, _ *feed.Record) (harmonization.Value, error) {
		if strings.Contains(text, "webshell") {
			return harmonization.Text(webshell), nil
		}
		return harmonization.Text(other), nil
	}
}
