package anonymize

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"

	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/python/urlsplit"
)

// keySize is the size of a key of Crypto-PAn: one of AES, and a block behind it.
const keySize = 32

// pseudonyms makes them, of one key.
type pseudonyms struct {
	block   cipher.Block
	pad     [aes.BlockSize]byte
	key     []byte // of names and tokens
	keepTLD bool
}

func newPseudonyms(key []byte, keepTLD bool) (*pseudonyms, error) {
	block, err := aes.NewCipher(key[:16])
	if err != nil {
		return nil, err
	}
	p := &pseudonyms{block: block, keepTLD: keepTLD}
	block.Encrypt(p.pad[:], key[16:])
	// Nothing that is known of the addresses must help with the names.
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("intelpipe expert-anonymize: names"))
	p.key = mac.Sum(nil)
	return p, nil
}

// crypt is Crypto-PAn: each bit is flipped, or not, by what AES makes of those before it.
func (p *pseudonyms) crypt(ip []byte) {
	var mask [16]byte
	in := p.pad
	for i := range 8 * len(ip) {
		var out [aes.BlockSize]byte
		p.block.Encrypt(out[:], in[:])
		mask[i/8] |= out[0] >> 7 << (7 - i%8)
		bit := byte(0x80) >> (i % 8)
		in[i/8] = in[i/8]&^bit | ip[i/8]&bit
	}
	for i := range ip {
		ip[i] ^= mask[i]
	}
}

func (p *pseudonyms) ip(a netip.Addr) netip.Addr {
	ip := a.WithZone("").AsSlice()
	p.crypt(ip)
	a, _ = netip.AddrFromSlice(ip)
	return a
}

// address is the pseudonym of an address or a network.
func (p *pseudonyms) address(value string) (string, error) {
	if a, err := netip.ParseAddr(value); err == nil {
		return p.ip(a).String(), nil
	}
	network, err := netip.ParsePrefix(value)
	if err != nil {
		return "", fmt.Errorf("neither an address nor a network: %s", plain.Quote(value))
	}
	return netip.PrefixFrom(p.ip(network.Addr()), network.Bits()).Masked().String(), nil
}

// digest is a hash of something, by the key.
func (p *pseudonyms) digest(value string, bytes int) string {
	mac := hmac.New(sha256.New, p.key)
	mac.Write([]byte(value))
	return hex.EncodeToString(mac.Sum(nil)[:bytes])
}

// token is the pseudonym of anything.
func (p *pseudonyms) token(value string) string { return p.digest("token "+value, 8) }

// mostLabels is how many there may be, so that a name is not too long.
const mostLabels = 16

// name is the pseudonym of a name. Each label is made of itself and all behind it. An
// address that stands in its place is one all the same.
func (p *pseudonyms) name(value string) (string, error) {
	if a, err := netip.ParseAddr(value); err == nil {
		return p.ip(a).String(), nil
	}
	name := strings.ToLower(strings.TrimSuffix(value, "."))
	if name == "" {
		return "", fmt.Errorf("no name: %s", plain.Quote(value))
	}
	labels := strings.Split(name, ".")
	if extra := len(labels) - mostLabels; extra > 0 {
		labels = append([]string{strings.Join(labels[:extra+1], ".")}, labels[extra+1:]...)
	}
	behind := ""
	for i := len(labels) - 1; i >= 0; i-- {
		behind = labels[i] + "." + behind
		if i < len(labels)-1 || !p.keepTLD || len(labels) == 1 {
			labels[i] = "n" + p.digest("name "+behind, 6)
		}
	}
	return strings.Join(labels, "."), nil
}

// mails is the pseudonym of mail addresses.
func (p *pseudonyms) mails(value string) (string, error) {
	all := strings.Split(value, ",")
	for i, part := range all {
		part = strings.TrimSpace(part)
		at := strings.LastIndexByte(part, '@')
		switch {
		case part == "":
			all[i] = ""
		case at < 0:
			all[i] = p.token(part)
		default:
			domain, err := p.name(part[at+1:])
			if err != nil {
				return "", err
			}
			all[i] = "u" + p.digest("mail "+strings.ToLower(part), 6) + "@" + domain
		}
	}
	return strings.Join(all, ","), nil
}

// url is the pseudonym of a URL. An account in it, the path and what stands behind that
// become one token.
func (p *pseudonyms) url(value string) (string, error) {
	u, ok := urlsplit.Split(value)
	if !ok || u.Scheme == "" || u.Host == "" || u.BadPort {
		return "", fmt.Errorf("no URL with a host: %s", plain.Quote(value))
	}
	host, err := p.name(u.Host)
	if err != nil {
		return "", err
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if u.Port >= 0 {
		host = fmt.Sprintf("%s:%d", host, u.Port)
	}
	rest := strings.Join([]string{u.User, u.Password, u.Path, u.Query, u.Fragment}, "\x00")
	if strings.Trim(rest, "/\x00") == "" {
		return u.Scheme + "://" + host + "/", nil
	}
	return u.Scheme + "://" + host + "/" + p.token(rest), nil
}
