// Package grammar reads the language of expert-sieve: it makes a tree of a text.
//
// The grammar takes any operator with any operand. Which of them fit each other is
// found out later, where an error can say what was probably meant.
package grammar

import (
	"errors"
	"sync"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// Position is where something begins in a text.
type Position = lexer.Position

// Block is a list of statements, as a file is one.
type Block struct {
	Statements []*Statement `parser:"@@*"`
}

// Statement is one of its members.
type Statement struct {
	Chain    *Chain    `parser:"  @@"`
	Variable *Variable `parser:"| @@"`
	Action   *Action   `parser:"| @@"`
}

// Chain is if, elif, elif, else.
type Chain struct {
	Branches []*Branch `parser:"'if' @@ ('elif' @@)*"`
	Else     *Block    `parser:"('else' '{' @@ '}')?"`
}

// Branch is what happens if an expression is true.
type Branch struct {
	If   *Expression `parser:"@@"`
	Then *Block      `parser:"'{' @@ '}'"`
}

// Expression is true if any of its parts is.
type Expression struct {
	Any []*Conjunction `parser:"@@ ('||' @@)*"`
}

// Conjunction is true if all its parts are.
type Conjunction struct {
	All []*Condition `parser:"@@ ('&&' @@)*"`
}

// Condition is an expression in parentheses, or a look at one field.
type Condition struct {
	Not     bool        `parser:"@'!'?"`
	Group   *Expression `parser:"(  '(' @@ ')'"`
	Compare *Comparison `parser:" | @@"`
	Exists  *Existence  `parser:" | @@ )"`
}

// Comparison is KEY OPERATOR VALUE, or a list of values.
type Comparison struct {
	Key      *Key     `parser:"@@"`
	Operator *Token   `parser:"@@"`
	List     *List    `parser:"(  @@"`
	Value    *Operand `parser:" | @@ )"`
}

// Existence is OPERATOR KEY.
type Existence struct {
	Operator *Token `parser:"@@"`
	Key      *Key   `parser:"@@"`
}

// Variable is $NAME = KEY.
type Variable struct {
	Pos  Position
	Name string `parser:"@Variable '='"`
	Key  *Key   `parser:"@@"`
}

// Action is what is done with an event.
type Action struct {
	Pos    Position
	End    string  `parser:"  @('drop' | 'keep')"`
	Path   *Path   `parser:"| @@"`
	Set    *Set    `parser:"| @@"`
	Append *Append `parser:"| @@"`
	Remove *Key    `parser:"| 'remove' @@"`
}

// Path is a text, or a list of them.
type Path struct {
	List *List    `parser:"'path' (@@"`
	One  *Operand `parser:"      | @@)"`
}

// Set is add, add! or update with KEY = VALUE, or += or -=.
type Set struct {
	Name  string   `parser:"@('add' | 'update')"`
	Force bool     `parser:"@'!'?"`
	Key   *Key     `parser:"@@"`
	Sign  *Sign    `parser:"@@"`
	Value *Operand `parser:"@@"`
}

// Append is append or append! with KEY VALUE.
type Append struct {
	Force bool     `parser:"'append' @'!'?"`
	Key   *Key     `parser:"@@"`
	Value *Operand `parser:"@@"`
}

// Sign is what Set does with the value.
type Sign struct {
	Pos  Position
	Name string `parser:"@('=' | '+=' | '-=')"`
}

// List is values in brackets.
type List struct {
	Values []*Operand `parser:"'[' (@@ (',' @@)*)? ']'"`
}

// Key is the name of a field, or a variable that has it.
type Key struct {
	Pos      Position
	Word     string `parser:"  @Word"`
	Variable string `parser:"| @Variable"`
}

// Operand is a value. Only some words are one.
type Operand struct {
	Pos      Position
	Text     *string `parser:"  @Text"`
	Number   *string `parser:"| @Number"`
	Variable *string `parser:"| @Variable"`
	Word     *string `parser:"| @Word"`
}

// Token is an operator.
type Token struct {
	Pos  Position
	Name string `parser:"@(Operator | '=')"`
}

// parser is made when it is first needed, and not when the program starts.
var parser = sync.OnceValues(func() (*participle.Parser[Block], error) {
	return participle.Build[Block](participle.Lexer(definition{}), participle.UseLookahead(0))
})

// MaxSize bounds a file of rules, in MiB.
const MaxSize = 4

// Parse makes a tree of a text. An error is an [*Error].
func Parse(src string) (*Block, error) {
	list, err := scan(src)
	if err != nil {
		return nil, err
	}
	p, err := parser()
	if err != nil {
		return nil, err
	}
	lex, err := lexer.Upgrade(&tokens{list})
	if err != nil {
		return nil, err
	}
	tree, err := p.ParseFromLexer(lex)
	var unexpected *participle.UnexpectedTokenError
	if errors.As(err, &unexpected) {
		return nil, explain(list, unexpected)
	}
	return tree, err
}
