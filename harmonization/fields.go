package harmonization

// The built-in fields: those of IntelMQ 3.3 and what 3.5 added to events. They
// are plain data, sorted by name, and cost nothing until a [Dictionary] is made
// of them. The source of an event is the reported system, whose owner is
// to be notified; the destination is the other side of its connection.

// The regular expressions of the built-in fields, in Python's syntax. Each has
// a predicate written by hand in pattern.go, so none is ever compiled.
const (
	noFinalDot = `^.*[^\.]$`
	printable  = `^[ -~]+$`
	twoAlnum   = `^[a-zA-Z0-9]{2}$`
	upperHex   = `^[A-F0-9./]+$`
	uuid       = `^[a-z0-9]{8}-[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{12}$`
	uuid2      = `^[a-z0-9]{8}-[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}-[0-9a-z]{12}$`
	severity   = `^(critical|high|medium|low|info|undefined)$`
	transport  = `^(ip|icmp|igmp|ggp|ipencap|st2|tcp|cbt|egp|igp|bbn-rcc|nvp(-ii)?|pup|argus|emcon|xnet|chaos|` +
		`udp|mux|dcn|hmp|prm|xns-idp|trunk-1|trunk-2|leaf-1|leaf-2|rdp|irtp|iso-tp4|netblt|mfe-nsp|` +
		`merit-inp|sep|3pc|idpr|xtp|ddp|idpr-cmtp|tp\+\+|il|ipv6|sdrp|ipv6-route|ipv6-frag|idrp|rsvp|` +
		`gre|mhrp|bna|esp|ah|i-nlsp|swipe|narp|mobile|tlsp|skip|ipv6-icmp|ipv6-nonxt|ipv6-opts|cftp|` +
		`sat-expak|kryptolan|rvd|ippc|sat-mon|visa|ipcv|cpnx|cphb|wsn|pvp|br-sat-mon|sun-nd|wb-mon|` +
		`wb-expak|iso-ip|vmtp|secure-vmtp|vines|ttp|nsfnet-igp|dgp|tcf|eigrp|ospf|sprite-rpc|larp|mtp|` +
		`ax.25|ipip|micp|scc-sp|etherip|encap|gmtp|ifmp|pnni|pim|aris|scps|qnx|a/n|ipcomp|snp|` +
		`compaq-peer|ipx-in-ip|vrrp|pgm|l2tp|ddx|iatp|st|srp|uti|smp|sm|ptp|isis|fire|crtp|crdup|` +
		`sscopmce|iplt|sps|pipe|sctp|fc|divert)$`
)

