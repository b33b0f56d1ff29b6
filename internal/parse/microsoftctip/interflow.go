package microsoftctip

import (
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
)

// interflow fills in an event from an element of Interflow.
func interflow(e *event.Message, o *event.Object) error {
	if o.Get("indicatorthreattype") != "Botnet" {
		return errThreat
	}
	confidence, err := strconv.ParseFloat(o.Get("confidence"), 64)
	if err != nil {
		return errConfidence
	}
	weigh(e, confidence)
	for member := range o.All {
		key, known := field(interflowFields, member)
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

// interflowFields are the members of an element, and their fields.
var interflowFields = [][2]string{
	{"indicatorthreattype", ""},
	{"version", ""},
	{"confidence", ""},
	{"indicatorexpirationdatetime", ""},
	{"additionalmetadata", "extra.additionalmetadata"},
	{"description", "event_description.text"},
	{"externalid", "malware.name"},
	{"tlplevel", "tlp"},
	{"firstreporteddatetime", "time.source"},
	{"networksourceipv4", "source.ip"},
	{"networksourceport", "source.port"},
	{"networkdestinationipv4", "destination.ip"},
	{"networkdestinationport", "destination.port"},
	{"isproductlicensed", "extra.isproductlicensed"},
	{"ispartnershareable", "extra.ispartnershareable"},
	{"networksourceasn", "source.asn"},
	{"hostname", "destination.fqdn"},
	{"useragent", "extra.user_agent"},
	{"severity", "severity"}, // or extra.severity,
	{"tags", "extra.tags"},
}
