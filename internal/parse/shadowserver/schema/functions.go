package schema

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/feed"
)

// function is one that a schema calls by name, and what does the same in a table.
type function struct {
	name    string // in a schema file
	reading string // in the built-in table
	convert string
	with    feed.Converter
}

var functions = []function{
	{"add_UTC_to_timestamp", "time", "utc", notEmpty},
	{"convert_bool", "bool", "bool", nil},
	{"convert_int", "int", "int", nil},
	{"convert_float", "float", "float", nil},
	{"invalidate_zero", "nonzero", "int|nonzero", nil},
	{"validate_to_none", "text", "not 0|not unknown", nil},
	{"validate_ip", "ip", "not 0.0.0.0|ip", nil},
	{"validate_network", "network", "network", nil},
	{"validate_fqdn", "fqdn", "fqdn", nil},
	{"convert_date", "date", "utc", nil},
	{"convert_date_utc", "utcdate", "add +00:00|utc", nil},
	{"convert_http_host_and_url", "url", "", httpURL},
	{"force_base64", "base64", "", forceBase64},
	{"category_or_detail", "category", "", categoryOrDetail},
	{"extract_cve_from_tag", "cve", "", extractCVE},
	{"scan_exchange_taxonomy", "exchange-taxonomy", "", exchangeTaxonomy},
	{"scan_exchange_type", "exchange-type", "", exchangeType},
	{"scan_exchange_identifier", "exchange-identifier", "", exchangeIdentifier},
}

var null = harmonization.Value{}

// notEmpty refuses what would be no time at all.
func notEmpty(v harmonization.Value, _ *feed.Record) (harmonization.Value, error) {
	if v.Text == "" {
		return v, errors.New("not a time: empty")
	}
	return v, nil
}

// httpURL puts a URL together. What http_url has is often the first line of
// the request: GET /path HTTP/1.1. Reports of URLs have whole ones, which IntelMQ
// puts behind the host as well.
func httpURL(v harmonization.Value, row *feed.Record) (harmonization.Value, error) {
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
		return v, nil
	}
	if isURL(path) {
		return harmonization.Text(upToBlank(path)), nil
	}
	path = path[max(strings.IndexByte(path, '/'), 0):]
	if path[0] != '/' {
		path = ""
	}
	scheme := strings.ToLower(row.Get("application"))
	if scheme != "https" {
		scheme = "http"
	}
	return harmonization.Text(scheme + "://" + host + upToBlank(path)), nil
}

// isURL reports whether a text begins with a scheme.
func isURL(text string) bool {
	scheme, _, ok := strings.Cut(text, "://")
	return ok && strings.Trim(strings.ToLower(scheme), "abcdefghijklmnopqrstuvwxyz") == "" && scheme != ""
}

func upToBlank(text string) string {
	if i := strings.IndexAny(text, " \t\r\n"); i >= 0 {
		return text[:i]
	}
	return text
}

func forceBase64(v harmonization.Value, _ *feed.Record) (harmonization.Value, error) {
	if _, err := base64.StdEncoding.DecodeString(v.Text); err != nil {
		return harmonization.Text(base64.StdEncoding.EncodeToString([]byte(v.Text))), nil
	}
	return v, nil
}

func categoryOrDetail(_ harmonization.Value, row *feed.Record) (harmonization.Value, error) {
	for _, column := range []string{"category", "detail"} {
		if v := row.Value(column); v.Text != "" {
			return v, nil
		}
	}
	return null, nil
}

// extractCVE finds the names of vulnerabilities among tags: a;cve-2026-1;b.
func extractCVE(v harmonization.Value, _ *feed.Record) (harmonization.Value, error) {
	var list []string
	for tag := range strings.SplitSeq(strings.ToLower(v.Text), ";") {
		tag = strings.TrimSpace(tag)
		parts := strings.Split(tag, "-")
		if len(parts) == 3 && parts[0] == "cve" && isNumber(parts[1]) && isNumber(parts[2]) {
			list = append(list, tag)
		}
	}
	if list == nil {
		return null, nil
	}
	slices.Sort(list)
	return harmonization.Text(strings.Join(slices.Compact(list), ";")), nil
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func exchange(v harmonization.Value, webshell, other string) (harmonization.Value, error) {
	if strings.Contains(v.Text, "webshell") {
		return harmonization.Text(webshell), nil
	}
	return harmonization.Text(other), nil
}

func exchangeTaxonomy(v harmonization.Value, _ *feed.Record) (harmonization.Value, error) {
	return exchange(v, "intrusions", "vulnerable")
}

func exchangeType(v harmonization.Value, _ *feed.Record) (harmonization.Value, error) {
	return exchange(v, "system-compromise", "vulnerable-system")
}

func exchangeIdentifier(v harmonization.Value, _ *feed.Record) (harmonization.Value, error) {
	return exchange(v, "exchange-server-webshell", "vulnerable-exchange-server")
}
