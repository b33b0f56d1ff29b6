package microsoftctip

import (
	"errors"
	"strings"
	"sync"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
)

var errThreat = errors.New("indicatorthreattype is not Botnet")

// interflow fills in an event from an element of Interflow.
func interflow(e *event.Message, o *event.Object) error {
	if o.Get("indicatorthreattype") != "Botnet" {
		return errThreat
	}
	if err := weigh(e, o.Get("confidence")); err != nil {
		return err
	}
	for member := range o.All {
		key, known := interflowFields()[member]
		v := o.Value(member)
		switch {
		case !known:
			return unknown(member)
		case key == "", v.Empty():
			continue
		}
		switch member {
		case "additionalmetadata":
			switch strings.Join(strings.Fields(v.Text), "") {
			case "[]", `[""]`, `["null"]`, "[null]":
				continue
			}
		case "networkdestinationipv4":
			v.Text, _, _ = strings.Cut(v.Text, ",")
			if v.Text == "0.0.0.0" {
				continue
			}
		case "severity":
			if e.Try(key, v) {
				continue
			}
			key = "extra.severity"
		case "hostname":
			if v.Text != o.Get("networkdestinationipv4") {
				e.Try(key, v)
			}
			continue
		}
		if err := e.Add(key, v); err != nil {
			return err
		}
	}
	return nil
}

// interflowFields has the members of an element.
var interflowFields = sync.OnceValue(func() map[string]string { return index(interflowMembers) })

var interflowMembers = []members{
	{fields: feed.Words{
		{"indicatorthreattype version confidence indicatorexpirationdatetime", ""},
		{"description", "event_description.text"},
		{"externalid", "malware.name"},
		{"tlplevel", "tlp"},
		{"firstreporteddatetime", "time.source"},
		{"networksourceipv4", "source.ip"},
		{"networksourceport", "source.port"},
		{"networksourceasn", "source.asn"},
		{"networkdestinationipv4", "destination.ip"},
		{"networkdestinationport", "destination.port"},
		{"hostname", "destination.fqdn"},
		{"useragent", "extra.user_agent"},
		{"severity", "severity"}, // or extra.severity
		{"additionalmetadata", "extra.additionalmetadata"},
		{"isproductlicensed", "extra.isproductlicensed"},
		{"ispartnershareable", "extra.ispartnershareable"},
		{"tags", "extra.tags"},
	}},
}
