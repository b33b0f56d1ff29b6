package data

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// A record is one finding, from which both the CSV row and the event are
// written. It depends on its index alone, so any part of the data can be made
// without what stands before it, and the same on every machine.
type record struct {
	index int
	id    int // the index of the first record with the same identity

	ip, network, typ, feed string // with port, the identity
	port                   int

	asn                    int
	asName, cc, city       string
	fqdn, reverse, url     string
	time                   time.Time
	transport, application string
	destIP, destFQDN       string // in every third record
	destPort               int
	identifier, malware    string
	text, agent, system    string
	packets, bytes         int
	escaped                bool // write text beyond ASCII as \u escapes
}

// Share of the records that repeat the identity of an earlier one, of those
// that carry text beyond ASCII, and of those on the transport that the job
// filters out, all in percent.
const (
	duplicates = 20
	foreign    = 5
	filtered   = 6
)

// FilteredTransport is what expert-filter drops in the benchmark's job.
const FilteredTransport = "icmp"

func newRecord(i int) record {
	id := identity(i)
	own := source(i, 0)
	shared := source(id, 1)

	r := record{index: i, id: id, port: 1024 + id/len4*7919%64000}
	if id%5 < 2 {
		n := id % len4
		prefix := documentation4[n/254]
		r.ip = prefix + strconv.Itoa(1+n%254)
		r.network = prefix + "0/24"
	} else {
		r.ip = fmt.Sprintf("2001:db8:%x:%x::%x", shared.IntN(0xffff)+1, id>>15+1, id&0x7fff+1)
		r.network = "2001:db8::/32"
	}
	r.typ = pick(shared, types)
	r.feed = pick(shared, feeds)

	host := own.IntN(1_000_000)
	// Private-use numbers: the documentation ones are what expert-rfc1918 looks for.
	r.asn = 64512 + own.IntN(1000)
	r.asName = pick(own, owners)
	r.cc = pick(own, countries)
	r.city = pick(own, cities)
	r.fqdn = fmt.Sprintf("host-%06d.%s.example.org", host, pick(own, zones))
	r.reverse = fmt.Sprintf("ptr-%06d.dyn.example.net", host)
	r.application = pick(own, applications)
	r.url = fmt.Sprintf("http://%s:%d/%s/%08x", r.fqdn, r.port, pick(own, zones), own.Uint32())
	r.time = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(own.IntN(86400)) * time.Second)
	r.transport = pick(own, transports)
	if own.IntN(100) < filtered {
		r.transport = FilteredTransport
	}
	if own.IntN(3) == 0 {
		r.destIP = documentation4[own.IntN(3)] + strconv.Itoa(1+own.IntN(254))
		r.destFQDN = pick(own, zones) + ".example.com"
		r.destPort = 1 + own.IntN(65535)
	}
	r.identifier = pick(own, identifiers)
	r.malware = pick(own, malwares)
	r.text = fmt.Sprintf(pick(own, texts), own.IntN(5000), own.IntN(600))
	r.agent = pick(own, agents)
	r.system = pick(own, systems)
	r.packets = 1 + own.IntN(9999)
	r.bytes = 40 + own.IntN(999_999)
	if own.IntN(100) < foreign {
		r.city = pick(own, foreignCities)
		r.text += pick(own, foreignTexts)
		r.escaped = own.IntN(2) == 0
	}
	return r
}

// identity returns i, or for a duplicate the index of the record it repeats.
func identity(i int) int {
	for i > 0 {
		s := source(i, 2)
		if s.IntN(100) >= duplicates {
			break
		}
		i = s.IntN(i)
	}
	return i
}

// source is the random numbers of one record; the purposes do not share any,
// so that a field added for one does not shift the other.
func source(i, purpose int) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(i), 0x9e3779b97f4a7c15+uint64(purpose)))
}

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

// The prefixes of the IPv4 documentation networks hold len4 addresses: too few
// for a million identities, so most are IPv6 and the port tells the rest apart.
var documentation4 = []string{"192.0.2.", "198.51.100.", "203.0.113."}

const len4 = 3 * 254

var (
	types         = []string{"scanner", "scanner", "scanner", "brute-force", "infected-system", "vulnerable-system", "c2-server", "spam", "phishing", "ids-alert"}
	feeds         = []string{"Sensor Network", "Spam Trap", "Sinkhole Log", "Port Scan Survey"}
	countries     = []string{"AT", "DE", "CZ", "PT", "EE", "NL", "US", "BR", "JP", "ZA"}
	cities        = []string{"Vienna", "Berlin", "Prague", "Lisbon", "Tallinn", "Utrecht", "Boston", "Recife", "Osaka", "Durban"}
	owners        = []string{"Example Networks Ltd.", "Sample Hosting, Inc.", "Documentation Telecom", "Test University Network", "Fictional Cloud B.V."}
	zones         = []string{"access", "pool", "static", "cust", "lab", "edge"}
	transports    = []string{"tcp", "tcp", "tcp", "udp"}
	applications  = []string{"http", "https", "ssh", "telnet", "smtp", "dns"}
	identifiers   = []string{"open-telnet", "ssh-login", "open-dns", "http-scan", "smb-probe"}
	malwares      = []string{"", "", "", "mirai", "conficker", "gamut"}
	systems       = []string{"Linux 5.x", "Linux 4.x", "Windows Server", "RouterOS", "FreeBSD"}
	texts         = []string{"%d connections in %d seconds, all refused", "login tried %d times in %d minutes", "answers to queries with %d bytes, amplification %d", "%d ports touched, %d of them open"}
	foreignCities = []string{"Wien–Döbling", "São Paulo", "Plzeň", "Łódź", "Αθήνα", "東京"}
	foreignTexts  = []string{", quotes \"as received\"", ", path C:\\temp\\öffentlich", ", Größe überschritten", ", ответ сервера", " \U0001F50D"}
	agents        = []string{
		"Mozilla/5.0 (X11; Linux x86_64) scan/2.1",
		"Mozilla/5.0 (compatible; survey/1.0; +https://example.com/about)",
		"curl/8.5.0", "masscan/1.3 (https://example.net/, research)", "Go-http-client/1.1",
	}
)
