// Package vocabulary has the words that fields are limited to: the types and taxonomies
// of the Reference Incident Classification with IntelMQ's additions, the levels of TLP,
// regional registries, transport protocols and severities.
//
// The words are in switches, which need no initialisation at start-up as a map does.
package vocabulary

import (
	"iter"
	"slices"
)

// Classification is a type of incidents, its taxonomy and its meaning.
type Classification struct{ Type, Taxonomy, Description string }

// Classifications returns all types, sorted by taxonomy.
func Classifications() iter.Seq[Classification] {
	return slices.Values(classifications[:])
}

// Taxonomy returns the taxonomy of a value of classification.type, and false if there is
// no such type.
func Taxonomy(classificationType string) (string, bool) {
	switch classificationType {
	case "spam", "harmful-speech", "violence":
		return "abusive-content", true
	case "ddos", "dos", "outage", "sabotage", "misconfiguration":
		return "availability", true
	case "copyright", "masquerade", "phishing", "unauthorized-use-of-resources":
		return "fraud", true
	case "unauthorised-information-access", "unauthorised-information-modification", "data-loss", "data-leak":
		return "information-content-security", true
	case "scanner", "sniffing", "social-engineering":
		return "information-gathering", true
	case "brute-force", "exploit", "ids-alert":
		return "intrusion-attempts", true
	case "application-compromise", "burglary", "privileged-account-compromise", "system-compromise",
		"unprivileged-account-compromise":
		return "intrusions", true
	case "c2-server", "infected-system", "malware-configuration", "malware-distribution":
		return "malicious-code", true
	case "blacklist", "dga-domain", "malware", "proxy", "tor", "other", "undetermined":
		return "other", true
	case "test":
		return "test", true
	case "ddos-amplifier", "information-disclosure", "potentially-unwanted-accessible", "vulnerable-system",
		"weak-crypto":
		return "vulnerable", true
	}
	return "", false
}

// IsTaxonomy reports whether s is a value of classification.taxonomy.
func IsTaxonomy(s string) bool {
	switch s {
	case "abusive-content", "availability", "fraud", "information-content-security", "information-gathering",
		"intrusion-attempts", "intrusions", "malicious-code", "other", "test", "vulnerable":
		return true
	}
	return false
}

// TodaysTaxonomy returns the current name of a taxonomy for one of older releases of
// IntelMQ, in lower case, and any other text unchanged.
func TodaysTaxonomy(s string) string {
	switch s {
	case "abusive content":
		return "abusive-content"
	case "information gathering":
		return "information-gathering"
	case "intrusion attempts":
		return "intrusion-attempts"
	case "malicious code":
		return "malicious-code"
	}
	return s
}

// TodaysType returns the current name of a type for one of older releases of IntelMQ, in
// lower case, and any other text unchanged.
func TodaysType(s string) string {
	switch s {
	case "botnet drone", "infected system", "ransomware":
		return "infected-system"
	case "ids alert":
		return "ids-alert"
	case "c&c", "c2server":
		return "c2-server"
	case "malware configuration":
		return "malware-configuration"
	case "vulnerable client", "vulnerable service":
		return "vulnerable-system"
	case "leak":
		return "data-leak"
	case "unknown":
		return "undetermined"
	case "dga domain":
		return "dga-domain"
	case "unauthorized-login", "unauthorized-command", "compromised", "backdoor":
		return "system-compromise"
	case "defacement":
		return "unauthorised-information-modification"
	case "dropzone":
		return "other"
	}
	return s
}

// IsRegistry reports whether s is a regional Internet registry.
func IsRegistry(s string) bool {
	switch s {
	case "AFRINIC", "APNIC", "ARIN", "LACNIC", "RIPE":
		return true
	}
	return false
}

// IsTLP reports whether s is a level of TLP 1 or 2. WHITE and CLEAR are the same level;
// values of fields keep the name they have.
func IsTLP(s string) bool {
	switch s {
	case "WHITE", "CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED":
		return true
	}
	return false
}

