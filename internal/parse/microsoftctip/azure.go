package microsoftctip

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/timeformat"
)

// azure fills in an event from an element of Azure. Objects are taken apart, and
// come after all else.
func (c *Command) azure(e *event.Message, o *event.Object) error {
	var later []func() error
	for member := range o.All {
		v := o.Value(member)
		switch member {
		case "Payload":
			inside, text, err := payload(e, v.Text)
			if err != nil {
				return fmt.Errorf("the Payload: %w", err)
			}
			if inside != nil {
				later = append(later, func() error { return c.inside(e, "Payload", inside) })
				continue
			}
			v = harmonization.Text(text)
		case "TLP":
			if strings.EqualFold(v.Text, "unknown") {
				continue
			}
		}
		var inside event.Object
		if v.Kind == harmonization.Compound && inside.Parse([]byte(v.Text)) == nil {
			later = append(later, func() error { return c.inside(e, member, &inside) })
			continue
		}
		if err := c.set(e, member, v, o); err != nil {
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

// inside stores the members of an object.
func (c *Command) inside(e *event.Message, name string, o *event.Object) error {
	for member := range o.All {
		if err := c.set(e, name+"."+member, o.Value(member), o); err != nil {
			return err
		}
	}
	return nil
}

// payload decodes what a host has sent: an object, or text. An object that is not
// in base64 is stored at once, since its members are the sender's.
func payload(e *event.Message, text string) (*event.Object, string, error) {
	o := new(event.Object)
	switch {
	case text == "AA==":
		return nil, "", nil
	case strings.HasPrefix(text, "{"):
		if err := o.Parse([]byte(text)); err != nil {
			return nil, "", err
		}
		for member := range o.All {
			e.SetValue("extra.payload."+member, o.Value(member))
		}
		return nil, "", nil
	}
	plain, err := base64.StdEncoding.DecodeString(text)
	switch {
	case err != nil:
		return nil, "", err
	case o.Parse(plain) == nil:
		return o, "", nil
	}
	return nil, strings.ToValidUTF8(string(plain), "\ufffd"), nil
}

// set stores a member of o. Most values that are empty, zero or false mean that
// the feed knows nothing.
func (c *Command) set(e *event.Message, member string, v harmonization.Value, o *event.Object) (err error) {
	if member == "ThreatConfidence" {
		return confidence(e, v.Text)
	}
	if v.Text == "" || v.Kind != harmonization.String && slices.Contains([]string{"0", "0.0", "false", "{}", "[]"}, v.Text) {
		return nil
	}
	key, known := field(azureFields, member)
	switch {
	case !known:
		return unknown(member)
	case key == "", v.Kind == harmonization.Null:
		return nil
	}
	switch member {
	case "DateTimeReceivedUtc":
		v, err = timeformat.Windows(v, nil)
	case "Payload.ts":
		v, err = timeformat.Epoch(v, nil)
	case "Payload.Protocol":
		if name, _, ok := strings.Cut(v.Text, "/"); ok {
			e.Set("protocol.application", name)
		}
	case "Payload.domain":
		if v.Text == o.Get("serverIp") && !e.Try(key, v) {
			return nil
		}
	}
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", member, err)
	case c.Overwrite:
		e.SetValue(key, v)
	case !e.Has(key):
		return e.Add(key, v)
	}
	return nil
}

// confidence weighs the event by a word.
func confidence(e *event.Message, word string) error {
	switch word {
	case "High":
		weigh(e, 100)
	case "Medium":
		weigh(e, 50)
	case "Low":
		weigh(e, 20)
	case "Informational":
		weigh(e, 10)
	case "None":
	default:
		return fmt.Errorf("ThreatConfidence: %q is not known", word)
	}
	return nil
}

// azureFields are the members of an element, and their fields.
var azureFields = [][2]string{
	{"DataFeed", "feed.name"},
	{"SourcedFrom", "event_description.text"},
	{"DateTimeReceivedUtc", "time.source"},
	{"DateTimeReceivedUtcTxt", ""},
	{"Malware", "extra.malware"},
	{"ThreatCode", "malware.name"},
	{"ThreatConfidence", "feed.accuracy"},
	{"TotalEncounters", "extra.total_encounters"},
	{"TLP", "tlp"},
	{"SourceIp", "source.ip"},
	{"SourcePort", "source.port"},
	{"DestinationIp", "destination.ip"},
	{"DestinationIpInfo.DestinationIpAsnNumber", "destination.asn"},
	{"DestinationIpInfo.DestinationIpAsnOrgName", "destination.as_name"},
	{"DestinationIpInfo.DestinationIpCountryCode", "destination.geolocation.cc"},
	{"DestinationIpInfo.DestinationIpRegion", "destination.geolocation.region"},
	{"DestinationIpInfo.DestinationIpCity", "destination.geolocation.city"},
	{"DestinationIpInfo.DestinationIpPostalCode", "extra.destination.geolocation.postal_code"},
	{"DestinationIpInfo.DestinationIpLatitude", "destination.geolocation.latitude"},
	{"DestinationIpInfo.DestinationIpLongitude", "destination.geolocation.longitude"},
	{"DestinationIpInfo.DestinationIpMetroCode", "extra.destination.geolocation.metro_code"},
	{"DestinationIpInfo.DestinationIpAreaCode", "extra.destination.geolocation.area_code"},
	{"DestinationIpInfo.DestinationIpConnectionType", "extra.destination.connection_type"},
	{"DestinationIpInfo.DestinationIpv4Int", ""},
	{"DestinationPort", "destination.port"},
	{"TargetIp", ""},
	{"TargetPort", ""},
	{"Signatures.Sha256", "extra.signatures.sha256"},
	{"SourceIpInfo.SourceIpAsnNumber", "source.asn"},
	{"SourceIpInfo.SourceIpAsnOrgName", "source.as_name"},
	{"SourceIpInfo.SourceIpCountryCode", "source.geolocation.cc"},
	{"SourceIpInfo.SourceIpRegion", "source.geolocation.region"},
	{"SourceIpInfo.SourceIpCity", "source.geolocation.city"},
	{"SourceIpInfo.SourceIpPostalCode", "extra.source.geolocation.postal_code"},
	{"SourceIpInfo.SourceIpLatitude", "source.geolocation.latitude"},
	{"SourceIpInfo.SourceIpLongitude", "source.geolocation.longitude"},
	{"SourceIpInfo.SourceIpMetroCode", "extra.source.geolocation.metro_code"},
	{"SourceIpInfo.SourceIpAreaCode", "extra.source.geolocation.area_code"},
	{"SourceIpInfo.SourceIpConnectionType", "extra.source.connection_type"},
	{"SourceIpInfo.SourceIpv4Int", ""},
	{"HttpInfo.HttpHost", "extra.http.host"},
	{"HttpInfo.HttpRequest", "extra.http.request"},
	{"HttpInfo.HttpMethod", "extra.http.method"},
	{"HttpInfo.HttpReferrer", "extra.http.referrer"},
	{"HttpInfo.HttpUserAgent", "extra.user_agent"},
	{"HttpInfo.HttpVersion", "extra.http.version"},
	{"CustomInfo.CustomField1", "extra.custom_field1"},
	{"CustomInfo.CustomField2", "extra.custom_field2"},
	{"CustomInfo.CustomField3", "extra.custom_field3"},
	{"CustomInfo.CustomField4", "extra.custom_field4"},
	{"CustomInfo.CustomField5", "extra.custom_field5"},
	{"Payload.ts", "extra.payload.timestamp"},
	{"Payload.ip", "extra.payload.ip"},
	{"Payload.port", "extra.payload.port"},
	{"Payload.serverIp", "extra.payload.server.ip"},
	{"Payload.serverPort", "extra.payload.server.port"},
	{"Payload.domain", "destination.fqdn"},
	{"Payload.family", "extra.payload.family"},
	{"Payload.malware", "extra.payload.malware"},
	{"Payload.response", "extra.payload.response"},
	{"Payload.handler", "extra.payload.handler"},
	{"Payload.type", "protocol.application"},
	{"Payload", "extra.payload.text"},
	{"Payload.Time", "extra.payload.time"},
	{"Payload.SourceIP", "extra.payload.source.ip"},
	{"Payload.DestIP", "extra.payload.destination.ip"},
	{"Payload.RemotePort", "extra.payload.remote.port"},
	{"Payload.RemoteHost", "extra.payload.remote.host"},
	{"Payload.ServerPort", "extra.payload.server.port"},
	{"Payload.BCode", "extra.payload.b_code"},
	{"Payload.Protocol", "extra.payload.protocol"},
	{"Payload.Length", "extra.payload.length"},
	{"Payload.URI", "destination.urlpath"},
	{"Payload.Referer", "extra.http_referer"},
	{"Payload.UserAgent", "extra.user_agent"},
	{"Payload.RequestMethod", "extra.http.method"},
	{"Payload.HTTPHost", "extra.http.host"},
	{"Payload.http_host", "extra.payload.http_host"},
	{"Payload.Custom1", "extra.payload.custom_field1"},
	{"Payload.Custom2", "extra.payload.custom_field2"},
	{"Payload.Custom3", "extra.payload.custom_field3"},
	{"Payload.Custom4", "extra.payload.custom_field4"},
	{"Payload.Custom5", "extra.payload.custom_field5"},
	{"Payload.timestamp", "extra.payload.timestamp"},
	{"Payload.timestamp_utc", "extra.payload.timestamp_utc"},
	{"Payload.source_ip", "extra.payload.source.ip"},
	{"Payload.source_port", "extra.payload.source.port"},
	{"Payload.src_port", "extra.payload.source.port"},
	{"Payload.destination_ip", "extra.payload.destination.ip"},
	{"Payload.dst_ip", "extra.payload.destination.ip"},
	{"Payload.destination_port", "extra.payload.destination.port"},
	{"Payload.dst_port", "extra.payload.destination.port"},
	{"Payload.computer_name", "extra.payload.computer_name"},
	{"Payload.bot_id", "extra.payload.bot_id"},
	{"Payload.asn", "extra.payload.source.asn"},
	{"Payload.dst_asn", "extra.payload.destination.asn"},
	{"Payload.geo", "extra.payload.source.geolocation.cc"},
	{"Payload.dst_geo", "extra.payload.destination.geolocation.cc"},
	{"Payload.url", "extra.request_raw"},
	{"Payload.http_agent", "extra.http_agent"},
	{"Payload.p0f_genre", "extra.os.name"},
	{"Payload.p0f_detail", "extra.os.version"},
	{"Payload.http_post", "extra.payload.http_post"},
	{"Payload.naics", "extra.naics"},
	{"Payload.sector", "extra.sector"},
	{"Payload.ssl_cipher", "extra.ssl_cipher"},
}
