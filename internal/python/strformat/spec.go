package strformat

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/itchyny/timefmt-go"

	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/python/number"
	"github.com/intelpipe/intelpipe/internal/python/value"
)

// spec is a format specification,
// [[fill]align][sign][#][0][width][grouping][.precision][type].
type spec struct {
	source    string
	time      bool // source is one of strftime
	text      bool // !s comes before it
	fill      rune
	align     byte // < > ^ = or 0
	sign      byte // + - blank or 0
	alternate bool
	width     int
	group     byte // , _ or 0
	precision int  // as written, -1 if it is not
	typ       byte
}

// maxWidth keeps a template from filling the memory.
const maxWidth = 1 << 16

func parseSpec(source string) (spec, error) {
	s := spec{source: source, precision: -1}
	rest := source
	if r, n := utf8.DecodeRuneInString(rest); n > 0 && n < len(rest) && isAlign(rest[n]) {
		s.fill, s.align = r, rest[n]
		rest = rest[n+1:]
	} else if rest != "" && isAlign(rest[0]) {
		s.align = rest[0]
		rest = rest[1:]
	}
	if rest != "" && strings.IndexByte("+- ", rest[0]) >= 0 {
		s.sign = rest[0]
		rest = rest[1:]
	}
	if strings.HasPrefix(rest, "#") {
		s.alternate = true
		rest = rest[1:]
	}
	if strings.HasPrefix(rest, "0") {
		if s.fill == 0 {
			s.fill = '0'
			if s.align == 0 {
				s.align = zeroAlign
			}
		}
		rest = rest[1:]
	}
	var err error
	if s.width, rest, err = count(rest); err != nil {
		return s, err
	}
	s.width = max(s.width, 0)
	if rest != "" && (rest[0] == ',' || rest[0] == '_') {
		s.group = rest[0]
		rest = rest[1:]
	}
	if strings.HasPrefix(rest, ".") {
		if s.precision, rest, err = count(rest[1:]); err != nil {
			return s, err
		}
		if s.precision < 0 {
			return s, errors.New("a precision is expected after the dot")
		}
	}
	if rest != "" && strings.IndexByte("bcdeEfFgGnosxX%", rest[0]) >= 0 {
		s.typ = rest[0]
		rest = rest[1:]
	}
	if rest == "" {
		return s, nil
	}
	if strings.Contains(source, "%") {
		return spec{source: source, time: true}, nil
	}
	return s, fmt.Errorf("%q is no format specification", source)
}

// zeroAlign is the alignment of a width with a leading zero: behind the sign
// of a number, to the left for a text.
const zeroAlign = '0'

func isAlign(c byte) bool { return c == '<' || c == '>' || c == '^' || c == '=' }

// count reads digits; n is -1 if there are none.
func count(s string) (n int, rest string, err error) {
	end := 0
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	if end == 0 {
		return -1, s, nil
	}
	if n, err = strconv.Atoi(s[:end]); err != nil || n > maxWidth {
		return 0, s, fmt.Errorf("%s is too large", s[:end])
	}
	return n, s[end:], nil
}

func (s *spec) append(dst []byte, v value.Value) ([]byte, error) {
	switch {
	case s.source == "":
		return append(dst, v.Python()...), nil
	case s.time:
		return s.appendTime(dst, v)
	}
	switch v.Kind {
	case value.String:
		return s.appendText(dst, v.Text)
	case value.Boolean:
		// To Python a boolean is an integer.
		if v.Text == "true" {
			return s.appendInt(dst, "1")
		}
		return s.appendInt(dst, "0")
	case value.Number:
		if strings.ContainsAny(v.Text, ".eE") {
			f, err := strconv.ParseFloat(v.Text, 64)
			if err != nil {
				return dst, fmt.Errorf("%s is out of range", v.Text)
			}
			return s.appendFloat(dst, f)
		}
		return s.appendInt(dst, v.Text)
	}
	return dst, errors.New("only texts and numbers can have a format")
}

// appendTime formats a text that is a time of the data format.
func (s *spec) appendTime(dst []byte, v value.Value) ([]byte, error) {
	if v.Kind == value.String {
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00"} {
			if t, err := time.Parse(layout, v.Text); err == nil {
				return timefmt.AppendFormat(dst, t.UTC(), s.source), nil
			}
		}
	}
	return dst, fmt.Errorf("not a time: %s", plain.Quote(v.Text))
}

func (s *spec) appendText(dst []byte, text string) ([]byte, error) {
	switch {
	case s.typ != 0 && s.typ != 's':
		return dst, s.unfit("a text")
	case s.sign != 0 || s.group != 0 || s.alternate || s.align == '=':
		return dst, fmt.Errorf("%q has what only a number can have", s.source)
	}
	if s.precision >= 0 {
		n := 0
		for i := range text {
			if n == s.precision {
				text = text[:i]
				break
			}
			n++
		}
	}
	return s.pad(dst, "", text, '<'), nil
}

func (s *spec) unfit(what string) error {
	return fmt.Errorf("the type %q does not fit %s", string(s.typ), what)
}

