package harmonization

// The built-in fields: those of IntelMQ 3.3 and what 3.5 added to events. They
// are plain data, sorted by name, and cost nothing until a [Dictionary] is made
// of them.

// The regular expressions of the built-in fields, in Python's syntax. Each has
// a predicate written by hand in pattern.go, so none is ever compiled.
const (
	noFinalDot = `^.*[^\.]$`
	printable  = `^[ -~]+$`
	twoAlnum   = `^[a-zA-Z0-9]{2}$`
	upperHex   = `^[A-F0-9./]+$`
	uuid       = `^[a-z0-9]{8}-[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{12}$`
	uuid2      = `^[a-z0-9]{8}-[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}-[0-9a-z]{12}$`
	cpe        = `^[a-z0-9_.:\-]+$`
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
	{Name: "classification.identifier", Type: "String", Description: "short name of the finding"},
	{Name: "classification.taxonomy", Type: "ClassificationTaxonomy", Length: 100, Description: "class of the incident"},
	{Name: "classification.type", Type: "ClassificationType", Description: "type of the incident"},
	{Name: "comment", Type: "String", Description: "remark"},
	{Name: "constituency", Type: "String", Description: "tenant the event belongs to"},
	{Name: "destination.abuse_contact", Type: "LowercaseString", Description: "contacts for abuse reports, separated by commas"},
	{Name: "destination.account", Type: "String", Description: "account or e-mail address"},
	{Name: "destination.allocated", Type: "DateTime", Description: "when the prefix was allocated"},
	{Name: "destination.as_name", Type: "String", Description: "name of the autonomous system"},
	{Name: "destination.asn", Type: "ASN", Description: "number of the autonomous system"},
	{Name: "destination.domain_suffix", Type: "FQDN", Description: "public suffix of the name"},
	{Name: "destination.fqdn", Type: "FQDN", Regex: noFinalDot, Description: "host name"},
	{Name: "destination.geolocation.cc", Type: "UppercaseString", Length: 2, Regex: twoAlnum, Description: "country code"},
	{Name: "destination.geolocation.city", Type: "String", Description: "city"},
	{Name: "destination.geolocation.country", Type: "String", Description: "country"},
	{Name: "destination.geolocation.latitude", Type: "Float", Description: "latitude"},
	{Name: "destination.geolocation.longitude", Type: "Float", Description: "longitude"},
	{Name: "destination.geolocation.region", Type: "String", Description: "region"},
	{Name: "destination.geolocation.state", Type: "String", Description: "state"},
	{Name: "destination.ip", Type: "IPAddress", Description: "IP address"},
	{Name: "destination.local_hostname", Type: "String", Description: "host name behind NAT"},
	{Name: "destination.local_ip", Type: "IPAddress", Description: "address behind NAT"},
	{Name: "destination.network", Type: "IPNetwork", Description: "prefix of the network"},
	{Name: "destination.port", Type: "Integer", Description: "port"},
	{Name: "destination.registry", Type: "Registry", Length: 7, Description: "regional registry"},
	{Name: "destination.reverse_dns", Type: "FQDN", Regex: noFinalDot, Description: "name of the address"},
	{Name: "destination.tor_node", Type: "Boolean", Description: "whether it is a Tor node"},
	{Name: "destination.url", Type: "URL", Description: "URL"},
	{Name: "destination.urlpath", Type: "String", Description: "path of a request"},
	{Name: "event_description.target", Type: "String", Description: "who was attacked"},
	{Name: "event_description.text", Type: "String", Description: "description for people"},
	{Name: "event_description.url", Type: "URL", Description: "where to read more"},
	{Name: "event_hash", Type: "UppercaseString", Length: 40, Regex: upperHex, Description: "hash that identifies the event"},
	{Name: "extra", Type: "JSONDict", Description: "everything without a field of its own"},
	{Name: "feed.accuracy", Type: "Accuracy", Description: "how far the feed is right, in percent"},
	{Name: "feed.code", Type: "String", Length: 100, Description: "short code of the feed"},
	{Name: "feed.documentation", Type: "String", Description: "where the feed is described"},
	{Name: "feed.name", Type: "String", Description: "name of the feed"},
	{Name: "feed.provider", Type: "String", Description: "who publishes the feed"},
	{Name: "feed.url", Type: "URL", Description: "where the data came from"},
	{Name: "malware.hash.md5", Type: "String", Length: 200, Regex: printable, Description: "MD5 of the sample"},
	{Name: "malware.hash.sha1", Type: "String", Length: 200, Regex: printable, Description: "SHA-1 of the sample"},
	{Name: "malware.hash.sha256", Type: "String", Length: 200, Regex: printable, Description: "SHA-256 of the sample"},
	{Name: "malware.name", Type: "LowercaseString", Regex: printable, Description: "name of the malware"},
	{Name: "malware.version", Type: "String", Regex: printable, Description: "version of the malware"},
	{Name: "misp.attribute_uuid", Type: "LowercaseString", Length: 36, Regex: uuid, Description: "UUID of the MISP attribute"},
	{Name: "misp.event_uuid", Type: "LowercaseString", Length: 36, Regex: uuid2, Description: "UUID of the MISP event"},
	{Name: "output", Type: "JSON", Description: "the event as an output wants it"},
	{Name: "product.full_name", Type: "String", Description: "product, for people"},
	{Name: "product.name", Type: "LowercaseString", Regex: cpe, Description: "product, as in a CPE name"},
	{Name: "product.vendor", Type: "LowercaseString", Regex: cpe, Description: "vendor, as in a CPE name"},
	{Name: "product.version", Type: "LowercaseString", Regex: cpe, Description: "version, as in a CPE name"},
	{Name: "product.vulnerabilities", Type: "LowercaseString", Description: "vulnerabilities, separated by semicolons"},
	{Name: "protocol.application", Type: "LowercaseString", Length: 100, Regex: printable, Description: "application protocol"},
	{Name: "protocol.transport", Type: "LowercaseString", Length: 11, IRegex: transport, Description: "transport protocol"},
	{Name: "raw", Type: "Base64", Description: "the original lines"},
	{Name: "rtir_id", Type: "Integer", Description: "ticket in Request Tracker"},
	{Name: "screenshot_url", Type: "URL", Description: "where a screenshot is"},
	{Name: "severity", Type: "LowercaseString", Length: 10, Regex: severity, Description: "severity as the source sees it"},
	{Name: "source.abuse_contact", Type: "LowercaseString", Description: "contacts for abuse reports, separated by commas"},
	{Name: "source.account", Type: "String", Description: "account or e-mail address"},
	{Name: "source.allocated", Type: "DateTime", Description: "when the prefix was allocated"},
	{Name: "source.as_name", Type: "String", Description: "name of the autonomous system"},
	{Name: "source.asn", Type: "ASN", Description: "number of the autonomous system"},
	{Name: "source.domain_suffix", Type: "FQDN", Description: "public suffix of the name"},
	{Name: "source.fqdn", Type: "FQDN", Regex: noFinalDot, Description: "host name"},
	{Name: "source.geolocation.cc", Type: "UppercaseString", Length: 2, Regex: twoAlnum, Description: "country code"},
	{Name: "source.geolocation.city", Type: "String", Description: "city"},
	{Name: "source.geolocation.country", Type: "String", Description: "country"},
	{Name: "source.geolocation.cymru_cc", Type: "UppercaseString", Length: 2, Regex: twoAlnum, Description: "country code by Team Cymru"},
	{Name: "source.geolocation.geoip_cc", Type: "UppercaseString", Length: 2, Regex: twoAlnum, Description: "country code by MaxMind"},
	{Name: "source.geolocation.latitude", Type: "Float", Description: "latitude"},
	{Name: "source.geolocation.longitude", Type: "Float", Description: "longitude"},
	{Name: "source.geolocation.region", Type: "String", Description: "region"},
	{Name: "source.geolocation.state", Type: "String", Description: "state"},
	{Name: "source.ip", Type: "IPAddress", Description: "IP address"},
	{Name: "source.local_hostname", Type: "String", Description: "host name behind NAT"},
	{Name: "source.local_ip", Type: "IPAddress", Description: "address behind NAT"},
	{Name: "source.network", Type: "IPNetwork", Description: "prefix of the network"},
	{Name: "source.port", Type: "Integer", Length: 5, Description: "port"},
	{Name: "source.registry", Type: "Registry", Length: 7, Description: "regional registry"},
	{Name: "source.reverse_dns", Type: "FQDN", Regex: noFinalDot, Description: "name of the address"},
	{Name: "source.tor_node", Type: "Boolean", Description: "whether it is a Tor node"},
	{Name: "source.url", Type: "URL", Description: "URL"},
	{Name: "source.urlpath", Type: "String", Description: "path of a request"},
	{Name: "status", Type: "String", Description: "state of the resource"},
	{Name: "time.observation", Type: "DateTime", Description: "when the collector saw it"},
	{Name: "time.source", Type: "DateTime", Description: "when it happened"},
	{Name: "tlp", Type: "TLP", Description: "traffic light protocol level"},
}

var reportFields = [...]Field{
	{Name: "extra", Type: "JSONDict", Description: "everything without a field of its own"},
	{Name: "feed.accuracy", Type: "Accuracy", Description: "how far the feed is right, in percent"},
	{Name: "feed.code", Type: "String", Length: 100, Description: "short code of the feed"},
	{Name: "feed.documentation", Type: "String", Description: "where the feed is described"},
	{Name: "feed.name", Type: "String", Description: "name of the feed"},
	{Name: "feed.provider", Type: "String", Description: "who publishes the feed"},
	{Name: "feed.url", Type: "URL", Description: "where the data came from"},
	{Name: "raw", Type: "Base64", Description: "the original lines"},
	{Name: "rtir_id", Type: "Integer", Description: "ticket in Request Tracker"},
	{Name: "time.observation", Type: "DateTime", Description: "when the collector saw it"},
}
