package stix

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"github.com/intelpipe/intelpipe/internal/indicator"
)

const (
	maxPattern = 1 << 20 // bytes
	maxDepth   = 100     // of parentheses
)

// Pattern returns the events that a pattern stands for. Observations are several,
// whatever joins them; within one, AND and OR mean what they say. Comparisons that
// are no field of an event, or anything but equality, are left out.
func Pattern(text string) ([]indicator.Set, error) {
	if len(text) > maxPattern {
		return nil, errors.New("pattern: more than 1 MiB")
	}
	p := &parser{text: text}
	p.next()
	sets := p.observations(0)
	if p.token != "" {
		p.fail("the end is expected")
	}
	if p.err != nil {
		return nil, fmt.Errorf("pattern: %w", p.err)
	}
	// A port alone is no indicator.
	return slices.DeleteFunc(sets, func(s indicator.Set) bool { return len(s) == 1 && s[0].Key == "source.port" }), nil
}

// parser reads a pattern token by token. After an error there are no more tokens.
type parser struct {
	text  string
	pos   int
	token string // a word, path or sign as it stands; of texts the opening quote
	value string // of a text
	at    int    // where the token begins
	err   error
}

func (p *parser) fail(what string) {
	if p.err == nil {
		p.err = fmt.Errorf("column %d: %s", p.at+1, what)
	}
	p.token, p.pos = "", len(p.text)
}

// next reads the next token.
func (p *parser) next() {
	p.pos += len(p.text[p.pos:]) - len(strings.TrimLeftFunc(p.text[p.pos:], unicode.IsSpace))
	rest := p.text[p.pos:]
	p.at, p.token = p.pos, ""
	if rest == "" {
		return
	}
	n := strings.IndexFunc(rest, func(r rune) bool { return !isWord(r) })
	if n < 0 {
		n = len(rest)
	}
	switch c := rest[0]; {
	case c == '\'':
		p.quoted(1)
		return
	case n == 1 && len(rest) > 1 && rest[1] == '\'' && strings.IndexByte("tbh", c) >= 0:
		p.quoted(2)
		return
	case n > 0 && strings.HasPrefix(rest[n:], ":"):
		n = pathEnd(rest, n+1)
	case n > 0:
		for n < len(rest) && rest[n] == '.' { // a number with a fraction
			n++
			for n < len(rest) && isWord(rune(rest[n])) {
				n++
			}
		}
	case len(rest) > 1 && slices.Contains([]string{"!=", "<=", ">=", "<>", "=="}, rest[:2]):
		n = 2
	case strings.IndexByte("[](),=<>", c) >= 0:
		n = 1
	default:
		p.fail(fmt.Sprintf("%q is not expected", string(c)))
		return
	}
	p.token, p.pos = rest[:n], p.pos+n
}

func isWord(r rune) bool {
	return r == '_' || r == '-' || r == '+' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

// pathEnd is where the path of an object ends.
func pathEnd(s string, i int) int {
	for i < len(s) {
		switch c := s[i]; {
		case isWord(rune(c)), c == '.':
			i++
		case c == '\'', c == '[':
			end := strings.IndexByte(s[i+1:], map[byte]byte{'\'': '\'', '[': ']'}[c])
			if end < 0 {
				return i
			}
			i += end + 2
		default:
			return i
		}
	}
	return i
}

// quoted reads a text whose opening quote is skip bytes long.
func (p *parser) quoted(skip int) {
	var b strings.Builder
	for i := p.pos + skip; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '\\' && i+1 < len(p.text):
			i++
			b.WriteByte(p.text[i])
		case c == '\'':
			p.token, p.value, p.pos = p.text[p.pos:p.pos+skip], b.String(), i+1
			return
		default:
			b.WriteByte(c)
		}
	}
	p.fail("a quote is not closed")
}

// take skips a token if it is the one given.
func (p *parser) take(token string) bool {
	if p.token != token {
		return false
	}
	p.next()
	return true
}

func (p *parser) expect(token string) {
	if !p.take(token) {
		p.fail(token + " is expected")
	}
}

// observations reads observations up to the end or a closing parenthesis.
func (p *parser) observations(depth int) (sets []indicator.Set) {
	for p.err == nil {
		switch {
		case depth > maxDepth:
			p.fail("too many parentheses")
		case p.take("("):
			sets = append(sets, p.observations(depth+1)...)
			p.expect(")")
		default:
			p.expect("[")
			sets = append(sets, p.or(depth)...)
			p.expect("]")
		}
		for p.qualifier() {
		}
		if !p.take("AND") && !p.take("OR") && !p.take("FOLLOWEDBY") {
			break
		}
	}
	return sets
}

