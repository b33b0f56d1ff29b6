// Package syntax parses regular expressions that are written for Python's re, as
// re._parser does: into a tree, with the sets of characters and the assertions that
// Python means.
package syntax

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/plain"
)

// Parse reads an expression as Python's re does, and returns the names of its groups
// besides: "" for those without one; the first stands for the whole match. With
// fold the expression ignores case. Errors are of type [*Error].
func Parse(expr string, fold bool) (tree *Node, names []string, err error) {
	p := parser{expr: expr}
	tree, err = p.parse(flags{fold: fold})
	if err == nil && tree.size() > maxSize {
		err = p.refuse(0, "the expression is too large, its repetitions written out; write smaller counts, or * for {0,%d}", maxSize)
	}
	return tree, p.names, err
}

// Error says what is wrong with an expression, and where.
type Error struct {
	Expr        string
	Column      int // in characters, the first is 1
	Reason      string
	Unsupported bool // Python takes the expression
}

func (e *Error) Error() string {
	return fmt.Sprintf("regular expression %s, column %d: %s", plain.Quote(e.Expr), e.Column, e.Reason)
}

// parser reads an expression as Python does. A token is a character, or two
// after a backslash.
type parser struct {
	expr  string
	text  []rune
	pos   int
	depth int
	names []string
	open  []bool // groups that are not closed yet
	kinds string // a and u among the flags for all of the expression
}

func (p *parser) fail(pos int, format string, args ...any) error {
	return &Error{Expr: p.expr, Column: pos + 1, Reason: fmt.Sprintf(format, args...)}
}

// refuse is fail for what is right in Python.
func (p *parser) refuse(pos int, format string, args ...any) error {
	return &Error{Expr: p.expr, Column: pos + 1, Reason: fmt.Sprintf(format, args...), Unsupported: true}
}

