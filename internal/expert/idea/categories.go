package idea

// classification is what IDEA says for a classification.type.
type classification struct{ typ, category, source string }

// classifications has the category of an alert, and the type of its source if there is
// one that fits.
var classifications = [...]classification{
	{"application-compromise", "Intrusion.AppCompromise", ""},
	{"blacklist", "Other", ""},
	{"brute-force", "Attempt.Login", ""},
	{"burglary", "Intrusion", ""},
	{"c2-server", "Intrusion.Botnet", "CC"},
	{"copyright", "Fraud.Copyright", ""},
	{"data-leak", "Information", ""},
	{"data-loss", "Information", ""},
	{"ddos", "Availability.DDoS", ""},
	{"ddos-amplifier", "Intrusion.Botnet", ""},
	{"dga-domain", "Anomaly.Behaviour", "DGA"},
	{"dos", "Availability.DoS", ""},
	{"exploit", "Attempt.Exploit", ""},
	{"harmful-speech", "Abusive.Harassment", ""},
	{"ids-alert", "Attempt.Exploit", ""},
	{"infected-system", "Malware", ""},
	{"information-disclosure", "Information.UnauthorizedAccess", ""},
	{"malware", "Malware", ""},
	{"malware-configuration", "Malware", "MalwareConf"},
	{"malware-distribution", "Malware", "Malware"},
	{"masquerade", "Fraud.Scam", ""},
	{"misconfiguration", "Availability.Outage", ""},
	{"other", "Other", ""},
	{"outage", "Availability.Outage", ""},
	{"phishing", "Fraud.Phishing", "Phishing"},
	{"potentially-unwanted-accessible", "Vulnerable.Open", ""},
	{"privileged-account-compromise", "Intrusion.AdminCompromise", ""},
	{"proxy", "Vulnerable.Config", "Proxy"},
	{"sabotage", "Availability.Sabotage", ""},
	{"scanner", "Recon.Scanning", ""},
	{"sniffing", "Recon.Sniffing", ""},
	{"social-engineering", "Recon.SocialEngineering", ""},
	{"spam", "Abusive.Spam", ""},
	{"system-compromise", "Intrusion.AdminCompromise", ""},
	{"test", "Test", ""},
	{"tor", "Other", "Tor"},
	{"unauthorised-information-access", "Information.UnauthorizedAccess", ""},
	{"unauthorised-information-modification", "Information.UnauthorizedModification", ""},
	{"unauthorized-use-of-resources", "Fraud.UnauthorizedUsage", ""},
	{"undetermined", "Other", ""},
	{"unprivileged-account-compromise", "Intrusion.UserCompromise", ""},
	{"violence", "Abusive.Violence", ""},
	{"vulnerable-system", "Vulnerable.Config", ""},
	{"weak-crypto", "Vulnerable.Config", ""},
}

// classify returns what IDEA says for a classification.type: nothing for one that it has
// no word for, and Other for an event without one.
func classify(typ string) classification {
	for _, c := range classifications {
		if c.typ == typ {
			return c
		}
	}
	if typ == "" {
		return classification{category: "Other"}
	}
	return classification{}
}
