// Package regex is equal to re.search of Python's re. IntelMQ's rules, filters and
// fields have expressions that are written for it.
//
// An expression is parsed as Python 3.11 parses those for text, and the search takes
// linear time. Expressions that linear time excludes (look-around, references to groups,
// conditions, atomic groups) are errors, as are all that Python refuses. The error says
// where, and what to write instead.
//
// Most expressions are translated for Go's regexp, with the classes of Python. Three
// things need an engine of our own: \b and \B beyond ASCII, a $ before a line break at
// the end, and loops around something that can be empty. It runs only on texts for which
// they make a difference.
package regex

import (
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/python/regex/syntax"
)

// Regexp is a compiled expression. Several goroutines may use it at once.
type Regexp struct {
	tree  *syntax.Node
	names []string // of the groups; the first one is the whole match

	// Go's engine finds the same in every text without the traits that the
	// expression is sensitive to. It is nil if it never does.
	fast  *regexp.Regexp
	avoid trait

	build sync.Once
	prog  *program
}

// Error says what is wrong with an expression, and where.
type Error = syntax.Error

// Compile compiles an expression. With fold it ignores case, as re.IGNORECASE
// does. Errors are of type [*Error].
func Compile(expr string, fold bool) (*Regexp, error) {
	tree, names, err := syntax.Parse(expr, fold)
	if err != nil {
		return nil, err
	}
	re := &Regexp{tree: tree, names: names}
	if t := (translator{}); t.translate(tree, 1) {
		// Go has limits of its own; what is beyond them is left to our engine.
		re.fast, _ = regexp.Compile(t.text.String())
		re.avoid = t.avoid
	}
	return re, nil
}

// direct reports whether Go's engine can be asked about s.
func (re *Regexp) direct(s string) bool {
	switch {
	case re.fast == nil,
		re.avoid&finalNewline != 0 && strings.HasSuffix(s, "\n"),
		re.avoid&empty != 0 && s == "",
		re.avoid&nonASCII != 0 && !isASCII(s):
		return false
	}
	return true
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// program is compiled when a text needs it, which for most expressions is never.
func (re *Regexp) program() *program {
	re.build.Do(func() { re.prog = newProgram(re.tree) })
	return re.prog
}

// MatchString reports whether the expression is found in s.
func (re *Regexp) MatchString(s string) bool {
	if re.direct(s) {
		return re.fast.MatchString(s)
	}
	return re.program().search(s, nil)
}

// FindStringSubmatchIndex returns where the expression and its groups are found
// in s: two offsets for each, -1 for a group that took no part. It is nil if
// the expression is not found.
func (re *Regexp) FindStringSubmatchIndex(s string) []int {
	if re.direct(s) {
		return re.fast.FindStringSubmatchIndex(s)
	}
	at := make([]int, 2*len(re.names))
	if !re.program().search(s, at) {
		return nil
	}
	return at
}

// FindStringIndex returns where the expression is found in s, or nil.
func (re *Regexp) FindStringIndex(s string) []int {
	if re.direct(s) {
		return re.fast.FindStringIndex(s)
	}
	at := make([]int, 2)
	if !re.program().search(s, at) {
		return nil
	}
	return at
}

// SubexpNames returns the names of the groups, "" for those without one. The
// first is that of the whole match.
func (re *Regexp) SubexpNames() []string { return re.names }
