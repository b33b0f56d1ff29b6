package grammar

import (
	"errors"
	"strings"
	"testing"
)

// TestMistakes says of texts that are no rules where the mistake is, and what it is.
func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"drp":                                `1:1: "drp": an action or if is expected; did you mean drop?`,
		"if a == 'b' { drp }":                `1:15: "drp": an action, if or } is expected; did you mean drop?`,
		"\n  elif a == 'b' { drop }":         `2:3: "elif": an action or if is expected; write it right behind the } of an if`,
		"}":                                  `1:1: "}": an action or if is expected; no { is open`,
		"keep, drop":                         `1:5: ",": an action or if is expected; write nothing between statements`,
		"comment = 'a'":                      `1:1: "comment": an action or if is expected; did you mean add comment = …?`,
		"'a'":                                `1:1: "'a'": an action or if is expected`,
		"if":                                 `1:3: the file ends here: a condition is expected`,
		"if {}":                              `1:4: "{": a condition is expected`,
		"if 'é' == 'a' {}":                   `1:4: "'é'": a condition is expected; write keys without quotes`,
		"if 5 == a {}":                       `1:4: "5": a condition is expected; write the key first, then the operator, then the number`,
		"if !!a == 'b' {}":                   `1:5: "!": a condition is expected; write one ! at most`,
		"if a == 'é' || {}":                  `1:16: "{": a condition is expected`,
		"if a 'b' {}":                        `1:6: "'b'": an operator such as == or :contains is expected; did you mean a == 'b'?`,
		"if a contain 'b' {}":                `1:6: "contain": an operator such as == or :contains is expected; did you mean :contains?`,
		"if a older '1 day' {}":              `1:6: "older": an operator such as == or :contains is expected; did you mean :before?`,
		"if notexists a {}":                  `1:14: "a": an operator such as == or :contains is expected; did you mean :notexists?`,
		"if NOT a == 'b' {}":                 `1:8: "a": an operator such as == or :contains is expected; did you mean !?`,
		"if :exists {}":                      `1:12: "{": a key is expected`,
		"if a :exists {}":                    `1:14: "{": a value, or a list of values in brackets, is expected; did you mean :exists a?`,
		"if a == {}":                         `1:9: "{": a value, or a list of values in brackets, is expected`,
		"if a === 'b' {}":                    `1:8: "=": a value, or a list of values in brackets, is expected; did you mean ==?`,
		"if a => 5 {}":                       `1:7: ">": a value, or a list of values in brackets, is expected; did you mean >=?`,
		"if a :in ['b' 'c'] {}":              `1:15: "'c'": a comma or ] is expected`,
		"if a :in ['b', {}":                  `1:16: "{": a value is expected`,
		"if a == 'b' and c == 'd' {}":        `1:13: "and": &&, || or { is expected; did you mean &&?`,
		"if a == 'b' | c == 'd' {}":          `1:13: "|": &&, || or { is expected; did you mean ||?`,
		"if (a == 'b' OR c == 'd') {}":       `1:14: "OR": &&, || or ) is expected; did you mean ||?`,
		"if a == 'b' drop":                   `1:13: "drop": &&, || or { is expected`,
		"if a == 'b' {} else if c == 'd' {}": `1:21: "if": { is expected; did you mean elif?`,
		"if a == 'b' { keep":                 `1:19: the file ends here: an action, if or } is expected`,
		"if (a == 'b' {}":                    `1:14: "{": &&, || or ) is expected`,
		"add":                                `1:4: the file ends here: a key is expected`,
		"add 'a' = 'b'":                      `1:5: "'a'": a key is expected; write keys without quotes`,
		"add a 'b'":                          `1:7: "'b'": =, += or -= is expected`,
		"add a == 'b'":                       `1:7: "==": =, += or -= is expected; did you mean =?`,
		"add a = ['b']":                      `1:9: "[": a value is expected; make a list with append, one value at a time`,
		"append a":                           `1:9: the file ends here: a value is expected`,
		"remove 'a'":                         `1:8: "'a'": a key is expected; write keys without quotes`,
		"path":                               `1:5: the file ends here: a value, or a list of values in brackets, is expected`,
		"$x a":                               `1:4: "a": = is expected`,
		"$x = 'a'":                           `1:6: "'a'": a key is expected; write keys without quotes`,
		"$ = a":                              `1:1: a name of lower-case letters, digits and _ is expected behind $`,
		"if a : 'b' {}":                      `1:6: an operator such as :contains is expected behind the colon`,
		"if a == ‘b’ {}":                     `1:9: "‘" does not quote a text; use ' or "`,
		"add é = 'b'":                        `1:5: "é" is not a letter of keys and actions; write texts in quotes`,
		"if a << 192.0.2.0/24 {}":            `1:18: "/" is not expected here; write texts, addresses and networks in quotes`,
		"if a == 'b {}":                      `1:9: the text that begins here does not end; behind a backslash a quote is a part of the text`,
		`add a = 'b\'`:                       `1:9: the text that begins here does not end; behind a backslash a quote is a part of the text`,
		"add a = 'b\nc' é":                   `2:4: "é" is not a letter of keys and actions; write texts in quotes`,
		"add a = 'b' \x00":                   `1:13: "\x00" is not expected here; write texts, addresses and networks in quotes`,
		"keep # a\r\n\t\v\fé":                `2:4: "é" is not a letter of keys and actions; write texts in quotes`,
	} {
		_, err := Parse(text)
		var mistake *Error
		if !errors.As(err, &mistake) || err.Error() != want {
			t.Errorf("%q:\n got %v\nwant %s", text, err, want)
		}
	}
}

