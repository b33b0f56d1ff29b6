package harmonization

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/intelpipe/intelpipe/internal/plain"
)

// Class is one classification.type.
type Class struct{ Type, Taxonomy, Meaning string }

// Classes yields the classification types in alphabetical order.
func Classes() iter.Seq[Class] {
	return func(yield func(Class) bool) {
		for _, c := range classes {
			taxonomy, _ := Taxonomy(c[0])
			if !yield(Class{c[0], taxonomy, c[1]}) {
				return
			}
		}
	}
}

// CheckValue is Sanitise for values that people write: where the type is a list
// of words, the error says which one was probably meant.
func (f *Field) CheckValue(v Value) (Value, error) {
	w, err := f.Sanitise(v)
	if err == nil {
		return w, nil
	}
	if near := plain.Nearest(v.Python(), f.words()); near != "" {
		return w, fmt.Errorf("%w; did you mean %s?", err, near)
	}
	return w, err
}

// CheckValue is Field.CheckValue for the field of that name.
func (d *Dictionary) CheckValue(kind Message, key string, v Value) (Value, error) {
	f, err := d.Field(kind, key)
	if err != nil {
		return v, d.Check(kind, key)
	}
	if v, err = f.CheckValue(v); errors.Is(err, ErrInvalidKey) {
		return v, err
	} else if err != nil {
		return v, fmt.Errorf("%s: %w", key, err)
	}
	return v, nil
}

// words are those of a type that is a list of words.
func (f *Field) words() iter.Seq[string] {
	switch f.Type {
	case "ClassificationType", "ClassificationTaxonomy":
		return func(yield func(string) bool) {
			for c := range Classes() {
				word := c.Type
				if f.Type == "ClassificationTaxonomy" {
					word = c.Taxonomy
				}
				if !yield(word) {
					return
				}
			}
		}
	case "Boolean":
		return slices.Values([]string{"true", "false"})
	case "Registry":
		return slices.Values([]string{"AFRINIC", "APNIC", "ARIN", "LACNIC", "RIPE"})
	case "TLP":
		return slices.Values([]string{"CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"})
	}
	return slices.Values[[]string](nil)
}

// classes are the classification types and what each means. Taxonomy says
// where they belong.
var classes = [...][2]string{
	{"application-compromise", "an application was broken into through a flaw in it"},
	{"blacklist", "listed by somebody, for a reason that is not told"},
	{"brute-force", "attempts to log in by guessing passwords"},
	{"burglary", "somebody broke into a building or room"},
	{"c2-server", "server from which infected systems are controlled"},
	{"copyright", "protected works are offered or installed without permission"},
	{"data-leak", "data that should be confidential has become known"},
	{"data-loss", "data is gone, for example with a broken or stolen disk"},
	{"ddos", "denial of service from many sources at once"},
	{"ddos-amplifier", "service that can be used to amplify a denial of service"},
	{"dga-domain", "name that malware generates to find its controller"},
	{"dos", "denial of service"},
	{"exploit", "attempt to use a known vulnerability"},
	{"harmful-speech", "harassment, threats or incitement"},
	{"ids-alert", "an intrusion detection system has raised an alarm"},
	{"infected-system", "system that runs malware"},
	{"information-disclosure", "service that tells more than it should, such as SNMP or Redis in the open"},
	{"malware", "a malware sample or where it is seen, without more detail"},
	{"malware-configuration", "configuration file of malware"},
	{"malware-distribution", "host or URL from which malware is spread"},
	{"masquerade", "somebody pretends to be another person or organisation"},
	{"misconfiguration", "a wrong configuration makes something unavailable"},
	{"other", "an incident that no other type describes"},
	{"outage", "something fails without malice, such as power or a line"},
	{"phishing", "pages or messages that trick people into giving away credentials"},
	{"potentially-unwanted-accessible", "service that should perhaps not be reachable, such as Telnet or RDP"},
	{"privileged-account-compromise", "an account with administrative rights was taken over"},
	{"proxy", "host through which others hide where they come from"},
	{"sabotage", "somebody damages something on purpose"},
	{"scanner", "host that looks for open ports and weak systems"},
	{"sniffing", "network traffic is listened to"},
	{"social-engineering", "people are deceived or threatened to give information away"},
	{"spam", "unsolicited bulk mail"},
	{"system-compromise", "a system was broken into"},
	{"test", "only a test, to be ignored"},
	{"tor", "node of the Tor network"},
	{"unauthorised-information-access", "data was read without permission"},
	{"unauthorised-information-modification", "data was changed without permission, such as a defaced page"},
	{"unauthorized-use-of-resources", "resources are used for something that they are not there for"},
	{"undetermined", "the type is not known"},
	{"unprivileged-account-compromise", "an account without administrative rights was taken over"},
	{"violence", "violence against people, or a call for it"},
	{"vulnerable-system", "system with a known vulnerability"},
	{"weak-crypto", "service that offers weak cryptography"},
}