func (s *spec) appendInt(dst []byte, literal string) ([]byte, error) {
	if strings.IndexByte("eEfFgG%", s.typ) >= 0 && s.typ != 0 {
		f, err := strconv.ParseFloat(literal, 64)
		if err != nil {
			return dst, fmt.Errorf("%s is out of range", literal)
		}
		return s.appendFloat(dst, f)
	}
	if s.precision >= 0 {
		return dst, errors.New("an integer cannot have a precision")
	}
	n, ok := new(big.Int).SetString(literal, 10)
	if !ok {
		return dst, fmt.Errorf("not an integer: %s", plain.Quote(literal))
	}
	base, prefix, every := 10, "", 3
	switch s.typ {
	case 0, 'd', 'n':
	case 'b':
		base, prefix, every = 2, "0b", 4
	case 'o':
		base, prefix, every = 8, "0o", 4
	case 'x':
		base, prefix, every = 16, "0x", 4
	case 'X':
		base, prefix, every = 16, "0X", 4
	case 'c':
		if s.sign != 0 || s.group != 0 || s.alternate || !n.IsInt64() || n.Int64() < 0 || n.Int64() > utf8.MaxRune {
			return dst, fmt.Errorf("%s cannot be formatted as a character", literal)
		}
		return s.pad(dst, "", string(rune(n.Int64())), '<'), nil
	default:
		return dst, s.unfit("an integer")
	}
	if s.group == ',' && base != 10 || s.group != 0 && s.typ == 'n' {
		return dst, fmt.Errorf("%q groups what has no groups", s.source)
	}
	sign := s.signOf(n.Sign() < 0)
	if s.alternate {
		sign += prefix
	}
	digits := new(big.Int).Abs(n).Text(base)
	if s.typ == 'X' {
		digits = strings.ToUpper(digits)
	}
	return s.pad(dst, sign, s.grouped(digits, "", len(sign), every), '>'), nil
}

func (s *spec) signOf(negative bool) string {
	switch {
	case negative:
		return "-"
	case s.sign == '+':
		return "+"
	case s.sign == ' ':
		return " "
	}
	return ""
}

func (s *spec) appendFloat(dst []byte, f float64) ([]byte, error) {
	if s.alternate {
		return dst, errors.New("# before a float is not known")
	}
	negative := math.Signbit(f)
	f = math.Abs(f)
	var text string
	switch s.typ {
	case 0:
		if s.precision < 0 {
			text = string(number.AppendFloat(nil, f))
		} else {
			text = general(f, s.precision, true)
		}
	case 'e', 'E':
		text = strconv.FormatFloat(f, 'e', s.digits(), 64)
	case 'f', 'F':
		text = strconv.FormatFloat(f, 'f', s.digits(), 64)
	case '%':
		text = strconv.FormatFloat(f*100, 'f', s.digits(), 64) + "%"
	case 'g', 'G', 'n':
		text = general(f, s.digits(), false)
	default:
		return dst, s.unfit("a float")
	}
	if s.typ == 'E' || s.typ == 'G' {
		text = strings.ToUpper(text)
	}
	sign := s.signOf(negative)
	whole := len(text) - len(strings.TrimLeft(text, "0123456789"))
	return s.pad(dst, sign, s.grouped(text[:whole], text[whole:], len(sign), 3), '>'), nil
}

// digits is the precision, by default 6.
func (s *spec) digits() int {
	if s.precision < 0 {
		return 6
	}
	return s.precision
}

// general is the format g: precision significant digits, without zeros at the
// end, and with an exponent where the number is very small or larger than the
// digits reach. A float without a type keeps one digit behind the point.
func general(f float64, precision int, float bool) string {
	precision = max(precision, 1)
	text := strconv.FormatFloat(f, 'e', precision-1, 64)
	mantissa, exponent, _ := strings.Cut(text, "e")
	e, _ := strconv.Atoi(exponent)
	limit := precision
	if float {
		limit--
	}
	if e >= -4 && e < limit {
		text = strconv.FormatFloat(f, 'f', max(precision-1-e, 0), 64)
		if strings.Contains(text, ".") {
			text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
		}
		if float && !strings.Contains(text, ".") {
			text += ".0"
		}
		return text
	}
	if strings.Contains(mantissa, ".") {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	return mantissa + "e" + exponent
}

// grouped puts a separator between groups of digits. Zeros that fill the width
// are grouped too.
func (s *spec) grouped(digits, tail string, sign, every int) string {
	if s.group == 0 {
		return digits + tail
	}
	for {
		var b strings.Builder
		for i := range len(digits) {
			if i > 0 && (len(digits)-i)%every == 0 {
				b.WriteByte(s.group)
			}
			b.WriteByte(digits[i])
		}
		b.WriteString(tail)
		if s.fill != '0' || s.align != zeroAlign && s.align != '=' || sign+b.Len() >= s.width {
			return b.String()
		}
		digits = "0" + digits
	}
}

// pad brings sign and text to the width.
func (s *spec) pad(dst []byte, sign, text string, align byte) []byte {
	missing := max(0, s.width-len(sign)-utf8.RuneCountInString(text))
	fill := s.fill
	if fill == 0 {
		fill = ' '
	}
	number := align == '>'
	switch {
	case s.align == zeroAlign && number:
		align = '='
	case s.align != 0 && s.align != zeroAlign:
		align = s.align
	}
	var before, inside, after int
	switch align {
	case '<':
		after = missing
	case '>':
		before = missing
	case '^':
		before = missing / 2
		after = missing - before
	case '=':
		inside = missing
	}
	dst = append(repeat(dst, fill, before), sign...)
	dst = append(repeat(dst, fill, inside), text...)
	return repeat(dst, fill, after)
}

func repeat(dst []byte, r rune, n int) []byte {
	for range n {
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}
