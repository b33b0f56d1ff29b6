package abusehelper

import "strings"

// Field is the field of the data format for a key, or "".
func Field(key string) string { return find(keys, key) }

// Type is what the data format calls a type of AbuseHelper. One that is not known is
// undetermined.
func Type(word string) string {
	if typ := find(types, strings.ToLower(word)); typ != "" {
		return typ
	}
	return "undetermined"
}

func find(words [][2]string, word string) string {
	for _, w := range words {
		if w[0] == word {
			return w[1]
		}
	}
	return ""
}

// keys are the fields for the keys that bots of AbuseHelper use. Where several mean one
// field, the first is the one to write.
var keys = [][2]string{
	{"source time", "time.source"},
	{"first seen", "time.source"},
	{"observation time", "time.observation"},
	{"ip", "source.ip"},
	{"source ip", "source.ip"},
	{"domain name", "source.fqdn"},
	{"fqdn", "source.fqdn"},
	{"url", "source.url"},
	{"port", "source.port"},
	{"asn", "source.asn"},
	{"as name", "source.as_name"},
	{"bgp prefix", "source.network"},
	{"registry", "source.registry"},
	{"cc", "source.geolocation.cc"},
	{"geoip cc", "source.geolocation.cc"},
	{"city", "source.geolocation.city"},
	{"latitude", "source.geolocation.latitude"},
	{"longitude", "source.geolocation.longitude"},
	{"reverse dns", "source.reverse_dns"},
	{"destination ip", "destination.ip"},
	{"target ip", "destination.ip"},
	{"destination port", "destination.port"},
	{"transport protocol", "protocol.transport"},
	{"protocol", "protocol.application"},
	{"email address", "source.account"},
	{"abuse contact", "source.abuse_contact"},
	{"abuse email", "source.abuse_contact"},
	{"malware", "malware.name"},
	{"malware family", "malware.name"},
	{"malware md5", "malware.hash.md5"},
	{"malware sha1", "malware.hash.sha1"},
	{"description", "event_description.text"},
	{"description url", "event_description.url"},
	{"feed", "feed.name"},
	{"feeder", "feed.provider"},
	{"feed url", "feed.url"},
	{"feed code", "feed.code"},
}

// types are those that bots of AbuseHelper use.
var types = [][2]string{
	{"c&c", "c2-server"},
	{"c2", "c2-server"},
	{"botnet drone", "infected-system"},
	{"drone", "infected-system"},
	{"malware url", "malware-distribution"},
	{"malware", "malware-distribution"},
	{"phishing", "phishing"},
	{"spam", "spam"},
	{"scanner", "scanner"},
	{"brute-force", "brute-force"},
	{"ids alert", "ids-alert"},
	{"ddos", "ddos"},
	{"defacement", "unauthorised-information-modification"},
	{"exploit", "exploit"},
	{"proxy", "proxy"},
	{"backdoor", "system-compromise"},
	{"blacklist", "blacklist"},
	{"vulnerable service", "vulnerable-system"},
	{"ransomware", "infected-system"},
}
