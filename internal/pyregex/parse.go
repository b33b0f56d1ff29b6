package pyregex

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// flags are those of Python that change what an expression means.
type flags struct {
	fold    bool // i
	lines   bool // m
	all     bool // s
	verbose bool // x
	ascii   bool // a
}

// parser reads an expression by the grammar of Python's re and writes what
// package regexp has to be told. It descends: alternatives, sequences, items.
type parser struct {
	expr   string
	src    []rune
	pos    int
	flags  flags
	names  []string
	dollar bool
	border border
	depth  int
}

// border says which characters the words have that \b and \B look at.
type border int

const (
	none border = iota
	ofASCII
	ofUnicode
)

func (p *parser) words() border {
	if p.flags.ascii {
		return ofASCII
	}
	return ofUnicode
}

const (
	maxDepth  = 200  // of groups in each other
	maxRepeat = 1000 // of package regexp
)

// fail panics with an error at a place; parse recovers.
func (p *parser) fail(at int, format string, args ...any) {
	panic(&Error{p.expr, at + 1, fmt.Sprintf(format, args...)})
}

func (p *parser) parse() (text string, err error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *Error:
			err = e
		default:
			panic(e)
		}
	}()
	for i, r := range p.src {
		if r == 0x10FFFE || r == 0x10FFFD {
			p.fail(i, "this character means nothing and cannot be searched for")
		}
		if r == unicode.ReplacementChar && !strings.Contains(p.expr, string(r)) {
			p.fail(i, "bytes that are not UTF-8")
		}
	}
	p.names = []string{""}
	p.globals()
	text, _ = p.alternatives()
	if p.more() {
		p.fail(p.pos, "a ) without its (")
	}
	return text, nil
}

func (p *parser) more() bool { return p.pos < len(p.src) }

// peek returns the next character, or -1.
func (p *parser) peek() rune {
	if p.more() {
		return p.src[p.pos]
	}
	return -1
}

// accept takes text if it is next.
func (p *parser) accept(text string) bool {
	want := []rune(text)
	if len(p.src)-p.pos >= len(want) && slices.Equal(p.src[p.pos:p.pos+len(want)], want) {
		p.pos += len(want)
		return true
	}
	return false
}

// globals reads (?ims) at the beginning, which holds for all of the expression.
func (p *parser) globals() {
	for {
		start := p.pos
		for p.flags.verbose && p.blank() {
		}
		if !p.accept("(?") {
			p.pos = start
			return
		}
		at := p.pos
		for p.more() && strings.ContainsRune("aiLmsux", p.src[p.pos]) {
			p.pos++
		}
		if p.pos == at || p.peek() != ')' {
			p.pos = start
			return
		}
		p.set(&p.flags, at, p.pos, true)
		p.pos++
	}
}

// set switches the flags between two places on or off.
func (p *parser) set(f *flags, from, to int, on bool) {
	for i := from; i < to; i++ {
		switch p.src[i] {
		case 'i':
			f.fold = on
		case 'm':
			f.lines = on
		case 's':
			f.all = on
		case 'x':
			f.verbose = on
		case 'a':
			if !on {
				p.fail(i, "the flag a cannot be switched off")
			}
			f.ascii = true
		case 'u':
			if !on {
				p.fail(i, "the flag u cannot be switched off")
			}
			f.ascii = false
		case 'L':
			p.fail(i, "the flag L is for bytes and not for text")
		}
	}
}

func (p *parser) alternatives() (text string, empty bool) {
	if p.depth++; p.depth > maxDepth {
		p.fail(p.pos, "more than %d groups in each other", maxDepth)
	}
	defer func() { p.depth-- }()
	text, empty = p.sequence()
	for p.accept("|") {
		more, none := p.sequence()
		text, empty = text+"|"+more, empty || none
	}
	return text, empty
}

// An item is what a quantifier repeats.
type item struct {
	text     string
	at       int
	single   bool // needs no group around it
	empty    bool // may match nothing
	groups   bool // has groups whose content is asked for
	nothing  bool // nothing that could be repeated: an assertion
	repeated bool
}

func (p *parser) sequence() (text string, empty bool) {
	var b strings.Builder
	last := item{nothing: true, empty: true}
	empty = true
	flush := func() {
		b.WriteString(last.text)
		empty = empty && (last.empty || last.nothing)
	}
	for p.more() && p.peek() != '|' && p.peek() != ')' {
		if p.flags.verbose && p.blank() || p.comment() {
			continue
		}
		at := p.pos
		if low, high, ok := p.quantifier(); ok {
			last = p.repeat(last, at, low, high)
			continue
		}
		flush()
		last = p.item()
		last.at = at
	}
	flush()
	return b.String(), empty
}