func (p *parser) parse(f flags) (*Node, error) {
	for i, r := range p.expr {
		if _, n := utf8.DecodeRuneInString(p.expr[i:]); r == utf8.RuneError && n == 1 {
			return nil, p.fail(utf8.RuneCountInString(p.expr[:i]), "the expression is not UTF-8")
		}
	}
	p.text = []rune(p.expr)
	p.names, p.open = []string{""}, []bool{true}
	if n := len(p.text); n > 0 && strings.HasSuffix(p.expr, `\`) {
		slashes := n - len([]rune(strings.TrimRight(p.expr, `\`)))
		if slashes%2 == 1 {
			return nil, p.fail(n-1, `a backslash at the end; a literal one is written \\`)
		}
	}
	n, err := p.alternatives(&f, true)
	if err == nil && p.pos < len(p.text) {
		err = p.fail(p.pos, `a ) without its (; a literal one is written \)`)
	}
	return n, err
}

func (p *parser) peek() rune {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return -1
}

// token takes a character, or a backslash and one. It is empty at the end.
func (p *parser) token() []rune {
	n := min(1, len(p.text)-p.pos)
	if p.peek() == '\\' {
		n = 2
	}
	p.pos += n
	return p.text[p.pos-n : p.pos]
}

// accept takes r if it is next.
func (p *parser) accept(r rune) bool {
	if p.peek() != r {
		return false
	}
	p.pos++
	return true
}

// take takes up to n characters that fit.
func (p *parser) take(n int, fits func(rune) bool) string {
	start := p.pos
	for p.pos-start < n && p.pos < len(p.text) && fits(p.text[p.pos]) {
		p.pos++
	}
	return string(p.text[start:p.pos])
}

func (p *parser) alternatives(f *flags, top bool) (*Node, error) {
	alt := &Node{Op: Alternate}
	for {
		n, err := p.sequence(f, top && len(alt.Subs) == 0)
		if err != nil {
			return nil, err
		}
		alt.Subs = append(alt.Subs, n)
		if !p.accept('|') {
			break
		}
	}
	if len(alt.Subs) == 1 {
		return alt.Subs[0], nil
	}
	return alt, nil
}

// sequence parses up to a | or ). Flags for all of the expression may stand
// where first is true, before anything else.
func (p *parser) sequence(f *flags, first bool) (*Node, error) {
	seq := &Node{Op: Concat}
	for {
		start := p.pos
		if r := p.peek(); r < 0 || r == '|' || r == ')' {
			return seq, nil
		}
		t := p.token()
		if f.verbose && p.skip(t) {
			continue
		}
		var n *Node
		var err error
		switch t[0] {
		case '\\':
			n, err = p.escape(t[1], start, f)
		case '[':
			n, err = p.class(start, f)
		case '.':
			n = &Node{Op: Character, Set: anyBut('\n')}
			if f.dotAll {
				n.Set = anyBut(-1)
			}
		case '^':
			n = assertion(BeginText)
			if f.multiline {
				n.Op = BeginLine
			}
		case '$':
			n = assertion(EndFinal)
			if f.multiline {
				n.Op = EndLine
			}
		case '(':
			n, err = p.group(start, f, first && len(seq.Subs) == 0)
		case '*', '+', '?', '{':
			var literal bool
			if literal, err = p.repetition(t[0], start, seq); literal {
				n = p.literal('{', f)
			}
		default:
			n = p.literal(t[0], f)
		}
		if err != nil {
			return nil, err
		}
		if n != nil {
			seq.Subs = append(seq.Subs, n)
		}
	}
}

// skip reports whether a token is a blank or begins a comment, which it skips.
func (p *parser) skip(t []rune) bool {
	switch t[0] {
	case ' ', '\t', '\n', '\r', '\v', '\f':
		return true
	case '#':
		for p.pos < len(p.text) && p.token()[0] != '\n' {
		}
		return true
	}
	return false
}

func assertion(o Op) *Node { return &Node{Op: o, bare: true} }

func (p *parser) literal(r rune, f *flags) *Node {
	s := new(Set)
	s.add(r, r)
	return &Node{Op: Character, Set: s.folded(f)}
}

// repetition applies a *, +, ? or {} to the last part of seq. A { that begins
// no repetition stands for itself.
func (p *parser) repetition(r rune, start int, seq *Node) (literal bool, err error) {
	n := &Node{Op: Repeat, Max: -1, bare: true}
	switch r {
	case '+':
		n.Min = 1
	case '?':
		n.Max = 1
	case '{':
		if p.peek() == '}' {
			return true, nil
		}
		here := p.pos
		lo := p.take(len(p.text), isDigit)
		hi := lo
		if p.accept(',') {
			hi = p.take(len(p.text), isDigit)
		}
		if !p.accept('}') {
			p.pos = here
			return true, nil
		}
		if n.Min, n.Max, err = p.counts(lo, hi, start); err != nil {
			return false, err
		}
	}
	if len(seq.Subs) == 0 {
		return false, p.fail(start, `there is nothing that %c could repeat; a literal one is written \%c`, r, r)
	}
	last := &seq.Subs[len(seq.Subs)-1]
	if (*last).bare {
		if (*last).Op == Repeat {
			return false, p.fail(start, `a repetition of a repetition; write (?:…)%c around the first one, or \%c for a literal one`, r, r)
		}
		return false, p.fail(start, `%c cannot repeat a place such as ^ or \b; a literal one is written \%c`, r, r)
	}
	if p.accept('?') {
		n.Lazy = true
	} else if p.peek() == '+' {
		return false, p.refuse(p.pos, "possessive repetitions are not supported; leave the + out, or write (?:…)+")
	}
	n.Subs = []*Node{*last}
	*last = n
	return false, nil
}

func (p *parser) counts(lo, hi string, start int) (least, most int, err error) {
	most = -1
	if lo != "" {
		if least, err = strconv.Atoi(lo); err != nil || least >= maxCount {
			return 0, 0, p.fail(start, "the number of repetitions is too large")
		}
	}
	if hi != "" {
		if most, err = strconv.Atoi(hi); err != nil || most >= maxCount {
			return 0, 0, p.fail(start, "the number of repetitions is too large")
		}
		if most < least {
			return 0, 0, p.fail(start, "the smaller number of repetitions comes first: write {%d,%d}", most, least)
		}
	}
	return least, most, nil
}

// group parses what follows a (. It returns nil for a comment and for flags.
func (p *parser) group(start int, f *flags, first bool) (*Node, error) {
	inner := *f
	number := 0
	switch {
	case !p.accept('?'):
		number = p.declare("")
	case p.peek() < 0:
		return nil, p.fail(start, "the expression ends after (?")
	default:
		t := p.token()
		switch t[0] {
		case ':':
		case '#':
			for p.pos < len(p.text) {
				if p.token()[0] == ')' {
					return nil, nil
				}
			}
			return nil, p.fail(start, "the comment (?# is not closed")
		case 'P':
			var err error
			if number, err = p.named(start); err != nil {
				return nil, err
			}
		case '=':
			return nil, p.refuse(start, "look-ahead is not supported; match what follows, and use a group for the part that is wanted")
		case '!':
			return nil, p.refuse(start, "negative look-ahead is not supported; exclude characters with [^…], or test the other way round")
		case '<':
			switch p.peek() {
			case '=':
				return nil, p.refuse(start, "look-behind is not supported; match what stands before, and use a group for the part that is wanted")
			case '!':
				return nil, p.refuse(start, "negative look-behind is not supported; match what may stand before with [^…]")
			}
			return nil, p.fail(start, "(?< is not known; a group with a name is written (?P<name>…)")
		case '(':
			return nil, p.refuse(start, "conditions (?(…)…) are not supported; write both cases as alternatives, such as (?:<a>|a)")
		case '>':
			return nil, p.refuse(start, "atomic groups (?>…) are not supported; write (?:…)")
		default:
			global, err := p.flags(t[0], start, &inner)
			if err != nil {
				return nil, err
			}
			if !global {
				break
			}
			if !first {
				return nil, p.fail(start, "flags for the whole expression stand at its start; for a part of it write (?i:…)")
			}
			*f = inner
			return nil, nil
		}
	}
	if p.depth++; p.depth > maxDepth {
		return nil, p.refuse(start, "more than %d groups inside each other", maxDepth)
	}
	n, err := p.alternatives(&inner, false)
	if err != nil {
		return nil, err
	}
	if !p.accept(')') {
		return nil, p.fail(start, `a ( that is not closed; a literal one is written \(`)
	}
	p.depth--
	if number > 0 {
		p.open[number] = false
		return &Node{Op: Capture, Group: number, Subs: []*Node{n}}, nil
	}
	return &Node{Op: Concat, Subs: []*Node{n}}, nil
}

func (p *parser) declare(name string) int {
	p.names = append(p.names, name)
	p.open = append(p.open, true)
	return len(p.names) - 1
}

// named parses what follows (?P, and returns the number of the new group.
func (p *parser) named(start int) (int, error) {
	switch {
	case p.accept('='):
		return 0, p.refuse(start, "a reference to a group, (?P=…), is not supported; write the expression of the group again")
	case !p.accept('<'):
		return 0, p.fail(start, "(?P is followed by <, as in (?P<name>…)")
	}
	from := p.pos
	for p.peek() >= 0 && p.peek() != '>' {
		p.pos++
	}
	name := string(p.text[from:p.pos])
	if !p.accept('>') {
		return 0, p.fail(start, "the name of the group ends with >, as in (?P<name>…)")
	}
	if !isIdentifier(name) {
		return 0, p.fail(from, "%s is no name of a group; a name has letters, digits and _, and begins with no digit", plain.Quote(name))
	}
	for i, known := range p.names {
		if known == name {
			return 0, p.fail(from, "the name %s is used twice, group %d has it already", plain.Quote(name), i)
		}
	}
	return p.declare(name), nil
}

func isIdentifier(name string) bool {
	for i, r := range name {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return name != ""
}

// flags parses what follows (? if that begins with r, and applies it to inner.
// It reports whether the flags are for the whole expression.
func (p *parser) flags(r rune, start int, inner *flags) (global bool, err error) {
	on, off := "", ""
	list := &on
	for ; ; r = p.next() {
		switch r {
		case 'i', 'm', 's', 'x':
			*list += string(r)
			continue
		case 'a', 'u':
			if list == &off {
				return false, p.fail(p.pos-1, "the flag %c cannot be turned off", r)
			}
			on += string(r)
			continue
		case 'L':
			return false, p.fail(p.pos-1, "the flag L is for bytes, not for text; leave it out")
		case '-':
			if list == &on {
				list = &off
				continue
			}
		case ':':
			if list == &on || off != "" {
				return false, p.apply(on, off, start, inner)
			}
		case ')':
			if list == &on && on != "" {
				p.kinds += on
				if strings.Contains(p.kinds, "a") && strings.Contains(p.kinds, "u") {
					return true, p.fail(start, "the flags a and u exclude each other")
				}
				return true, p.apply(on, "", start, inner)
			}
		}
		if r < 0 {
			return false, p.fail(start, "the group (? is not closed")
		}
		return false, p.fail(p.pos-1, "(?%c is not known; flags are a, i, m, s, u and x, as in (?i:…)", r)
	}
}

// apply turns flags on and off.
func (p *parser) apply(on, off string, start int, f *flags) error {
	if strings.ContainsAny(on, off) {
		return p.fail(start, "a flag cannot be turned on and off at once")
	}
	if strings.Contains(on, "a") && strings.Contains(on, "u") {
		return p.fail(start, "the flags a and u exclude each other")
	}
	set := func(list string, to bool) {
		for _, r := range list {
			switch r {
			case 'a', 'u':
				f.ascii = r == 'a'
			case 'i':
				f.fold = to
			case 'm':
				f.multiline = to
			case 's':
				f.dotAll = to
			case 'x':
				f.verbose = to
			}
		}
	}
	set(on, true)
	set(off, false)
	return nil
}

// next takes one character, or returns -1.
func (p *parser) next() rune {
	r := p.peek()
	if r >= 0 {
		p.pos++
	}
	return r
}

// escape parses what follows a backslash outside of a class.
func (p *parser) escape(c rune, start int, f *flags) (*Node, error) {
	switch c {
	case 'A':
		return assertion(BeginText), nil
	case 'Z':
		return assertion(EndText), nil
	case 'b', 'B':
		n := assertion(Boundary)
		if c == 'B' {
			n.Op = NoBoundary
		}
		if f.ascii {
			n.Op += ASCIIBoundary - Boundary
		}
		return n, nil
	}
	if s := category(c, f.ascii); s != nil {
		return &Node{Op: Character, Set: s}, nil
	}
	if '1' <= c && c <= '9' {
		digits := string(c)
		if isDigit(p.peek()) {
			digits += string(p.next())
			if isOctal(c) && isOctal(rune(digits[1])) && isOctal(p.peek()) {
				p.pos = start + 2
				r, err := p.octal(c, start)
				return p.literal(r, f), err
			}
		}
		group, _ := strconv.Atoi(digits)
		if group >= len(p.names) {
			return nil, p.fail(start, `\%s: there is no group %s before it`, digits, digits)
		}
		if p.open[group] {
			return nil, p.fail(start, `\%s: the group %s is not closed before it`, digits, digits)
		}
		return nil, p.refuse(start, `a reference to a group, \%s, is not supported; write the expression of the group again`, digits)
	}
	r, err := p.character(c, start)
	if err != nil {
		return nil, err
	}
	return p.literal(r, f), nil
}

// octal reads up to two more digits after c.
func (p *parser) octal(c rune, start int) (rune, error) {
	n, _ := strconv.ParseInt(string(c)+p.take(2, isOctal), 8, 32)
	if n > 0o377 {
		return 0, p.fail(start, `\%o: an octal number goes up to \377; write \u%04x`, n, n)
	}
	return rune(n), nil
}

// character parses an escape that stands for one character, in and outside of
// classes. c follows the backslash.
func (p *parser) character(c rune, start int) (rune, error) {
	switch c {
	case 'a':
		return '\a', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'v':
		return '\v', nil
	case '0':
		return p.octal(c, start)
	case 'x', 'u', 'U':
		digits := map[rune]int{'x': 2, 'u': 4, 'U': 8}[c]
		text := p.take(digits, isHex)
		n, err := strconv.ParseUint(text, 16, 32)
		if err != nil || len(text) != digits {
			return 0, p.fail(start, `\%c is followed by %d hexadecimal digits`, c, digits)
		}
		if n > unicode.MaxRune {
			return 0, p.fail(start, `\U%s is beyond the last character, \U0010ffff`, text)
		}
		return rune(n), nil
	case 'N':
		return 0, p.refuse(start, `names of characters, \N{…}, are not supported; write the character itself, or \uXXXX`)
	case 'z':
		return 0, p.fail(start, `\z is not known; the end of the text is \Z`)
	case 'p', 'P':
		return 0, p.fail(start, `\%c is not known; letters of all languages are [^\W\d_], digits \d`, c)
	}
	if isLetter(c) {
		return 0, p.fail(start, `\%c is not known; a literal %c is written without the backslash`, c, c)
	}
	if isDigit(c) {
		return 0, p.fail(start, `\%c is not known`, c)
	}
	return c, nil
}

// class parses what follows a [.
func (p *parser) class(start int, f *flags) (*Node, error) {
	s := new(Set)
	negated := p.accept('^')
	for n := 0; ; n++ {
		here := p.pos
		t := p.token()
		if len(t) == 0 {
			return nil, p.fail(start, `a [ that is not closed; a literal one is written \[`)
		}
		if t[0] == ']' && n > 0 {
			break
		}
		lo, cat, err := p.member(t, here, f)
		if err != nil {
			return nil, err
		}
		if p.peek() != '-' {
			s.include(lo, lo, cat)
			continue
		}
		p.pos++
		t = p.token()
		if len(t) == 0 {
			return nil, p.fail(start, `a [ that is not closed; a literal one is written \[`)
		}
		if t[0] == ']' {
			s.include(lo, lo, cat)
			s.add('-', '-')
			break
		}
		hi, cat2, err := p.member(t, p.pos-len(t), f)
		if err != nil {
			return nil, err
		}
		what := string(p.text[here:p.pos])
		if cat != nil || cat2 != nil {
			return nil, p.fail(here, `%s is no range of characters; a literal - is written \-`, what)
		}
		if hi < lo {
			return nil, p.fail(here, `%s: the range is the wrong way round; a literal - is written \-`, what)
		}
		s.add(lo, hi)
	}
	s = s.folded(f)
	s.negated = negated
	return &Node{Op: Character, Set: s}, nil
}

// member is one character or category of a class.
func (p *parser) member(t []rune, start int, f *flags) (rune, *Set, error) {
	if t[0] != '\\' {
		return t[0], nil, nil
	}
	c := t[1]
	if s := category(c, f.ascii); s != nil {
		return 0, s, nil
	}
	var r rune
	var err error
	switch {
	case c == 'b':
		r = '\b'
	case isOctal(c):
		r, err = p.octal(c, start)
	default:
		r, err = p.character(c, start)
	}
	return r, nil, err
}