// IsTransport reports whether s is a transport protocol, in lower case.
func IsTransport(s string) bool {
	switch s {
	case "ip", "icmp", "igmp", "ggp", "ipencap", "st2", "tcp", "cbt", "egp", "igp", "bbn-rcc", "nvp", "nvp-ii",
		"pup", "argus", "emcon", "xnet", "chaos", "udp", "mux", "dcn", "hmp", "prm", "xns-idp", "trunk-1",
		"trunk-2", "leaf-1", "leaf-2", "rdp", "irtp", "iso-tp4", "netblt", "mfe-nsp", "merit-inp", "sep", "3pc",
		"idpr", "xtp", "ddp", "idpr-cmtp", "tp++", "il", "ipv6", "sdrp", "ipv6-route", "ipv6-frag", "idrp",
		"rsvp", "gre", "mhrp", "bna", "esp", "ah", "i-nlsp", "swipe", "narp", "mobile", "tlsp", "skip",
		"ipv6-icmp", "ipv6-nonxt", "ipv6-opts", "cftp", "sat-expak", "kryptolan", "rvd", "ippc", "sat-mon",
		"visa", "ipcv", "cpnx", "cphb", "wsn", "pvp", "br-sat-mon", "sun-nd", "wb-mon", "wb-expak", "iso-ip",
		"vmtp", "secure-vmtp", "vines", "ttp", "nsfnet-igp", "dgp", "tcf", "eigrp", "ospf", "sprite-rpc", "larp",
		"mtp", "ax.25", "ipip", "micp", "scc-sp", "etherip", "encap", "gmtp", "ifmp", "pnni", "pim", "aris",
		"scps", "qnx", "a/n", "ipcomp", "snp", "compaq-peer", "ipx-in-ip", "vrrp", "pgm", "l2tp", "ddx", "iatp",
		"st", "srp", "uti", "smp", "sm", "ptp", "isis", "fire", "crtp", "crdup", "sscopmce", "iplt", "sps",
		"pipe", "sctp", "fc", "divert":
		return true
	}
	return false
}

// IsSeverity reports whether s is a severity of IntelMQ 3.5.
func IsSeverity(s string) bool {
	switch s {
	case "critical", "high", "medium", "low", "info", "undefined":
		return true
	}
	return false
}

// classifications has the same types as the switch in Taxonomy; a test holds
// them together.
var classifications = [...]Classification{
	{"spam", "abusive-content", "sends mail in bulk that nobody asked for, or helps to"},
	{"harmful-speech", "abusive-content", "defames, harasses or threatens people"},
	{"violence", "abusive-content", "shows or glorifies violence or the abuse of children"},
	{"ddos", "availability", "floods a service from many hosts so that others cannot use it"},
	{"dos", "availability", "makes a service unusable from one host, by a flood or a crash"},
	{"outage", "availability", "is down without an attack: broken hardware, power or lines"},
	{"sabotage", "availability", "was damaged on purpose, physically or from inside"},
	{"misconfiguration", "availability", "fails because it is set up wrongly, such as an expired DNSSEC key"},
	{"copyright", "fraud", "offers or installs works without a licence"},
	{"masquerade", "fraud", "pretends to be another person or organisation to gain from it"},
	{"phishing", "fraud", "imitates a known party to make people give away credentials"},
	{"unauthorized-use-of-resources", "fraud", "uses somebody's systems for its own gain, as pyramid schemes do"},
	{"unauthorised-information-access", "information-content-security", "reads data without permission, with stolen credentials or on the wire"},
	{"unauthorised-information-modification", "information-content-security", "changes or encrypts data without permission, as a defacement does"},
	{"data-loss", "information-content-security", "data is lost, by a failure or a theft"},
	{"data-leak", "information-content-security", "confidential data, such as credentials, has become known to others"},
	{"scanner", "information-gathering", "probes hosts, ports or services to find weak ones"},
	{"sniffing", "information-gathering", "records the traffic of others"},
	{"social-engineering", "information-gathering", "gets information from people by lies, tricks or threats"},
	{"brute-force", "intrusion-attempts", "tries many passwords to log in"},
	{"exploit", "intrusion-attempts", "tries to make use of a known vulnerability"},
	{"ids-alert", "intrusion-attempts", "an attack that a sensor or a honeypot has reported"},
	{"application-compromise", "intrusions", "an application was taken over through a flaw in it"},
	{"burglary", "intrusions", "somebody broke into a building or a room"},
	{"privileged-account-compromise", "intrusions", "an attacker has an administrator's account"},
	{"system-compromise", "intrusions", "a system was taken over, and how is not known: a backdoor, a login"},
	{"unprivileged-account-compromise", "intrusions", "an attacker has an ordinary user's account"},
	{"c2-server", "malicious-code", "gives commands to infected systems"},
	{"infected-system", "malicious-code", "runs malware, such as the client of a botnet"},
	{"malware-configuration", "malicious-code", "holds a configuration that malware fetches"},
	{"malware-distribution", "malicious-code", "offers malware for download"},
	{"blacklist", "other", "is on a list of bad hosts that does not say why"},
	{"dga-domain", "other", "a domain that malware computes to find its server"},
	{"malware", "other", "a sample of malware, or something that has to do with one"},
	{"proxy", "other", "lets anybody hide behind it"},
	{"tor", "other", "is a node of the Tor network"},
	{"other", "other", "fits no other type"},
	{"undetermined", "other", "the type is not known yet"},
	{"test", "test", "made for a test: nothing has happened"},
	{"ddos-amplifier", "vulnerable", "answers small requests at length to whoever a sender pretends to be"},
	{"information-disclosure", "vulnerable", "tells strangers what they should not know, as an open SNMP does"},
	{"potentially-unwanted-accessible", "vulnerable", "offers a service to all that is usually not meant for all, as Telnet or RDP"},
	{"vulnerable-system", "vulnerable", "has a known vulnerability"},
	{"weak-crypto", "vulnerable", "accepts encryption that can be broken, as SSL 3"},
}