// blank skips white space or a comment of verbose mode.
func (p *parser) blank() bool {
	switch r := p.peek(); {
	case r == '#':
		for p.more() && p.src[p.pos] != '\n' {
			p.pos++
		}
		return true
	case r >= 0 && strings.ContainsRune(" \t\n\r\v\f", r):
		p.pos++
		return true
	}
	return false
}

// comment skips (?#…).
func (p *parser) comment() bool {
	at := p.pos
	if !p.accept("(?#") {
		return false
	}
	for p.more() && p.peek() != ')' {
		p.pos++
	}
	if !p.accept(")") {
		p.fail(at, "a comment without its )")
	}
	return true
}

// quantifier reads *, +, ?, {m}, {m,}, {,n} or {m,n}; high is -1 for no limit. A
// brace that is none of these is a literal.
func (p *parser) quantifier() (low, high int, ok bool) {
	start := p.pos
	switch p.peek() {
	case '*':
		low, high = 0, -1
	case '+':
		low, high = 1, -1
	case '?':
		low, high = 0, 1
	case '{':
		p.pos++
		from := p.digits()
		to, comma := from, p.accept(",")
		if comma {
			to = p.digits()
		}
		if !p.accept("}") || !comma && from == "" {
			p.pos = start
			return 0, 0, false
		}
		low, high = 0, -1
		if from != "" {
			low = p.count(start, from)
		}
		if to != "" {
			high = p.count(start, to)
		}
		if high >= 0 && high < low {
			p.fail(start+1, "the minimum of a repetition is above its maximum")
		}
		return low, high, true
	default:
		return 0, 0, false
	}
	p.pos++
	return low, high, true
}

func (p *parser) digits() string {
	start := p.pos
	for p.more() && p.src[p.pos] >= '0' && p.src[p.pos] <= '9' {
		p.pos++
	}
	return string(p.src[start:p.pos])
}

// emptyLoop is why a group is refused: engines differ in what it has found after
// a round in which it was empty.
const emptyLoop = "a group that may be empty is repeated, and its content would not be certain; write (?:…), or let it match something"

func (p *parser) count(at int, text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n > maxRepeat {
		p.fail(at, "more than %d repetitions; write {%d,} or repeat a group", maxRepeat, maxRepeat)
	}
	return n
}

// repeat applies a quantifier to an item.
func (p *parser) repeat(last item, at, low, high int) item {
	switch {
	case last.nothing:
		p.fail(at, "nothing to repeat")
	case last.repeated:
		p.fail(at, "a repetition of a repetition; put (?:…) around the first")
	case last.empty && last.groups && high != 0 && high != 1:
		p.fail(at, emptyLoop)
	}
	lazy := p.accept("?")
	if !lazy && p.peek() == '+' {
		p.fail(p.pos, "possessive quantifiers are not supported; leave the second + out")
	}
	text := last.text
	if !last.single {
		text = "(?:" + text + ")"
	}
	switch {
	case low == 0 && high < 0:
		text += "*"
	case low == 1 && high < 0:
		text += "+"
	case low == 0 && high == 1:
		text += "?"
	case high < 0:
		text += fmt.Sprintf("{%d,}", low)
	default:
		text += fmt.Sprintf("{%d,%d}", low, high)
	}
	if lazy {
		text += "?"
	}
	return item{text: text, repeated: true, empty: last.empty || low == 0, groups: last.groups}
}

// item reads one item without its quantifier.
func (p *parser) item() item {
	at := p.pos
	r := p.src[p.pos]
	p.pos++
	switch r {
	case '.':
		if p.flags.all {
			return item{text: "(?s:.)", single: true}
		}
		return item{text: `[^\n]`, single: true}
	case '^':
		if p.flags.lines {
			return item{text: "(?m:^)", nothing: true}
		}
		return item{text: `\A`, nothing: true}
	case '$':
		if p.flags.lines {
			return item{text: "(?m:$)", nothing: true}
		}
		p.dollar = true
		return item{text: dollarMark, nothing: true}
	case '(':
		return p.group(at)
	case '[':
		return item{text: p.class(at), single: true}
	case '\\':
		return p.escape(at)
	}
	return p.literal(r)
}

