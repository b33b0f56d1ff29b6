package xarf

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/indicator"
)

// types are the kinds of incidents, and what all versions call them: in small letters and
// without what stands between words.
var types = feed.Words{
	{"brute-force", "authfailure bruteforce loginattack"},
	{"scanner", "portprobe portscan reconnaissance scan vulnerabilityscan vulnscanning"},
	{"exploit", "exploit hackattack sqlinjection"},
	{"ddos", "ddos"},
	{"dos", "dos"},
	{"ddos-amplifier", "ddosamplification"},
	{"spam", "bulkmessaging spam"},
	{"harmful-speech", "harassment"},
	{"violence", "childabuse csam csem ncii"},
	{"phishing", "phishing"},
	{"masquerade", "brandinfringement fraud"},
	{"copyright", "copyright cyberlocker linksite p2p trademark ugcplatform usenet"},
	{"data-leak", "dataleak exposeddata"},
	{"unauthorised-information-modification", "defacement"},
	{"malware-distribution", "malware"},
	{"infected-system", "bot botnet infectedhost malwareattack"},
	{"c2-server", "c2server commandandcontrol"},
	{"system-compromise", "compromisedserver remotecompromise"},
	{"unprivileged-account-compromise", "potentiallycompromisedaccount"},
	{"potentially-unwanted-accessible", "open openservice"},
	{"vulnerable-system", "cve misconfiguration vulnerability"},
	{"blacklist", "blocklist threatintelligence"},
}

// typ is the type of an incident that X-ARF calls so.
func typ(word string) string {
	word = strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(word))
	for _, t := range types {
		if slices.Contains(strings.Fields(t[1]), word) {
			return t[0]
		}
	}
	return "undetermined"
}

// offering are the types of incidents in which the source is not who attacks but who
// offers something: its port is the one that counts.
var offering = []string{
	"c2-server", "copyright", "data-leak", "ddos-amplifier", "malware-distribution", "masquerade", "phishing",
	"potentially-unwanted-accessible", "system-compromise", "unauthorised-information-modification", "vulnerable-system",
}

var errSource = errors.New("there is no source")

// sources are the fields one of which an event has.
var sources = []string{"source.ip", "source.network", "source.url", "source.account", "source.fqdn"}

// setSource stores the source under the field for what it looks like. If that has a
// value, of a URL for instance, it is kept below extra.
func setSource(e *event.Message, who string) error {
	field := indicator.SourceField(who)
	if field == "" {
		return fmt.Errorf("the source is no address, network, URL, host or mail address: %.60q", who)
	} else if e.Has(field) {
		field = "extra.source_identifier"
	}
	e.Set(field, who)
	return nil
}
