package guess

import (
	"slices"
	"strings"
	"unicode"
)

// ascii writes the letters of German with others.
func ascii(name string) string {
	return strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue", "ß", "ss").Replace(name)
}

// word is what a name of a column means.
type word uint8

const (
	nothing word = iota
	aTime
	aPort
	anASN
	anASName
	aCountry
	aCity
	aLatitude
	aLongitude
	aHost
	aFile
	aText
	aMalware
	anAccount
	anApplication
	other
)

// meanings are the words of names, those that decide first.
var meanings = [...]struct {
	word  word
	names string
}{
	{anASName, " asname asorg isp provider "},
	{anASN, " asn as asnumber autonomes "},
	{aPort, " port ports sport dport srcport dstport sourceport destport "},
	{aTime, " time date datetime timestamp ts seen when created observed detected zeit datum zeitpunkt zeitstempel uhrzeit gesehen erkannt am "},
	{aCountry, " cc country countrycode geo land staat "},
	{aCity, " city town stadt ort "},
	{aLatitude, " lat latitude breitengrad breite "},
	{aLongitude, " lon lng long longitude laengengrad laenge "},
	{aHost, " hostname rdns ptr reverse "},
	{aFile, " file filename datei dateiname "},
	{aMalware, " malware family botnet schadsoftware "},
	{anAccount, " account user username login benutzer konto "},
	{anApplication, " application app service dienst "},
	{aText, " description comment text note message beschreibung kommentar bemerkung "},
	{other, " ip ips address addr adresse ipaddress host domain fqdn url uri network netz cidr md5 sha1 sha256 hash proto protocol type typ category src dst source destination target quelle ziel id name email mail tag tags status "},
}

// meaning finds the word in a name that says most.
func meaning(name string) word {
	words := split(name)
	if slices.Contains(words, "as") && slices.Contains(words, "name") {
		return anASName
	}
	for _, m := range meanings {
		for _, w := range words {
			if strings.Contains(m.names, " "+w+" ") {
				return m.word
			}
		}
	}
	return nothing
}

func isSource(name string) bool {
	return slices.ContainsFunc(split(name), func(w string) bool { return strings.Contains(" src source quelle attacker ", " "+w+" ") })
}

func isDestination(name string) bool {
	return slices.ContainsFunc(split(name), func(w string) bool {
		return strings.Contains(" dst dest destination target victim ziel dport dstport destport ", " "+w+" ")
	})
}

// split takes a name apart, as in first_seen, FirstSeen and "First seen (UTC)".
func split(name string) []string {
	var b strings.Builder
	small := false
	for _, r := range ascii(name) {
		if unicode.IsUpper(r) && small {
			b.WriteByte(' ')
		}
		small = unicode.IsLower(r)
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.FieldsFunc(b.String(), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
