// Package pyregex compiles regular expressions written for Python's re module,
// and matches as re.search does.
//
// An expression means here what it means there, for texts as for Python's str:
// \w, \d, \s and \b know all of Unicode, $ also matches before a line break at
// the end, and letters that only differ in case are those that Python takes for
// the same. What needs time that grows faster than the text (look-around and
// back-references), and what Python itself refuses, is an error that says where.
//
// The expression is translated for package regexp, which is fast. Where that
// cannot say what Python means, which depends on the text, the same translation
// runs on a small machine of this package. Both take linear time.
package pyregex

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/plain"
)

// Regexp is a compiled expression. It may be used by several goroutines.
type Regexp struct {
	expr   string
	fast   *regexp.Regexp // with $ for the end of the text alone, and \b of ASCII
	names  []string       // of the groups; names[0] is the whole match
	dollar bool           // there is a $ outside of (?m)
	border border         // whose \b or \B there is
	exact  func() *machine
}

// Error says why an expression is refused, and where.
type Error struct {
	Expr   string
	Column int // in characters, from 1
	Reason string
}

func (e *Error) Error() string {
	return fmt.Sprintf("regular expression %s, column %d: %s", plain.Quote(e.Expr), e.Column, e.Reason)
}

// Compile reads an expression. With fold it ignores case, as re.IGNORECASE does.
// The error is an *[Error].
func Compile(expr string, fold bool) (*Regexp, error) {
	p := &parser{src: []rune(expr), expr: expr}
	p.flags.fold = fold
	text, err := p.parse()
	if err != nil {
		return nil, err
	}
	r := &Regexp{expr: expr, names: p.names, dollar: p.dollar, border: p.border}
	r.fast, err = regexp.Compile(strings.ReplaceAll(text, dollarMark, `\z`))
	if err != nil {
		return nil, &Error{expr, 1, "it is too large for this engine: " + err.Error()}
	}
	r.exact = sync.OnceValue(func() *machine { return newMachine(text, len(p.names), p.border == ofASCII) })
	return r, nil
}

// String returns the expression as it was written.
func (r *Regexp) String() string { return r.expr }

// SubexpNames returns the names of the groups, "" for those without one. The
// first is that of the whole match.
func (r *Regexp) SubexpNames() []string { return r.names }

// MatchString reports whether the expression is found in text.
func (r *Regexp) MatchString(text string) bool {
	if r.simple(text) {
		return r.fast.MatchString(text)
	}
	return r.exact().search(text) != nil
}

// FindStringIndex returns begin and end of the first match, or nil.
func (r *Regexp) FindStringIndex(text string) []int {
	if r.simple(text) {
		return r.fast.FindStringIndex(text)
	}
	if loc := r.exact().search(text); loc != nil {
		return loc[:2]
	}
	return nil
}

// FindStringSubmatchIndex returns begin and end of the first match and of each
// group in it, -1 for groups that took no part, or nil.
func (r *Regexp) FindStringSubmatchIndex(text string) []int {
	if r.simple(text) {
		return r.fast.FindStringSubmatchIndex(text)
	}
	return r.exact().search(text)
}

// simple reports whether package regexp does what Python does with this text.
func (r *Regexp) simple(text string) bool {
	if text == "" {
		return r.border == none // \B does not match there
	}
	return (!r.dollar || text[len(text)-1] != '\n') && (r.border != ofUnicode || ascii(text))
}

func ascii(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// dollarMark stands for $ in the translation: two characters that nobody writes.
const dollarMark = "\U0010FFFE\U0010FFFD"

// emptyDollar is $ as an instruction, beside those of package syntax.
const emptyDollar syntax.EmptyOp = 1 << 7
