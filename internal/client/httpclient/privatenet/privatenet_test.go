package privatenet

import (
	"net/netip"
	"testing"
)

func TestHas(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1": true, "127.9.9.9": true, "10.1.2.3": true, "172.31.0.1": true, "172.32.0.1": false, "192.168.1.1": true,
		"169.254.169.254": true, "100.64.0.1": true, "100.128.0.1": false, "0.0.0.0": true, "224.0.0.1": true, "255.255.255.255": true,
		"192.0.2.1": false, "198.51.100.1": false, "8.8.8.8": false,
		"::1": true, "::": true, "fe80::1%eth0": true, "fd00::1": true, "ff02::1": true, "2001:db8::1": false,
		"::ffff:127.0.0.1": true, "::ffff:192.0.2.1": false, "::127.0.0.1": true, "::ffff:0:10.0.0.1": true,
		"64:ff9b::7f00:1": true, "64:ff9b::c000:201": false, "64:ff9b:1::1": true, "2002:7f00:1::": true, "2002:c000:201::": false,
		"2001::80ff:fffe": true, "2001::3fff:fdfe": false,
	} {
		if got := Has(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: got %v", address, got)
		}
	}
}
