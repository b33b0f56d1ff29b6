package modify

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/intelpipe/intelpipe/internal/json"
)

// maxNodes bounds a file of rules with its aliases written out. A few lines of
// aliases of aliases stand for more than any memory has.
const maxNodes = 1 << 20

// yamlToJSON reads one document of YAML 1.2 by its core schema: 010 is ten, 1e3
// is a number, yes is a text, and a date is one too. The error begins with line
// and column; invalid is set if the text could not be parsed.
func yamlToJSON(src []byte) (text []byte, invalid bool, err error) {
	tokens := lexer.Tokenize(string(src))
	if err := bounded(tokens); err != nil {
		return nil, true, err
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		// The library says "[line:column] what" and shows the text on more lines.
		place, what, ok := strings.Cut(strings.TrimPrefix(firstLine(err), "["), "] ")
		if !ok {
			return nil, true, fmt.Errorf(" %s", place)
		}
		return nil, true, fmt.Errorf("%s: %s", place, what)
	}
	var body ast.Node
	for _, doc := range file.Docs {
		switch d := doc.Body.(type) {
		case nil:
		case *ast.DirectiveNode:
			return nil, false, at(d, "directives are not supported; leave the line out, all files are read as YAML 1.2")
		default:
			if body != nil {
				return nil, false, at(doc.Body, "a second document; all rules are one list")
			}
			body = doc.Body
		}
	}
	if body == nil {
		return []byte("[]"), false, nil
	}
	y := &yamlReader{anchors: map[string]ast.Node{}}
	text, err = y.node(nil, body, 0)
	return text, false, err
}

func firstLine(err error) string {
	line, _, _ := bytes.Cut([]byte(err.Error()), []byte("\n"))
	return string(line)
}

// maxWords bounds a line of YAML: the parser takes time that is quadratic in it.
const maxWords = 20000

// bounded refuses what would take the parser minutes, or its stack: long lines,
// brackets in brackets, and signs such as - and : on one line, each of which
// begins a level.
func bounded(tokens token.Tokens) error {
	open, signs, words, line := 0, 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, signs, words = t.Position.Line, 0, 0
		}
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			open++
		case token.MappingEndType, token.SequenceEndType:
			open--
		case token.MappingValueType:
			if open == 0 {
				signs++
			}
		case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType:
			signs++
		}
		if open > json.MaxDepth || signs > json.MaxDepth {
			return fmt.Errorf("%d:%d: %s", line, t.Position.Column, json.TooDeep)
		}
		if words++; words > maxWords {
			return fmt.Errorf("%d:%d: more than %d words and signs on one line", line, t.Position.Column, maxWords)
		}
	}
	return nil
}

// at is an error with the place of a node.
func at(n ast.Node, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if t := n.GetToken(); t != nil && t.Position != nil {
		return fmt.Errorf("%d:%d: %s", t.Position.Line, t.Position.Column, text)
	}
	return errors.New(text)
}

type yamlReader struct {
	anchors map[string]ast.Node
	nodes   int
}

// node appends a node as JSON.
func (y *yamlReader) node(dst []byte, n ast.Node, depth int) ([]byte, error) {
	if y.nodes++; y.nodes > maxNodes {
		return nil, at(n, "more than %d values, with the aliases written out", maxNodes)
	}
	if depth > json.MaxDepth {
		return nil, at(n, "%s", json.TooDeep)
	}
	switch n := n.(type) {
	case nil:
		return append(dst, "null"...), nil
	case *ast.AnchorNode:
		y.anchors[n.Name.GetToken().Value] = n.Value
		return y.node(dst, n.Value, depth+1)
	case *ast.AliasNode:
		name := n.Value.GetToken().Value
		value, ok := y.anchors[name]
		if !ok {
			return nil, at(n, "there is no anchor %s before this alias", name)
		}
		return y.node(dst, value, depth+1)
	case *ast.TagNode:
		return nil, at(n, "tags such as %s are not supported", n.GetToken().Value)
	case *ast.MappingNode:
		return y.mapping(dst, n.Values, depth)
	case *ast.MappingValueNode:
		return y.mapping(dst, []*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		dst = append(dst, '[')
		for i, value := range n.Values {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = y.node(dst, value, depth+1); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	case *ast.LiteralNode:
		return json.AppendString(dst, n.Value.Value), nil
	case *ast.StringNode:
		if n.Token.Type == token.SingleQuoteType || n.Token.Type == token.DoubleQuoteType {
			return json.AppendString(dst, n.Value), nil
		}
		return plainScalar(dst, n, n.Value)
	case *ast.NullNode, *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return plainScalar(dst, n, n.GetToken().Value)
	}
	return nil, at(n, "%s is not supported", strings.ToLower(n.Type().String()))
}

func (y *yamlReader) mapping(dst []byte, values []*ast.MappingValueNode, depth int) ([]byte, error) {
	known := map[string]bool{}
	dst = append(dst, '{')
	for i, value := range values {
		if _, ok := value.Key.(*ast.MergeKeyNode); ok {
			return nil, at(value.Key, "merge keys (<<) are not supported; write the members out")
		}
		if _, ok := value.Key.(ast.ScalarNode); !ok {
			return nil, at(value.Key, "a key has to be a text")
		}
		key := value.Key.GetToken().Value
		if known[key] {
			return nil, at(value.Key, "%s is there twice", key)
		}
		known[key] = true
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(json.AppendString(dst, key), ':')
		var err error
		if dst, err = y.node(dst, value.Value, depth+1); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

// plainScalar appends a scalar without quotes: what it is follows from its text.
func plainScalar(dst []byte, n ast.Node, text string) ([]byte, error) {
	switch text {
	case "", "~", "null", "Null", "NULL":
		return append(dst, "null"...), nil
	case "true", "True", "TRUE":
		return append(dst, "true"...), nil
	case "false", "False", "FALSE":
		return append(dst, "false"...), nil
	case ".inf", ".Inf", ".INF", "+.inf", "-.inf", "+.Inf", "-.Inf", "+.INF", "-.INF", ".nan", ".NaN", ".NAN":
		return nil, at(n, "%s is no number that JSON has", text)
	}
	if m := number().FindStringSubmatch(text); m != nil {
		if m[3]+m[2] == "" {
			m = m[4:]
		}
		sign, whole, fraction, exponent := strings.TrimPrefix(m[1], "+"), strings.TrimLeft(m[2], "0"), m[3], m[4]
		if whole == "" {
			whole = "0"
		}
		if fraction == "." {
			fraction = ""
		}
		return append(dst, sign+whole+fraction+exponent...), nil
	}
	if based().MatchString(text) {
		return nil, at(n, "write %s as a decimal number, or in quotes if it is a text", text)
	}
	return json.AppendString(dst, text), nil
}

// The numbers of the core schema: decimal ones. What is a number in another base
// there, or for some readers of YAML only, has to be written in one way.
var (
	number = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^([-+]?)([0-9]+)((?:\.[0-9]*)?)((?:[eE][-+]?[0-9]+)?)$|^([-+]?)()(\.[0-9]+)((?:[eE][-+]?[0-9]+)?)$`)
	})
	based = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[-+]?(0o[0-7_]+|0x[0-9a-fA-F_]+|0b[01_]+|[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?)$`)
	})
)
