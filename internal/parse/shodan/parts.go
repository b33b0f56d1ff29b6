package shodan

import "github.com/intelpipe/intelpipe/internal/feed"

// always are the parts that count in minimal mode as well.
var always = []feed.Column{
	{From: "org", To: "event_description.target"},
	{From: "port", To: "source.port"},
	{From: "transport", To: "protocol.transport"},
	{From: "asn", To: "source.asn"},
	{From: "location.country_code", To: "source.geolocation.cc"},
	{From: "ip_str", To: "source.ip"},
}

// irregular are the parts that have a place of their own.
var irregular = []feed.Column{
	{From: "hash", To: "extra.shodan.event_hash"},
	{From: "hostnames", To: "source.reverse_dns", With: domain},
	{From: "http.title", To: "extra.http.html.title"},
	{From: "http.html", To: "extra.http.html.data"},
	{From: "location.city", To: "source.geolocation.city"},
	{From: "location.longitude", To: "source.geolocation.longitude"},
	{From: "location.latitude", To: "source.geolocation.latitude"},
	{From: "timestamp", To: "time.source", Convert: "utc"},
	{From: "domains", To: "source.fqdn", With: domain},
	{From: "os", To: "extra.os_name"},
	{From: "opts.amqp.mechanisms", To: "extra.amqp.mechanism"},
	{From: "opts.amqp.server_properties.capabilities.basic.nack", To: "extra.amqp.capabilities.nack"},
	{From: "afp.utf8_server_name", To: "extra.afp.server_name"},
	{From: "redis.server.redis_mode", To: "extra.redis.mode"},
	{From: "redis.server.redis_version", To: "extra.redis.version"},
}

// regular are the parts that are stored below extra under their own names, in lower
// case: what they begin with, or may begin with, what stands for that below extra, and
// the names.
var regular = [][3]string{
	{"", "", "data isp platform product device devicetype info mac version vulns tags"},
	{"location.", "", "region_code postal_code area_code dma_code"},
	{"isakmp.flags.", "isakmp.", "encryption authentication commit"},
	{"opts.", "", "heartbleed ip raw text"},
	{"opts.amqp.server_properties.capabilities.", "amqp.capabilities.", "consumer_cancel_notify exchange_exchange_bindings publisher_confirms"},
	{"opts.amqp.server_properties.|opts.amqp.server_properties.capabilities.", "amqp.", "copyright information platform product version"},
	{"opts.dhcp.", "dhcp.", "broadcast chaddr ciaddr file giaddr siaddr sname yiaddr"},
	{"opts.ldap.", "ldap.", "configurationNamingContext defaultNamingContext dnsHostName dsServiceName errorMessage ldapServiceName namingContexts resultCode " +
		"rootDomainNamingContext schemaNamingContext serverName subschemaSubentry supportedCapabilities supportedControl supportedExtension " +
		"supportedLDAPPolicies supportedLDAPVersion supportedSASLMechanisms"},
	{"mongodb.buildInfo.", "mongodb.", "debug gitVersion version"},
	{"mongodb.buildInfo.buildEnvironment.", "mongodb.", "target_arch target_os"},
	{"mongodb.buildInfo.openssl.", "mongodb.openssl.", "compiled running"},
	{"ftp.", "ftp.", "features anonymous"},
	{"http.", "http.", "location components server host waf"},
	{"isakmp.", "isakmp.", "initiator_spi responder_spi msg_id next_payload exchange_type length version"},
	{"telnet.", "telnet.", "do dont will wont"},
	{"afp.", "afp.", "machine_type network_addresses uams"},
	{"checkpoint.", "checkpoint.", "firewall_host smartcenter_host"},
	{"coap.", "coap.", "resources"},
	{"dns.", "dns.", "recursive resolver_hostname resolver_id software"},
	{"elastic.cluster.", "elastic.cluster.", "cluster_name status"},
	{"etcd.", "etcd.", "api clientURLs name peerURLs state version"},
	{"ethernetip.", "ethernetip.", "device_type ip product_name revision_major revision_minor serial vendor_id version"},
	{"hp_ilo.", "hp_ilo.", "ilo_firmware ilo_serial_number ilo_type server_type"},
	{"influxdb.", "influxdb.", "bind_address build databases go_arch go_os version"},
	{"knx.device.", "knx.device.", "friendly_name knx_address mac multicast_address serial"},
	{"knx.supported_services.", "knx.supported_services.", "core device_management routing tunneling"},
	{"lantronix.", "lantronix.", "gateway ip mac type version"},
	{"mongodb.", "mongodb.", "authentication"},
	{"mssql.", "mssql.", "dns_computer_name dns_domain_name dns_forest_name netbios_computer_name netbios_domain_name os_version target_realm"},
	{"netbios.", "netbios.", "mac networks server_name"},
	{"ntp.", "ntp.", "digest host processor stratum system version"},
	{"redis.keys.", "redis.keys.", "data"},
	{"redis.replication.", "redis.replication.", "master_host role"},
	{"redis.server.", "redis.server.", "os tcp_port"},
	{"rsync.", "rsync.", "modules"},
	{"smb.", "smb.", "anonymous capabilities os smb_version software"},
	{"snmp.", "snmp.", "contact description location name objectid ordescr"},
	{"ssh.", "ssh.", "cipher fingerprint mac type"},
	{"ssl.cert.", "ssl.cert.", "expired serial version"},
	{"ssl.cert.issuer.", "ssl.cert.issuer.", "C O OU CN"},
	{"ssl.cert.pubkey.", "ssl.cert.pubkey.", "bits type"},
	{"ssl.cert.subject.", "ssl.cert.subject.", "C O OU CN"},
	{"ssl.cipher.", "ssl.cipher.", "bits name version"},
	{"ssl.dhparams.", "ssl.dhparams.", "bits fingerprint generator prime public_key"},
	{"ubiquiti.", "ubiquiti.", "hostname ip ip_alt mac mac_alt product version"},
	{"unitronics_pcom.", "unitronics_pcom.", "hardware_version model os_build os_version plc_name plc_unique_id uid_master"},
	{"upnp.", "upnp.", "device_type friendly_name manufacturer model_description model_name model_number serial_number udn upc"},
	{"vmware.", "vmware.", "api_type api_version build full_name name os_type product_line_id vendor version"},
}
