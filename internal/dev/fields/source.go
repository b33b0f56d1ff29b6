package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
)

// source is what the package of a command names: fields that it reads and writes by
// methods of messages, others in lists and tables, and all that stands in quotes.
type source struct {
	read, written, other set
	below                set // what words in lists stand for behind source. and destination.
	sides                bool
	literals             map[string]bool
	extra                bool // names below extra are made of those of the feed
}

// Methods of messages whose first argument is a field.
var (
	readers = []string{"Get", "Has", "Value", "JSON"}
	writers = []string{"Set", "SetIf", "SetValue", "SetInt", "SetBool", "SetText", "Add", "Change", "Put", "Try", "Amend"}
)

func readSource(dir string) (*source, error) {
	files, err := filepath.Glob(dir + "/*.go")
	if err != nil {
		return nil, err
	}
	parts, err := filepath.Glob(dir + "/*/*.go") // rooms of its own
	if err != nil {
		return nil, err
	}
	s := &source{read: set{}, written: set{}, other: set{}, below: set{}, literals: map[string]bool{}}
	for _, name := range append(files, parts...) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		done := map[ast.Node]bool{} // literals that a method is given
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec:
				return false
			case *ast.CallExpr:
				method, ok := n.Fun.(*ast.SelectorExpr)
				if !ok || len(n.Args) == 0 {
					break
				}
				to := s.other
				if slices.Contains(readers, method.Sel.Name) {
					to = s.read
				} else if slices.Contains(writers, method.Sel.Name) {
					to = s.written
				}
				if literal, suffix := named(n.Args[0]); literal != nil {
					to.add(fields(literal, suffix)...)
					done[literal] = true
				}
			case *ast.Ident:
				s.sides = s.sides || n.Name == "side"
			case *ast.SelectorExpr:
				s.extra = s.extra || n.Sel.Name == "ExtraKey" || n.Sel.Name == "Extra"
			case *ast.BinaryExpr:
				if literal, suffix := named(n); literal != nil && !done[literal] && suffix {
					s.other.add(fields(literal, true)...)
				}
			case *ast.BasicLit:
				if n.Kind != token.STRING {
					break
				}
				text, _ := strconv.Unquote(n.Value)
				s.literals[text] = true
				s.extra = s.extra || text == "extra."
				if !done[n] {
					s.other.add(text)
					s.below.add("source."+text, "destination."+text)
				}
			}
			return true
		})
	}
	if !s.sides {
		s.below = set{}
	}
	return s, nil
}

// named finds the literal in an argument: "source.ip", or side+"ip" as a suffix.
func named(arg ast.Expr) (literal *ast.BasicLit, suffix bool) {
	if sum, ok := arg.(*ast.BinaryExpr); ok && sum.Op == token.ADD {
		arg, suffix = sum.Y, true
	}
	literal, _ = arg.(*ast.BasicLit)
	if literal == nil || literal.Kind != token.STRING {
		return nil, false
	}
	return literal, suffix
}

// fields are those that a literal stands for.
func fields(literal *ast.BasicLit, suffix bool) []string {
	text, _ := strconv.Unquote(literal.Value)
	if !suffix {
		return []string{text}
	}
	text = strings.TrimPrefix(text, ".")
	if !strings.HasSuffix(text, ".") {
		return []string{"source." + text, "destination." + text}
	}
	var all []string // below that
	for f := range harmonization.Default().Fields(harmonization.Event) {
		if strings.HasPrefix(f.Name, "source."+text) || strings.HasPrefix(f.Name, "destination."+text) {
			all = append(all, f.Name)
		}
	}
	return all
}

// mentions reports whether the source names a field, as a whole or as what stands
// behind source. and destination., or among others in the tag of a flag.
func (s *source) mentions(field string) bool {
	side, below, _ := strings.Cut(field, ".")
	for text := range s.literals {
		if text == field || (side == "source" || side == "destination") && strings.TrimPrefix(text, ".") == below {
			return true
		}
		words := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '"' || r == ' ' })
		if strings.Contains(text, `default:"`) && slices.Contains(words, field) {
			return true
		}
	}
	return false
}