func (p *parser) literal(r rune) item {
	if p.flags.ascii && p.flags.fold { // letters of ASCII alone have two cases
		c := &class{}
		c.add(r, r)
		if lower := r | 0x20; lower >= 'a' && lower <= 'z' {
			c.add(r^0x20, r^0x20)
		}
		return item{text: c.text(false), single: true}
	}
	return item{text: literal(r, p.flags.fold), single: true}
}

// unsupported are the groups that are refused, and what to do about it.
var unsupported = []struct{ begin, reason string }{
	{"(?=", "look-ahead is not supported; match what follows, and use a group for the part that is wanted"},
	{"(?!", "negative look-ahead is not supported; exclude characters with [^…], or test the other way round"},
	{"(?<=", "look-behind is not supported; match what stands before, and use a group for the part that is wanted"},
	{"(?<!", "negative look-behind is not supported; match what may stand before with [^…]"},
	{"(?P=", "back-references are not supported"},
	{"(?(", "conditions are not supported; write the cases as alternatives"},
	{"(?>", "atomic groups are not supported; write (?:…)"},
}

func (p *parser) group(at int) item {
	p.pos = at
	for _, u := range unsupported {
		if p.accept(u.begin) {
			p.fail(at, "%s", u.reason)
		}
	}
	outer, before, open := p.flags, len(p.names), "("
	switch {
	case p.accept("(?P<"):
		p.names = append(p.names, p.name(at))
	case p.accept("(?:"):
		open = "(?:"
	case p.accept("(?"):
		open = "(?:"
		p.scoped(at)
	default:
		p.pos++
		p.names = append(p.names, "")
	}
	if len(p.names) > 1000 {
		p.fail(at, "more than 1000 groups")
	}
	text, empty := p.alternatives()
	if !p.accept(")") {
		p.fail(at, "a ( without its )")
	}
	p.flags = outer
	return item{text: open + text + ")", single: true, empty: empty, groups: len(p.names) > before}
}

// name reads the name of a group.
func (p *parser) name(at int) string {
	start := p.pos
	for p.more() && p.peek() != '>' {
		r := p.src[p.pos]
		if r != '_' && !unicode.IsLetter(r) && (p.pos == start || !unicode.IsDigit(r)) {
			p.fail(p.pos, "a name of a group has letters, digits and underscores and begins with no digit")
		}
		p.pos++
	}
	name := string(p.src[start:p.pos])
	switch {
	case !p.accept(">"):
		p.fail(at, "a name of a group without its >")
	case name == "":
		p.fail(start, "the name of a group is missing")
	case slices.Contains(p.names, name):
		p.fail(start, "there is a group %s already", name)
	}
	return name
}

// scoped reads the flags of (?i:…) or (?i-s:…).
func (p *parser) scoped(at int) {
	inner := p.flags
	start := p.pos
	for p.more() && strings.ContainsRune("aiLmsux", p.src[p.pos]) {
		p.pos++
	}
	on := p.pos
	if p.accept("-") {
		off := p.pos
		for p.more() && strings.ContainsRune("aiLmsux", p.src[p.pos]) {
			p.pos++
		}
		if p.pos == off {
			p.fail(p.pos, "flags are missing after the -")
		}
		for i := off; i < p.pos; i++ {
			if slices.Contains(p.src[start:on], p.src[i]) {
				p.fail(i, "the flag %c is switched on and off", p.src[i])
			}
		}
		p.set(&inner, off, p.pos, false)
	}
	p.set(&inner, start, on, true)
	switch {
	case on > start && p.pos == on && p.peek() == ')':
		p.fail(at, "flags for all of the expression belong at its beginning")
	case p.pos == start:
		p.fail(at, "what follows (? is no kind of group")
	case !p.accept(":"):
		p.fail(p.pos, "a flag, - or : is expected")
	}
	p.flags = inner
}

