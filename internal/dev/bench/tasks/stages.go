package tasks

import "github.com/intelpipe/intelpipe/internal/dev/bench/data"

var deduplicator = []string{"expert-deduplicator", "--filter-type", "whitelist",
	"--filter-keys", "source.ip,source.port,classification.type,feed.name"}

func parser() []string {
	return []string{"parse-csv", "--columns", data.ColumnList(), "--skip-header", "json:true",
		"--default-fields", `json:{"classification.type":"scanner"}`,
		"--name", "Port Scan Survey", "--provider", "Example CERT"}
}

// Stages is a feed's way from the CSV to the output, a file. The addresses of the
// data are those reserved for documentation, which expert-rfc1918 by itself
// drops: here it deletes them, so that the later stages have something to do.
func Stages(output string) [][]string {
	return [][]string{
		parser(),
		deduplicator,
		{"expert-taxonomy"},
		{"expert-url"},
		{"expert-rfc1918", "--fields", "source.asn,destination.ip,source.ip", "--policy", "drop,del,del"},
		{"expert-filter", "--filter-key", "protocol.transport", "--filter-value", data.FilteredTransport, "--filter-action", "drop"},
		{"output-file", "--file", output},
	}
}