// qualifier skips what says how often and when something was observed.
func (p *parser) qualifier() bool {
	switch {
	case p.take("START"):
		p.next()
		p.expect("STOP")
		p.next()
	case p.take("WITHIN"):
		p.next()
		p.expect("SECONDS")
	case p.take("REPEATS"):
		p.next()
		p.expect("TIMES")
	default:
		return false
	}
	return true
}

func (p *parser) or(depth int) []indicator.Set {
	sets := p.and(depth)
	for p.take("OR") {
		sets = append(sets, p.and(depth)...)
	}
	return sets
}

func (p *parser) and(depth int) []indicator.Set {
	formulas := [][]indicator.Set{p.comparison(depth)}
	for p.take("AND") {
		formulas = append(formulas, p.comparison(depth))
	}
	return indicator.And(formulas...)
}

// comparison reads one, or what stands in parentheses.
func (p *parser) comparison(depth int) []indicator.Set {
	not := p.take("NOT")
	switch {
	case depth > maxDepth:
		p.fail("too many parentheses")
		return nil
	case p.take("("):
		sets := p.or(depth + 1)
		p.expect(")")
		if not {
			return nil
		}
		return sets
	case p.take("EXISTS"):
		p.next()
		return nil
	case !strings.Contains(p.token, ":"):
		p.fail("a comparison is expected")
		return nil
	}
	path := p.token
	p.next()
	not = p.take("NOT") || not
	operator := p.token
	if !slices.Contains([]string{"=", "==", "!=", "<>", "<", "<=", ">", ">=", "IN", "LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"}, operator) {
		p.fail("an operator is expected")
		return nil
	}
	p.next()
	text := p.token == "'" || operator == "IN"
	var values []string
	if operator == "IN" {
		p.expect("(")
		for values = append(values, p.literal()); p.take(","); {
			values = append(values, p.literal())
		}
		p.expect(")")
	} else {
		values = append(values, p.literal())
	}
	subset := operator == "ISSUBSET" && strings.HasSuffix(path, "-addr:value")
	if p.err != nil || not || operator != "=" && operator != "==" && operator != "IN" && !subset {
		return nil
	}
	var sets []indicator.Set
	for _, value := range values {
		f := Field(path, value)
		if f.Key != "" && (text || f.Key == "source.port" || f.Key == "source.asn") {
			sets = append(sets, indicator.Set{f})
		}
	}
	return sets
}

// literal reads a value. It is nothing if it is neither text nor an integer.
func (p *parser) literal() (value string) {
	switch c := p.token; {
	case c == "'":
		value = p.value
	case c != "" && strings.Trim(c, "0123456789") == "":
		value = c
	case c == "", strings.ContainsAny(c, "[](),=<>:"):
		p.fail("a value is expected")
		return ""
	}
	p.next()
	return value
}

// Field is the field for a property of an object. Its key is empty if there is
// none. Who is talked to is the source, as all that indicators are about.
func Field(path, value string) indicator.Field {
	object, property, _ := strings.Cut(path, ":")
	if name, ok := strings.CutPrefix(property, "hashes."); ok && object == "file" {
		return indicator.Field{Key: hash(strings.Trim(name, "'\"")), Value: value}
	}
	key := ""
	switch object + ":" + property {
	case "url:value":
		key = "source.url"
	case "domain-name:value":
		key = "source.fqdn"
	case "email-addr:value", "email-message:from_ref.value", "email-message:sender_ref.value":
		key = "source.account"
	case "autonomous-system:number":
		key = "source.asn"
	case "network-traffic:dst_port":
		key = "source.port"
	case "ipv4-addr:value":
		value, _, _ = strings.Cut(value, ":") // a port
		return address(value)
	case "ipv6-addr:value":
		return address(value)
	case "network-traffic:dst_ref.value", "network-traffic:src_ref.value", "domain-name:resolves_to_refs[*].value":
		if key = indicator.SourceField(value); key != "source.fqdn" {
			return address(value)
		}
	}
	if value == "" {
		return indicator.Field{}
	}
	return indicator.Field{Key: key, Value: value}
}

// address is the field for an address or a network. A network of one address is that
// address.
func address(value string) indicator.Field {
	p, err := netip.ParsePrefix(value)
	switch {
	case value == "":
		return indicator.Field{}
	case err != nil:
		return indicator.Field{Key: "source.ip", Value: value}
	case p.IsSingleIP():
		return indicator.Field{Key: "source.ip", Value: p.Addr().String()}
	}
	return indicator.Field{Key: "source.network", Value: value}
}

func hash(name string) string {
	switch strings.ToUpper(name) {
	case "MD5":
		return "malware.hash.md5"
	case "SHA-1", "SHA1":
		return "malware.hash.sha1"
	case "SHA-256", "SHA256":
		return "malware.hash.sha256"
	}
	return ""
}