// escape reads what follows a backslash outside of a class.
func (p *parser) escape(at int) item {
	if !p.more() {
		p.fail(at, "a \\ at the end")
	}
	r := p.src[p.pos]
	c := &class{}
	switch {
	case r == 'A':
		p.pos++
		return item{text: `\A`, nothing: true}
	case r == 'Z':
		p.pos++
		return item{text: `\z`, nothing: true}
	case r == 'b' || r == 'B':
		p.pos++
		if p.border != none && p.border != p.words() {
			p.fail(at, "\\%c with the flag a beside one without it is not supported", r)
		}
		p.border = p.words()
		return item{text: `\` + string(r), nothing: true}
	case c.shorthand(unicode.ToLower(r), p.flags.ascii):
		p.pos++
		c.negated = unicode.IsUpper(r)
		return item{text: c.text(false), single: true}
	case r >= '1' && r <= '9':
		if n := p.octal(3); n >= 0 {
			return p.literal(n)
		}
		p.fail(at, "back-references are not supported")
	}
	return p.literal(p.character(at))
}

// octal reads exactly n octal digits, or none and returns -1.
func (p *parser) octal(n int) rune {
	if len(p.src)-p.pos < n {
		return -1
	}
	value := rune(0)
	for _, r := range p.src[p.pos : p.pos+n] {
		if r < '0' || r > '7' {
			return -1
		}
		value = value*8 + r - '0'
	}
	if value > 0o377 {
		p.fail(p.pos, "an octal number above \\377")
	}
	p.pos += n
	return value
}

// character reads an escape that stands for one character, both in and outside
// of a class.
func (p *parser) character(at int) rune {
	r := p.src[p.pos]
	p.pos++
	switch r {
	case 'a':
		return '\a'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'v':
		return '\v'
	case 'x':
		return p.hex(at, 2)
	case 'u':
		return p.hex(at, 4)
	case 'U':
		return p.hex(at, 8)
	case 'N':
		p.fail(at, "\\N is not supported; write the character itself")
	case '0':
		value := rune(0)
		for n := 0; n < 2 && p.more() && p.src[p.pos] >= '0' && p.src[p.pos] <= '7'; n++ {
			value = value*8 + p.src[p.pos] - '0'
			p.pos++
		}
		return value
	}
	if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
		p.fail(at, "\\%c means nothing", r)
	}
	return r
}

func (p *parser) hex(at, n int) rune {
	if len(p.src)-p.pos < n {
		p.fail(at, "%d hexadecimal digits are expected", n)
	}
	value, err := strconv.ParseUint(string(p.src[p.pos:p.pos+n]), 16, 32)
	switch {
	case err != nil:
		p.fail(at, "%d hexadecimal digits are expected", n)
	case value > unicode.MaxRune || value >= 0xd800 && value < 0xe000:
		p.fail(at, "there is no such character")
	}
	p.pos += n
	return rune(value)
}

// class reads a set of characters behind its [.
func (p *parser) class(at int) string {
	c := &class{negated: p.accept("^")}
	for first := true; first || p.peek() != ']'; first = false {
		if !p.more() {
			p.fail(at, "a [ without its ]")
		}
		start := p.pos
		low, isSet := p.member(c)
		if p.peek() != '-' || p.pos+1 < len(p.src) && p.src[p.pos+1] == ']' {
			if !isSet {
				c.add(low, low)
			}
			continue
		}
		p.pos++
		if !p.more() {
			p.fail(at, "a [ without its ]")
		}
		high, highIsSet := p.member(&class{})
		if isSet || highIsSet {
			p.fail(start, "a set such as \\d is no end of a range")
		}
		if high < low {
			p.fail(start, "a range whose end is before its beginning")
		}
		c.add(low, high)
	}
	p.pos++
	if p.flags.fold && p.flags.ascii {
		return c.asciiFold().text(false)
	}
	return c.text(p.flags.fold)
}

// member reads one member of a set: a character, or a set that is added to c.
func (p *parser) member(c *class) (r rune, isSet bool) {
	at := p.pos
	r = p.src[p.pos]
	p.pos++
	if r != '\\' {
		return r, false
	}
	if !p.more() {
		p.fail(at, "a \\ at the end")
	}
	switch r = p.src[p.pos]; {
	case r == 'b':
		p.pos++
		return '\b', false
	case c.shorthand(r, p.flags.ascii):
		p.pos++
		return 0, true
	case r >= '0' && r <= '7':
		for n := min(3, len(p.src)-p.pos); n > 0; n-- {
			if value := p.octal(n); value >= 0 {
				return value, false
			}
		}
	}
	return p.character(at), false
}

// asciiFold adds to letters of ASCII those of the other case.
func (c *class) asciiFold() *class {
	for i := 0; i < len(c.ranges); i += 2 {
		low, high := c.ranges[i], c.ranges[i+1]
		for _, shift := range []struct{ first, last, by rune }{{'a', 'z', -32}, {'A', 'Z', 32}} {
			if from, to := max(low, shift.first), min(high, shift.last); from <= to && i < len(c.ranges) {
				c.names += fmt.Sprintf(`\x{%x}-\x{%x}`, from+shift.by, to+shift.by)
			}
		}
	}
	return c
}
