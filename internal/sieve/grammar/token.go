package grammar

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"

	"github.com/intelpipe/intelpipe/internal/plain"
)

// The types of tokens. Participle wants them below EOF, which is -1.
const (
	word     lexer.TokenType = -2 - iota // a key, an action, true and false
	number                               // 80, -1.5, 1e6
	variable                             // $name
	text                                 // with its quotes
	operator                             // ==, :contains
	sign                                 // brackets, commas, && and the like
)

// symbols are the names that the grammar has for the types of tokens.
var symbols = map[string]lexer.TokenType{
	"EOF": lexer.EOF, "Word": word, "Number": number, "Variable": variable, "Text": text, "Operator": operator, "Sign": sign,
}

// definition is the lexer as participle wants it.
type definition struct{}

// Symbols are the types of tokens by name.
func (definition) Symbols() map[string]lexer.TokenType { return symbols }

// Lex is not used: tokens are looked at before they are parsed.
func (definition) Lex(string, io.Reader) (lexer.Lexer, error) { return &tokens{}, nil }

// tokens hands tokens to the parser.
type tokens struct{ list []lexer.Token }

// Next returns the next token.
func (t *tokens) Next() (lexer.Token, error) {
	if len(t.list) == 0 {
		return lexer.EOFToken(lexer.Position{}), nil
	}
	next := t.list[0]
	if !next.EOF() {
		t.list = t.list[1:]
	}
	return next, nil
}

// scanner takes a text apart.
type scanner struct {
	src  string
	at   int // in bytes
	line int // from 1
	col  int // from 1, in characters
}

// MaxDepth bounds how deep blocks and parentheses are nested: to parse them, and to carry
// them out, takes a part of the stack for each.
const MaxDepth = 100

// scan returns the tokens of a text; the last one is EOF.
func scan(src string) ([]lexer.Token, error) {
	s := scanner{src: src, line: 1, col: 1}
	var list []lexer.Token
	for depth := 0; ; {
		t, err := s.next()
		if err != nil {
			return nil, err
		}
		list = append(list, t)
		switch {
		case t.EOF():
			return list, nil
		case t.Type == sign && (t.Value == "(" || t.Value == "{"):
			depth++
		case t.Type == sign && (t.Value == ")" || t.Value == "}"):
			depth--
		}
		if depth > MaxDepth {
			return nil, fail(t.Pos, "blocks and parentheses are nested more than %d deep", MaxDepth)
		}
	}
}

// next returns the next token.
func (s *scanner) next() (lexer.Token, error) {
	s.skip()
	t := lexer.Token{Pos: lexer.Position{Offset: s.at, Line: s.line, Column: s.col}}
	rest := s.src[s.at:]
	if rest == "" {
		t.Type = lexer.EOF
		return t, nil
	}
	var n int
	switch c := rest[0]; {
	case c == '\'' || c == '"':
		if n = quoted(rest); n == 0 {
			return t, fail(t.Pos, "the text that begins here does not end; behind a backslash a quote is a part of the text")
		}
		t.Type = text
	case c == '$':
		if n = 1 + span(rest[1:], nameByte); n == 1 {
			return t, fail(t.Pos, "a name of lower-case letters, digits and _ is expected behind $")
		}
		t.Type = variable
	case c == ':':
		if n = 1 + span(rest[1:], letter); n == 1 {
			return t, fail(t.Pos, "an operator such as :contains is expected behind the colon")
		}
		t.Type = operator
	default:
		if n = numeral(rest); n > 0 {
			t.Type = number
		} else if n = span(rest, wordByte); n > 0 {
			t.Type = word
		} else if t.Type, n = fixed(rest); n == 0 {
			return t, unknown(t.Pos, rest)
		}
	}
	t.Value = rest[:n]
	s.advance(n)
	return t, nil
}

// skip skips white space and comments.
func (s *scanner) skip() {
	for s.at < len(s.src) {
		rest := s.src[s.at:]
		n := span(rest, func(c byte) bool { return strings.IndexByte(" \t\r\n\f\v", c) >= 0 })
		if n == 0 && (rest[0] == '#' || strings.HasPrefix(rest, "//")) {
			if n = strings.IndexByte(rest, '\n'); n < 0 {
				n = len(rest)
			}
		}
		if n == 0 {
			return
		}
		s.advance(n)
	}
}

func (s *scanner) advance(n int) {
	passed := s.src[s.at : s.at+n]
	s.at += n
	if lines := strings.Count(passed, "\n"); lines > 0 {
		s.line += lines
		s.col = 1
		passed = passed[strings.LastIndexByte(passed, '\n')+1:]
	}
	s.col += utf8.RuneCountInString(passed)
}

// quoted is the length of the text in quotes with which s begins, or 0 if it has no
// end. A backslash takes the quote behind it along, and nothing else.
func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == s[0]:
			return i + 1
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == s[0]:
			i++
		}
	}
	return 0
}

// numeral is the length of the number with which s begins, or 0. A word such as
// 1a.b is none.
func numeral(s string) int {
	i := 0
	if s[0] == '+' || s[0] == '-' {
		i = 1
	}
	whole := span(s[i:], digit)
	i += whole
	fraction := 0
	if i < len(s) && s[i] == '.' {
		fraction = span(s[i+1:], digit)
		i += 1 + fraction
	}
	if whole+fraction == 0 {
		return 0
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		signed := i + 1
		if signed < len(s) && (s[signed] == '+' || s[signed] == '-') {
			signed++
		}
		if n := span(s[signed:], digit); n > 0 {
			i = signed + n
		}
	}
	if i < len(s) && wordByte(s[i]) {
		return 0
	}
	return i
}

// fixed is the type and the length of the operator or sign with which s begins.
func fixed(s string) (lexer.TokenType, int) {
	for _, known := range [...]string{"==", "!=", "=~", "!~", "<=", ">=", "<<", "<", ">"} {
		if strings.HasPrefix(s, known) {
			return operator, len(known)
		}
	}
	for _, known := range [...]string{"&&", "||", "+=", "-=", "=", "!", "(", ")", "{", "}", "[", "]", ",", ";", "&", "|"} {
		if strings.HasPrefix(s, known) {
			return sign, len(known)
		}
	}
	return 0, 0
}

// unknown is the error for a character that begins nothing.
func unknown(at lexer.Position, rest string) error {
	r, n := utf8.DecodeRuneInString(rest)
	what := plain.Quote(rest[:n])
	switch {
	case strings.ContainsRune("‘’“”„‚´`", r):
		return fail(at, "%s does not quote a text; use ' or \"", what)
	case unicode.IsLetter(r):
		return fail(at, "%s is not a letter of keys and actions; write texts in quotes", what)
	}
	return fail(at, "%s is not expected here; write texts, addresses and networks in quotes", what)
}

func span(s string, fits func(byte) bool) int {
	n := 0
	for n < len(s) && fits(s[n]) {
		n++
	}
	return n
}

func digit(c byte) bool    { return '0' <= c && c <= '9' }
func letter(c byte) bool   { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func nameByte(c byte) bool { return 'a' <= c && c <= 'z' || digit(c) || c == '_' }
func wordByte(c byte) bool { return letter(c) || digit(c) || c == '_' || c == '.' }

// Error is a mistake in a file of rules.
type Error struct {
	Line, Column int // from 1; a column is a character
	Message      string
}

func (e *Error) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message) }

// fail makes an error of a place and what is wrong there.
func fail(at lexer.Position, format string, args ...any) error {
	return &Error{at.Line, at.Column, fmt.Sprintf(format, args...)}
}
