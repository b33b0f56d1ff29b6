package microsoftctip

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/timeformat"
)

// azure is the event of an element of Azure.
type azure struct {
	*event.Message
	overwrite bool
}

// fill stores the members of an object, the element or one that is named in it. Objects
// in the element are taken apart, and come after all else.
func (a *azure) fill(outer string, o *event.Object) (err error) {
	var later []func() error
	for name := range o.All {
		member, v := outer+name, o.Value(name)
		if member == "Payload" {
			if v, err = a.payload(v.Text); err != nil {
				return fmt.Errorf("the Payload: %w", err)
			}
		}
		if outer == "" && v.Kind == harmonization.Compound {
			if inside := new(event.Object); inside.Parse([]byte(v.Text)) == nil {
				later = append(later, func() error { return a.fill(name+".", inside) })
				continue
			}
		}
		if err := a.set(member, v, o); err != nil {
			return err
		}
	}
	for _, f := range later {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

// payload decodes what a host has sent: an object, or text. An object that is not
// in base64 is stored at once, since its members are the sender's.
func (a *azure) payload(text string) (none harmonization.Value, err error) {
	var o event.Object
	switch {
	case text == "AA==":
		return none, nil
	case strings.HasPrefix(text, "{"):
		err = o.Parse([]byte(text))
		for member := range o.All {
			a.SetValue("extra.payload."+member, o.Value(member))
		}
		return none, err
	}
	plain, err := base64.StdEncoding.DecodeString(text)
	if o.Parse(plain) == nil {
		return harmonization.Value{Kind: harmonization.Compound, Text: string(plain)}, err
	}
	return harmonization.Text(strings.ToValidUTF8(string(plain), "\ufffd")), err
}

// set stores a member of o. Most values that are empty, zero or false mean that
// the feed knows nothing.
func (a *azure) set(member string, v harmonization.Value, o *event.Object) error {
	switch {
	case member == "ThreatConfidence":
		return a.confidence(v.Text)
	case v.Text == "", v.Kind != harmonization.String && slices.Contains([]string{"0", "0.0", "false", "{}", "[]"}, v.Text),
		member == "TLP" && strings.EqualFold(v.Text, "unknown"):
		return nil
	}
	key, known := azureFields()[member]
	switch {
	case !known:
		return unknown(member)
	case key == "", v.Kind == harmonization.Null:
		return nil
	}
	var err error
	switch member {
	case "DateTimeReceivedUtc":
		v, err = timeformat.Windows(v, nil)
	case "Payload.ts":
		v, err = timeformat.Epoch(v, nil)
	case "Payload.Protocol":
		if name, _, ok := strings.Cut(v.Text, "/"); ok {
			a.Set("protocol.application", name)
		}
	case "Payload.domain":
		if v.Text == o.Get("serverIp") && !a.Try(key, v) {
			return nil
		}
	}
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", member, err)
	case a.overwrite:
		a.SetValue(key, v)
	case !a.Has(key):
		return a.Add(key, v)
	}
	return nil
}

// confidence weighs the event by a word.
func (a *azure) confidence(word string) error {
	for _, c := range confidences {
		switch {
		case c[0] == word && c[1] == "":
			return nil
		case c[0] == word:
			return weigh(a.Message, c[1])
		}
	}
	return fmt.Errorf("ThreatConfidence: %q is not known", word)
}

var confidences = feed.Words{{"High", "100"}, {"Medium", "50"}, {"Low", "20"}, {"Informational", "10"}, {"None", ""}}

// azureFields has the members of an element, and of the objects in it.
var azureFields = sync.OnceValue(func() map[string]string { return index(azureMembers) })

var azureMembers = []members{
	{fields: feed.Words{
		{"DataFeed", "feed.name"},
		{"SourcedFrom", "event_description.text"},
		{"DateTimeReceivedUtc", "time.source"},
		{"ThreatCode", "malware.name"},
		{"TLP", "tlp"},
		{"SourceIp", "source.ip"},
		{"SourcePort", "source.port"},
		{"DestinationIp", "destination.ip"},
		{"DestinationPort", "destination.port"},
		{"Malware", "extra.malware"},
		{"TotalEncounters", "extra.total_encounters"},
		{"Signatures.Sha256", "extra.signatures.sha256"},
		{"Payload", "extra.payload.text"},
		{"DateTimeReceivedUtcTxt TargetIp TargetPort", ""},
	}},
	{begin: "SourceIpInfo.SourceIp", below: "source.", fields: place},
	{begin: "DestinationIpInfo.DestinationIp", below: "destination.", fields: place},
	{begin: "HttpInfo.Http", below: "extra.http.", same: "Host Request Method Referrer Version"},
	{begin: "HttpInfo.Http", fields: feed.Words{{"UserAgent", "extra.user_agent"}}},
	{begin: "CustomInfo.CustomField", below: "extra.custom_field", same: "1 2 3 4 5"},
	{begin: "Payload.Custom", below: "extra.payload.custom_field", same: "1 2 3 4 5"},
	{begin: "Payload.", below: "extra.payload.", same: "bot_id computer_name family handler http_host http_post ip Length malware port Protocol response Time timestamp timestamp_utc"},
	{begin: "Payload.", fields: feed.Words{
		{"domain", "destination.fqdn"},
		{"URI", "destination.urlpath"},
		{"type", "protocol.application"},
		{"UserAgent", "extra.user_agent"},
		{"Referer", "extra.http_referer"},
		{"http_agent", "extra.http_agent"},
		{"naics", "extra.naics"},
		{"sector", "extra.sector"},
		{"ssl_cipher", "extra.ssl_cipher"},
		{"RequestMethod", "extra.http.method"},
		{"HTTPHost", "extra.http.host"},
		{"url", "extra.request_raw"},
		{"p0f_genre", "extra.os.name"},
		{"p0f_detail", "extra.os.version"},
		{"ts", "extra.payload.timestamp"},
		{"BCode", "extra.payload.b_code"},
		{"serverIp", "extra.payload.server.ip"},
		{"serverPort ServerPort", "extra.payload.server.port"},
		{"RemoteHost", "extra.payload.remote.host"},
		{"RemotePort", "extra.payload.remote.port"},
		{"SourceIP source_ip", "extra.payload.source.ip"},
		{"source_port src_port", "extra.payload.source.port"},
		{"asn", "extra.payload.source.asn"},
		{"geo", "extra.payload.source.geolocation.cc"},
		{"DestIP destination_ip dst_ip", "extra.payload.destination.ip"},
		{"destination_port dst_port", "extra.payload.destination.port"},
		{"dst_asn", "extra.payload.destination.asn"},
		{"dst_geo", "extra.payload.destination.geolocation.cc"},
	}},
}

// place is what is known of an address.
var place = feed.Words{
	{"AsnNumber", "*asn"},
	{"AsnOrgName", "*as_name"},
	{"CountryCode", "*geolocation.cc"},
	{"Region", "*geolocation.region"},
	{"City", "*geolocation.city"},
	{"Latitude", "*geolocation.latitude"},
	{"Longitude", "*geolocation.longitude"},
	{"PostalCode", "extra.*geolocation.postal_code"},
	{"MetroCode", "extra.*geolocation.metro_code"},
	{"AreaCode", "extra.*geolocation.area_code"},
	{"ConnectionType", "extra.*connection_type"},
	{"v4Int", ""},
}
