package xarf

import (
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/indicator"
)

// table has the names of version 3, in Report, and of version 4. A member that is
// no field, or whose field has a value already, is below extra under its own name.
var table = feed.Table{
	Format: feed.JSON{Objects: true},
	Rows: []feed.Column{
		{From: "Report.ReportType|type", To: "extra.report_type"},
		{From: "Report.Date|timestamp", To: "time.source", Convert: "utc"},
		{From: "Report.SourceIp|Report.AttackerIp|Report.Source.IP", To: "source.ip"},
		{From: "source_identifier"}, // see after
		{From: "Report.SourcePort|Report.AttackerPort|Report.Source.Port|source_port", To: "source.port"},
		{From: "Report.SourceUrl|Report.Source.URL|url", To: "source.url|extra.url"},
		{From: "infringing_url", To: "source.url|extra.infringing_url"},
		{From: "Report.Source.Domain|domain", To: "source.fqdn|extra.domain"},
		{From: "asn", To: "source.asn|extra.asn"},
		{From: "Report.Account.AccountEmail|Report.Account.AccountName|Report.Account.AccountIdentifier|Report.SmtpMailFromAddress|smtp_from", To: "source.account|extra.smtp_from"},
		{From: "Report.DestinationIp|Report.AdditionalInfo.DestinationIP|destination_ip", To: "destination.ip"},
		{From: "Report.DestinationPort|Report.AdditionalInfo.DestinationPort|destination_port", To: "destination.port"},
		{From: "target_url", To: "destination.url|extra.target_url"},
		{From: "Report.TransportProtocol|Report.Protocol|Report.AdditionalInfo.Protocol|protocol", To: "protocol.transport|protocol.application|extra.protocol", Convert: "lower"},
		{From: "Report.ServiceName|Report.Service|service", To: "protocol.application|extra.service", Convert: "lower"},
		{From: "Report.MalwareName|Report.BotnetName|malware_family", To: "malware.name|extra.malware_family"},
		{From: "Report.CVE|cve_id", To: "product.vulnerabilities|extra.cve_id"},
		{From: "Report", To: "extra."},
		{From: "ReporterInfo|reporter", To: "extra.reporter"},
		{From: "description", To: "event_description.text"},
		{From: "service_port", To: "source.port|extra.service_port"},
		{From: "port", To: "source.port|extra.port"},
	},
	After: after,
	Rest:  feed.Extra,
}

// after finds the source, and says what kind of incident a report is about.
func after(e *event.Message, row *feed.Record) error {
	if who := row.Get("source_identifier"); who != "" {
		if err := setSource(e, who); err != nil {
			return err
		}
	}
	if !slices.ContainsFunc(sources, e.Has) {
		return errSource
	}
	word := row.Get("type")
	if v3 := row.Get("Report.ReportType"); v3 != "" {
		word = v3
	}
	kind := typ(word)
	// Malware that is active is on the host, and not only offered by it.
	if kind == "malware-distribution" && row.Get("Report.ReportClass") == "Activity" {
		kind = "infected-system"
	}
	if more := typ(row.Get("threat_type")); kind == "blacklist" && more != "undetermined" {
		kind = more
	}
	e.Set("classification.type", kind)
	if _, sum, ok := strings.Cut(row.Get("file_hash"), ":"); ok && row.Get("type") == "malware" {
		if field := indicator.HashField(sum); strings.HasPrefix(field, "malware.") {
			e.Set(field, sum)
		}
	}
	return nil
}