// TestTokens takes texts apart that are hard to.
func TestTokens(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "",
		"// only # a comment":         "",
		"add!k='a'":                   "add|!|k|=|'a'",
		"!k!='a'":                     "!|k|!=|'a'",
		"! k !~ 'a'":                  "!|k|!~|'a'",
		"k<<'a'k<=5k=~'a'":            "", // 5k is no number
		"k<=-5 k>+.5e-3":              "k|<=|-5|k|>|+.5e-3",
		"add k-=5 add k -= -5":        "add|k|-=|5|add|k|-=|-5",
		"1.5 1. .5 1e5 1E+5 1e5x 1.a": "1.5|1.|.5|1e5|1E+5|1e5x|1.a",
		`'a\'b' "a'b" 'a\\' x'`:       `'a\'b'|"a'b"|'a\\' x'`,
		`'#' "//"#'`:                  `'#'|"//"`,
		"$a_1=b.c_2":                  "$a_1|=|b.c_2",
		"k :in['a',5,true]":           "k|:in|[|'a'|,|5|,|true|]",
		"a&&b||c":                     "a|&&|b||||c",
	} {
		list, err := scan(text)
		var values []string
		for _, token := range list {
			if !token.EOF() {
				values = append(values, token.Value)
			}
		}
		if got := strings.Join(values, "|"); got != want && (want != "" || err == nil && got != "k|<<|'a'|k|<=|5k|=~|'a'") {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
}

// TestDepth bounds what is nested, and nothing else: neither a long list nor a long chain
// is deep.
func TestDepth(t *testing.T) {
	nested := func(open, inside, end string, n int) string {
		return strings.Repeat(open, n) + inside + strings.Repeat(end, n)
	}
	chain := "if a == 'b' {}" + strings.Repeat(" elif a == 'b' {}", 10_000) + " else {}"
	for name, c := range map[string]struct {
		text string
		ok   bool
	}{
		"parentheses":               {"if " + nested("(", "a == 'b'", ")", MaxDepth-1) + " { keep }", true},
		"too many parentheses":      {"if " + nested("(", "a == 'b'", ")", MaxDepth+1) + " { keep }", false},
		"a million parentheses":     {"if " + nested("(", "a == 'b'", ")", 1_000_000) + " { keep }", false},
		"a million that stay open":  {"if " + strings.Repeat("! (", 1_000_000), false},
		"blocks":                    {nested("if a == 'b' {", "keep", "}", MaxDepth), true},
		"too many blocks":           {nested("if a == 'b' {", "keep", "}", MaxDepth+1), false},
		"a hundred thousand blocks": {nested("if a == 'b' {", "keep", "}", 100_000), false},
		"a long chain":              {chain, true},
		"many statements":           {strings.Repeat("keep ", 20_000), true},
		"many conditions":           {"if a == 'b'" + strings.Repeat(" && a == 'b' || a == 'c'", 10_000) + " {}", true},
		"a long list":               {"if a :in ['b'" + strings.Repeat(", 'b'", 20_000) + "] {}", true},
	} {
		_, err := Parse(c.text)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		if !c.ok && !strings.Contains(err.Error(), "nested more than 100 deep") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
