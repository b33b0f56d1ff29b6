package reversedns

import (
	"errors"
	"math/big"
	"net/netip"
	"strings"
)

// binary is the key that IntelMQ has for an address.
func binary(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	digits := new(big.Int).SetBytes(a.AsSlice()).Text(2)
	if a.Is6() && len(digits) <= 32 { // which is that of an IPv4 address
		return "6_" + digits
	}
	return digits
}

// none is what IntelMQ keeps for an address without a name.
const none = "__dns-exception"

func encode(name string, found bool) (string, bool) {
	if !found {
		return none, true
	}
	return name + ".", true
}

// decode takes a name that no host can have for no answer, so that it is asked for.
func decode(text string) (name string, found bool, err error) {
	if text == none {
		return "", false, nil
	}
	name, ok := host(strings.TrimSuffix(text, "."))
	if !ok {
		return "", false, errors.New("no host can have this name")
	}
	return name, true, nil
}
