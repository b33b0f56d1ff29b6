package grammar

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/intelpipe/intelpipe/internal/plain"
)

// Actions and Operators are all that there are.
var (
	Actions   = []string{"add", "append", "drop", "keep", "path", "remove", "update"}
	Operators = []string{
		":after", ":before", ":contains", ":containsany", ":equals", ":exists", ":in", ":notexists",
		":overlaps", ":regexin", ":setequals", ":subsetof", ":supersetof",
	}
)

// expectations are what is expected in words, by the beginning of what participle says.
var expectations = [...]struct{ begin, words string }{
	{`"{"`, "{"},
	{`(("("`, "a condition"},
	{"Key", "a key"},
	{"Token", "an operator such as == or :contains"},
	{"(List", "a value, or a list of values in brackets,"},
	{"Operand", "a value"},
	{"Sign", "=, += or -="},
	{`"="`, "="},
	{`")"`, "&&, || or )"},
	{`"]"`, "a comma or ]"},
	{`"}"`, "an action, if or }"},
	{"", "an action or if"},
}

// explain says what is wrong with a token, and what was probably meant.
func explain(list []lexer.Token, e *participle.UnexpectedTokenError) error {
	_, grammar, _ := strings.Cut(e.Message(), " (expected ")
	i := slices.IndexFunc(list, func(t lexer.Token) bool { return t.Pos.Offset == e.Unexpected.Pos.Offset })
	p := place{t: list[i]}
	if i > 0 {
		p.before = list[i-1]
	}
	if i > 1 {
		p.first = list[i-2].Value
	}
	if i+1 < len(list) {
		p.after = list[i+1].Value
	}
	for _, x := range expectations {
		if strings.HasPrefix(grammar, x.begin) {
			p.begin, p.expected = x.begin, x.words
			break
		}
	}
	if p.begin == `"{"` && p.before.Value != "else" {
		p.expected = "&&, || or {"
	}
	what := plain.Quote(p.t.Value)
	if p.t.EOF() {
		what = "the file ends here"
	}
	hint := p.hint()
	if hint != "" {
		hint = "; " + hint
	}
	return fail(p.t.Pos, "%s: %s is expected%s", what, p.expected, hint)
}

// place is a token that does not fit.
type place struct {
	t               lexer.Token
	before          lexer.Token
	first, after    string // what stands before the one before, and behind
	begin, expected string
}

// hint says what was probably meant, or nothing.
func (p *place) hint() string {
	if p.t.EOF() {
		return ""
	}
	switch p.begin {
	case "", `"}"`:
		return p.statement()
	case `"{"`, `")"`:
		return p.joint()
	case "Token":
		return p.operator()
	case `(("("`, "Key":
		return p.key()
	case "Operand":
		if p.t.Value == "[" {
			return "make a list with append, one value at a time"
		}
	case "(List":
		switch {
		case p.before.Value == ":exists" || p.before.Value == ":notexists":
			return meant(p.before.Value + " " + p.first)
		case p.t.Value == "=":
			return meant(p.before.Value) // === and the like
		case p.before.Value == "=":
			return meant(p.t.Value + "=")
		}
	case "Sign":
		if p.t.Value == "==" {
			return meant("=")
		}
	}
	return ""
}

// key is for what stands where a condition begins, or a key.
func (p *place) key() string {
	switch {
	case p.t.Value == "!":
		return "write one ! at most"
	case p.t.Type == text:
		return "write keys without quotes"
	case p.t.Type == number:
		return "write the key first, then the operator, then the number"
	}
	return ""
}

// statement is for what stands where a statement begins.
func (p *place) statement() string {
	switch {
	case p.t.Value == "elif" || p.t.Value == "else":
		return "write it right behind the } of an if"
	case p.t.Value == "}":
		return "no { is open"
	case p.t.Value == ";" || p.t.Value == ",":
		return "write nothing between statements"
	case p.t.Type == word && p.after == "=":
		return meant(fmt.Sprintf("add %s = …", p.t.Value))
	case p.t.Type == word:
		known := append([]string{"if", "elif", "else"}, Actions...)
		return meant(plain.Nearest(p.t.Value, slices.Values(known)))
	}
	return ""
}

// joint is for what stands behind a condition.
func (p *place) joint() string {
	switch strings.ToLower(p.t.Value) {
	case "and", "&":
		return meant("&&")
	case "or", "|":
		return meant("||")
	case "if":
		if p.before.Value == "else" {
			return meant("elif")
		}
	case "=":
		return meant("==")
	}
	return ""
}

// operator is for what stands behind a key.
func (p *place) operator() string {
	if strings.ToLower(p.before.Value) == "not" {
		return meant("!")
	}
	for _, t := range [...]lexer.Token{p.t, p.before} {
		if near := Operator(t.Value); t.Type == word && near != "" {
			return meant(near)
		}
	}
	if p.t.Type == text || p.t.Type == number {
		return meant(fmt.Sprintf("%s == %s", p.before.Value, plain.Clip(p.t.Value, 40)))
	}
	return ""
}

// Operator is the operator that a word probably stands for, or nothing.
func Operator(name string) string {
	name = strings.ToLower(strings.TrimPrefix(name, ":"))
	return plain.Nearest(cmp.Or(others[name], ":"+name), slices.Values(Operators))
}

// others are operators by names that they have elsewhere, or had.
var others = map[string]string{
	"equal": ":equals", "has": ":contains", "matches": ":regexin", "regex": ":regexin", "older": ":before", "newer": ":after",
	"subset": ":subsetof", "superset": ":supersetof", "overlap": ":overlaps", "missing": ":notexists", "exist": ":exists",
}

func meant(what string) string {
	if what == "" {
		return ""
	}
	return "did you mean " + what + "?"
}