var eventFields = [...]Field{
	{Name: "classification.identifier", Type: "String", Description: "short name of the finding below its type: open-dns, zeus, a CVE"},
	{Name: "classification.taxonomy", Type: "ClassificationTaxonomy", Length: 100, Description: "class of the incident; \"intelpipe types\" lists them"},
	{Name: "classification.type", Type: "ClassificationType", Description: "type of the incident; \"intelpipe types\" lists them"},
	{Name: "comment", Type: "String", Description: "remark for people"},
	{Name: "constituency", Type: "String", Description: "constituency that the event belongs to, where one set-up serves several"},
	{Name: "destination.abuse_contact", Type: "LowercaseString", Description: "who to notify about the other side, e-mail addresses separated by commas"},
	{Name: "destination.account", Type: "String", Description: "account or e-mail address at the other side"},
	{Name: "destination.allocated", Type: "DateTime", Description: "when the prefix of the other side's address was allocated"},
	{Name: "destination.as_name", Type: "String", Description: "name of the other side's autonomous system"},
	{Name: "destination.asn", Type: "ASN", Description: "number of the other side's autonomous system"},
	{Name: "destination.domain_suffix", Type: "FQDN", Description: "public suffix of the other side's name, as co.uk"},
	{Name: "destination.fqdn", Type: "FQDN", Regex: noFinalDot, Description: "host name of the other side"},
	{Name: "destination.geolocation.cc", Type: "UppercaseString", Length: 2, Regex: twoAlnum, Description: "country of the other side, two letters of ISO 3166"},
	{Name: "destination.geolocation.city", Type: "String", Description: "city of the other side"},
	{Name: "destination.geolocation.country", Type: "String", Description: "name of the other side's country"},
	{Name: "destination.geolocation.latitude", Type: "Float", Description: "latitude of the other side, in degrees"},
	{Name: "destination.geolocation.longitude", Type: "Float", Description: "longitude of the other side, in degrees"},
	{Name: "destination.geolocation.region", Type: "String", Description: "region of the other side"},
	{Name: "destination.geolocation.state", Type: "String", Description: "state or province of the other side"},
	{Name: "destination.ip", Type: "IPAddress", Description: "IP address of the other side"},
	{Name: "destination.local_hostname", Type: "String", Description: "host name of the other side inside its own network, behind NAT"},
	{Name: "destination.local_ip", Type: "IPAddress", Description: "address of the other side inside its own network, behind NAT"},
	{Name: "destination.network", Type: "IPNetwork", Description: "smallest announced prefix that the other side's address is in"},
	{Name: "destination.port", Type: "Integer", Description: "port of the other side"},
	{Name: "destination.registry", Type: "Registry", Length: 7, Description: "regional registry that the other side's address is from"},
	{Name: "destination.reverse_dns", Type: "FQDN", Regex: noFinalDot, Description: "name that DNS gives for the other side's address"},
	{Name: "destination.tor_node", Type: "Boolean", Description: "whether the other side is a Tor node"},
	{Name: "destination.url", Type: "URL", Description: "URL at the other side"},
	{Name: "destination.urlpath", Type: "String", Description: "path of the URL at the other side"},
	{Name: "event_description.target", Type: "String", Description: "organisation that was attacked"},
	{Name: "event_description.text", Type: "String", Description: "description for people"},
	{Name: "event_description.url", Type: "URL", Description: "where to read more about the event"},
	{Name: "event_hash", Type: "UppercaseString", Length: 40, Regex: upperHex, Description: "hash that identifies the event, in upper-case hexadecimal digits"},
	{Name: "extra", Type: "JSONDict", Description: "whatever has no field of its own, under extra.NAME"},
	{Name: "feed.accuracy", Type: "Accuracy", Description: "how sure the feed is, in percent"},
	{Name: "feed.code", Type: "String", Length: 100, Description: "short code of the feed"},
	{Name: "feed.documentation", Type: "String", Description: "where the feed is described"},
	{Name: "feed.name", Type: "String", Description: "name of the feed"},
	{Name: "feed.provider", Type: "String", Description: "who publishes the feed"},
	{Name: "feed.url", Type: "URL", Description: "where the data came from"},
	{Name: "malware.hash.md5", Type: "String", Length: 200, Regex: printable, Description: "MD5 of the sample, also in the notation of crypt"},
	{Name: "malware.hash.sha1", Type: "String", Length: 200, Regex: printable, Description: "SHA-1 of the sample"},
	{Name: "malware.hash.sha256", Type: "String", Length: 200, Regex: printable, Description: "SHA-256 of the sample"},
	{Name: "malware.name", Type: "LowercaseString", Regex: printable, Description: "name of the malware, in lower case"},
	{Name: "malware.version", Type: "String", Regex: printable, Description: "version of the malware"},
	{Name: "misp.attribute_uuid", Type: "LowercaseString", Length: 36, Regex: uuid, Description: "UUID of the attribute in MISP"},
	{Name: "misp.event_uuid", Type: "LowercaseString", Length: 36, Regex: uuid2, Description: "UUID of the event in MISP"},
	{Name: "output", Type: "JSON", Description: "the event in the format of another system, as JSON text"},
	{Name: "product.full_name", Type: "String", Description: "name of the product for people"},
	{Name: "product.name", Type: "LowercaseString", Description: "product, as in its CPE name where it has one"},
	{Name: "product.vendor", Type: "LowercaseString", Description: "vendor, as in the CPE name"},
	{Name: "product.version", Type: "LowercaseString", Description: "version, as in the CPE name"},
	{Name: "product.vulnerabilities", Type: "LowercaseString", Description: "vulnerabilities of the product, separated by semicolons: cve-2020-11985;cve-2025-3891"},
	{Name: "protocol.application", Type: "LowercaseString", Length: 100, Regex: printable, Description: "application protocol: http, sip, vnc"},
	{Name: "protocol.transport", Type: "LowercaseString", Length: 11, IRegex: transport, Description: "transport protocol: tcp, udp, icmp"},
	{Name: "raw", Type: "Base64", Description: "the original line or lines, in base64"},
	{Name: "rtir_id", Type: "Integer", Description: "number of the ticket in Request Tracker"},
	{Name: "screenshot_url", Type: "URL", Description: "where a screenshot is"},
	{Name: "severity", Type: "LowercaseString", Length: 10, Regex: severity, Description: "critical, high, medium, low, info or undefined, as the source sees it"},
	{Name: "source.abuse_contact", Type: "LowercaseString", Description: "who to notify about the reported system, e-mail addresses separated by commas"},
	{Name: "source.account", Type: "String", Description: "account or e-mail address at the reported system"},
	{Name: "source.allocated", Type: "DateTime", Description: "when the prefix of the reported system's address was allocated"},
	{Name: "source.as_name", Type: "String", Description: "name of the reported system's autonomous system"},
	{Name: "source.asn", Type: "ASN", Description: "number of the reported system's autonomous system"},
	{Name: "source.domain_suffix", Type: "FQDN", Description: "public suffix of the reported system's name, as co.uk"},
	{Name: "source.fqdn", Type: "FQDN", Regex: noFinalDot, Description: "host name of the reported system"},
	{Name: "source.geolocation.cc", Type: "UppercaseString", Length: 2, Regex: twoAlnum, Description: "country of the reported system, two letters of ISO 3166"},
	{Name: "source.geolocation.city", Type: "String", Description: "city of the reported system"},
	{Name: "source.geolocation.country", Type: "String", Description: "name of the reported system's country"},
	{Name: "source.geolocation.cymru_cc", Type: "UppercaseString", Length: 2, Regex: twoAlnum, Description: "country of the reported system according to Team Cymru"},
	{Name: "source.geolocation.geoip_cc", Type: "UppercaseString", Length: 2, Regex: twoAlnum, Description: "country of the reported system according to MaxMind"},
	{Name: "source.geolocation.latitude", Type: "Float", Description: "latitude of the reported system, in degrees"},
	{Name: "source.geolocation.longitude", Type: "Float", Description: "longitude of the reported system, in degrees"},
	{Name: "source.geolocation.region", Type: "String", Description: "region of the reported system"},
	{Name: "source.geolocation.state", Type: "String", Description: "state or province of the reported system"},
	{Name: "source.ip", Type: "IPAddress", Description: "IP address of the reported system"},
	{Name: "source.local_hostname", Type: "String", Description: "host name of the reported system inside its own network, behind NAT"},
	{Name: "source.local_ip", Type: "IPAddress", Description: "address of the reported system inside its own network, behind NAT"},
	{Name: "source.network", Type: "IPNetwork", Description: "smallest announced prefix that the reported system's address is in"},
	{Name: "source.port", Type: "Integer", Length: 5, Description: "port of the reported system"},
	{Name: "source.registry", Type: "Registry", Length: 7, Description: "regional registry that the reported system's address is from"},
	{Name: "source.reverse_dns", Type: "FQDN", Regex: noFinalDot, Description: "name that DNS gives for the reported system's address"},
	{Name: "source.tor_node", Type: "Boolean", Description: "whether the reported system is a Tor node"},
	{Name: "source.url", Type: "URL", Description: "URL at the reported system"},
	{Name: "source.urlpath", Type: "String", Description: "path of the URL at the reported system"},
	{Name: "status", Type: "String", Description: "state of the resource: online, offline"},
	{Name: "time.observation", Type: "DateTime", Description: "when the collector fetched it"},
	{Name: "time.source", Type: "DateTime", Description: "when it happened, as the feed says"},
	{Name: "tlp", Type: "TLP", Description: "how far the event may be shared: CLEAR (or WHITE), GREEN, AMBER, AMBER+STRICT, RED"},
}

var reportFields = [...]Field{
	{Name: "extra", Type: "JSONDict", Description: "what the collector knows besides, such as a file name; not copied to events"},
	{Name: "feed.accuracy", Type: "Accuracy", Description: "how sure the feed is, in percent"},
	{Name: "feed.code", Type: "String", Length: 100, Description: "short code of the feed"},
	{Name: "feed.documentation", Type: "String", Description: "where the feed is described"},
	{Name: "feed.name", Type: "String", Description: "name of the feed"},
	{Name: "feed.provider", Type: "String", Description: "who publishes the feed"},
	{Name: "feed.url", Type: "URL", Description: "where the data came from"},
	{Name: "raw", Type: "Base64", Description: "the collected data, in base64"},
	{Name: "rtir_id", Type: "Integer", Description: "number of the ticket in Request Tracker"},
	{Name: "time.observation", Type: "DateTime", Description: "when the collector fetched it"},
}
