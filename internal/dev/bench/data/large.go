package data

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// Networks is how many prefixes a table of places or of constituencies has: a million of
// IPv4, and 200,000 of IPv6.
const Networks = 1_200_000

// network is one of the prefixes of a table, all different. The networks for documentation,
// in which the addresses of events are, come first: each address of IPv6 in a prefix of 48
// bits. Of the others, five of six are of IPv4.
func network(i int) net.IPNet {
	switch {
	case i < len(documentation4):
		_, n, err := net.ParseCIDR(documentation4[i] + "0/24")
		if err != nil {
			panic(err) // cannot be: they are constants
		}
		return *n
	case i <= 1<<16:
		ip := net.IP{0x20, 1, 0xd, 0xb8, byte((i - 1) >> 8), byte(i - 1), 15: 0}
		return net.IPNet{IP: ip, Mask: net.CIDRMask(48, 128)}
	case i <= 200_000:
		ip := make(net.IP, net.IPv6len)
		binary.BigEndian.PutUint32(ip, 0x2a00_0000+uint32(i)*31)
		return net.IPNet{IP: ip, Mask: net.CIDRMask([]int{32, 40, 48}[i%3], 128)}
	}
	a, bits := uint32(i)*2987, 23 // from 35.0.0.0 to 213.0.0.0, and none of those above
	if i%3 == 1 {
		bits = 21
	}
	ip := make(net.IP, net.IPv4len)
	binary.BigEndian.PutUint32(ip, a)
	return net.IPNet{IP: ip.Mask(net.CIDRMask(bits, 32)), Mask: net.CIDRMask(bits, 32)}
}

// writePlaces writes a MaxMind database of n prefixes, in 50,000 places.
func writePlaces(w io.Writer, n int) error {
	tree, err := mmdbwriter.New(mmdbwriter.Options{
		DatabaseType: "GeoLite2-City", RecordSize: 28, IncludeReservedNetworks: true, BuildEpoch: 1,
		Description: map[string]string{"en": "own data"}, Languages: []string{"en"},
	})
	if err != nil {
		return err
	}
	for i := range n {
		p, at := network(i), i*7919%50_000
		cc := mmdbtype.Map{"geoname_id": mmdbtype.Uint32(at % 200), "iso_code": mmdbtype.String([]byte{'A' + byte(at%20), 'A' + byte(at/20%10)}),
			"names": mmdbtype.Map{"de": mmdbtype.String(fmt.Sprint("Land ", at%200)), "en": mmdbtype.String(fmt.Sprint("Country ", at%200))}}
		err := tree.Insert(&p, mmdbtype.Map{
			"city": mmdbtype.Map{"geoname_id": mmdbtype.Uint32(at), "names": mmdbtype.Map{
				"de": mmdbtype.String(fmt.Sprint("Ort ", at)), "en": mmdbtype.String(fmt.Sprint("Town ", at)), "fr": mmdbtype.String(fmt.Sprint("Ville ", at))}},
			"continent": mmdbtype.Map{"code": mmdbtype.String("EU"), "names": mmdbtype.Map{"en": mmdbtype.String("Europe")}},
			"country":   cc,
			"location": mmdbtype.Map{"accuracy_radius": mmdbtype.Uint16(20), "latitude": mmdbtype.Float64(float64(at%1700)/10 - 85),
				"longitude": mmdbtype.Float64(float64(at%3400)/10 - 170), "time_zone": mmdbtype.String("Europe/Vienna")},
			"registered_country": cc,
			"subdivisions":       mmdbtype.Slice{mmdbtype.Map{"iso_code": mmdbtype.String(fmt.Sprint(at % 10))}},
		})
		if err != nil {
			return err
		}
	}
	_, err = tree.WriteTo(w)
	return err
}

// writeConstituencies writes a table of n networks in CSV, of 20,000 constituencies.
func writeConstituencies(w io.Writer, n int) error {
	out := bufio.NewWriterSize(w, 64<<10)
	fmt.Fprintln(out, "network,constituency,source.abuse_contact,extra.team")
	for i := range n {
		p, at := network(i), i*7919%20_000
		fmt.Fprintf(out, "%s,constituency-%d,abuse@team-%d.example.org,%d\n", &p, at, at, at%100)
	}
	return out.Flush()
}
