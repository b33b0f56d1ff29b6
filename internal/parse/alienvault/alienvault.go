// Package alienvault implements parse-alienvault.
//
// parse-alienvault: parse the reputation list of AlienVault
//
// A host makes an event for each thing that it is known for.
//
// # Examples
//
//	echo '192.0.2.1#4#2#Malicious Host;Spamming#AT#Vienna#48.2,16.4#3' |
//	  parse-alienvault
package alienvault

import (
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/feed"
)

// coordinate takes one of "48.2,16.4". Without the other one it says nothing.
func coordinate(i int) feed.Converter {
	return func(v harmonization.Value, _ *feed.Record) (harmonization.Value, error) {
		pair := strings.Split(v.Text, ",")
		if len(pair) != 2 {
			return harmonization.Value{}, nil
		}
		return harmonization.Text(strings.TrimSpace(pair[i])), nil
	}
}

// Table says what the columns become.
var Table = feed.Table{
	Format: feed.Line{
		Columns: []string{
			"ip | reliability | risk | kinds | cc | city | coordinates",
			"ip | reliability | risk | kinds | cc | city | coordinates | id",
		},
		By: "#", Skip: []string{"#"},
	},
	Split: feed.Split{From: "kinds", By: ";"},
	Rows: []feed.Column{
		{From: "ip", To: "source.ip"},
		{From: "cc", To: "source.geolocation.cc"},
		{From: "city", To: "source.geolocation.city"},
		{From: "coordinates", To: "source.geolocation.latitude", With: coordinate(0), Need: feed.Soft},
		{From: "coordinates", To: "source.geolocation.longitude", With: coordinate(1), Need: feed.Soft},
		{From: "kinds", To: "classification.type", Convert: "lower", Words: feed.Words{
			{"c2server", "c2-server"},
			{"scanning host", "scanner"},
			{"malicious host", "infected-system"},
			{"spamming", "spam"},
			{"malware domain", "malware-distribution"},
			{"malware ip", "malware-distribution"},
			{"malware distribution", "malware-distribution"},
			{"*", "undetermined"},
		}},
	},
}
