package cymruwhois

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/plain"
)

// network is what is known of an address, as IntelMQ keeps it in Redis.
type network struct {
	ASN       string `json:"asn,omitempty"`
	Network   string `json:"network,omitempty"`
	CC        string `json:"geolocation.cc,omitempty"`
	Registry  string `json:"registry,omitempty"`
	Allocated string `json:"allocated,omitempty"`
	ASName    string `json:"as_name,omitempty"`
}

// smallest reads answers, and returns that for the smallest network.
func smallest(answers []string) (n network, err error) {
	longest := -2
	for _, text := range answers {
		columns := split(text)
		if len(columns) < 5 {
			return n, fmt.Errorf("%s: five columns are expected", plain.Quote(text))
		}
		prefix, err := netip.ParsePrefix(columns[1]) // that of no network has the length -1
		if err != nil && columns[1] != "" {
			return n, fmt.Errorf("%s: the second column is no network", plain.Quote(text))
		}
		if prefix.Bits() <= longest {
			continue
		}
		longest = prefix.Bits()
		n = network{Network: columns[1], CC: columns[2], Registry: columns[3]}
		first, _, _ := strings.Cut(columns[0], " ")
		if _, err := strconv.ParseUint(first, 10, 32); err == nil {
			n.ASN = first
		}
		if date, err := time.Parse(time.DateOnly, columns[4]); err == nil {
			n.Allocated = date.Format("2006-01-02T15:04:05+00:00")
		}
	}
	return n, nil
}

// split takes an answer apart. What is not known is empty.
func split(text string) []string {
	columns := strings.Split(text, "|")
	for i, column := range columns {
		if columns[i] = strings.TrimSpace(column); columns[i] == "NA" {
			columns[i] = ""
		}
	}
	return columns
}
