package pyregex

import (
	"regexp/syntax"
	"unicode/utf8"
)

// A machine runs a program of package syntax on a text. It follows all ways
// through the program at once, in the order in which Python would try them, and
// knows what \b and $ mean in Python.
type machine struct {
	prog  *syntax.Prog
	slots int  // two for each group
	ascii bool // \b looks at words of ASCII
}

func newMachine(text string, groups int, ascii bool) *machine {
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		panic(err) // package regexp has accepted it
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		panic(err)
	}
	mark := []rune(dollarMark)
	for i := range prog.Inst {
		in := &prog.Inst[i]
		if in.Op == syntax.InstRune1 && in.Rune[0] == mark[0] {
			in.Op, in.Arg, in.Out = syntax.InstEmptyWidth, uint32(emptyDollar), prog.Inst[in.Out].Out
		}
	}
	return &machine{prog, 2 * groups, ascii}
}

// thread is one way through the program: where it is, and where groups began
// and ended on it.
type thread struct {
	pc    uint32
	slots []int
}

// list has the threads at one position of the text, the preferred ones first.
type list struct {
	threads []thread
	seen    []uint32 // by instruction, the step in which it was added
	step    uint32
}

func (l *list) clear() {
	l.threads = l.threads[:0]
	l.step++
}

// search returns the slots of the first match, or nil.
func (m *machine) search(text string) []int {
	now, next := m.list(), m.list()
	var match []int
	before := rune(-1)
	for pos := 0; ; {
		after, width := rune(-1), 0
		if pos < len(text) {
			after, width = utf8.DecodeRuneInString(text[pos:])
		}
		here := m.conditions(text, pos, before, after)
		if match == nil {
			slots := make([]int, m.slots)
			for i := range slots {
				slots[i] = -1
			}
			slots[0] = pos
			m.add(now, uint32(m.prog.Start), pos, here, slots)
		}
		if len(now.threads) == 0 && match != nil {
			return match
		}
		beyond := syntax.EmptyOp(0)
		if width > 0 {
			following := rune(-1)
			if pos+width < len(text) {
				following, _ = utf8.DecodeRuneInString(text[pos+width:])
			}
			beyond = m.conditions(text, pos+width, after, following)
		}
		for _, t := range now.threads {
			in := &m.prog.Inst[t.pc]
			if in.Op == syntax.InstMatch {
				match = append(match[:0], t.slots...)
				match[1] = pos
				break // what is behind it is less preferred
			}
			if width > 0 && in.MatchRune(after) {
				m.add(next, in.Out, pos+width, beyond, t.slots)
			}
		}
		if width == 0 {
			return match
		}
		now, next = next, now
		next.clear()
		pos, before = pos+width, after
	}
}

func (m *machine) list() *list { return &list{seen: make([]uint32, len(m.prog.Inst)), step: 1} }

func (m *machine) isWord(r rune) bool {
	if m.ascii {
		return syntax.IsWordChar(r)
	}
	return isWord(r)
}

// conditions are the assertions that hold at a position.
func (m *machine) conditions(text string, pos int, before, after rune) syntax.EmptyOp {
	op := syntax.EmptyNoWordBoundary
	if m.isWord(before) != m.isWord(after) {
		op = syntax.EmptyWordBoundary
	} else if text == "" {
		op = 0 // up to Python 3.13
	}
	if pos == 0 {
		op |= syntax.EmptyBeginText | syntax.EmptyBeginLine
	} else if before == '\n' {
		op |= syntax.EmptyBeginLine
	}
	if pos == len(text) {
		op |= syntax.EmptyEndText | syntax.EmptyEndLine | emptyDollar
	} else if after == '\n' {
		op |= syntax.EmptyEndLine
		if pos == len(text)-1 {
			op |= emptyDollar
		}
	}
	return op
}

// add follows the program from an instruction to those that read a character.
func (m *machine) add(l *list, pc uint32, pos int, here syntax.EmptyOp, slots []int) {
	if l.seen[pc] == l.step {
		return
	}
	l.seen[pc] = l.step
	in := &m.prog.Inst[pc]
	switch in.Op {
	case syntax.InstFail:
	case syntax.InstAlt, syntax.InstAltMatch:
		m.add(l, in.Out, pos, here, slots)
		m.add(l, in.Arg, pos, here, slots)
	case syntax.InstEmptyWidth:
		if syntax.EmptyOp(in.Arg)&^here == 0 {
			m.add(l, in.Out, pos, here, slots)
		}
	case syntax.InstNop:
		m.add(l, in.Out, pos, here, slots)
	case syntax.InstCapture:
		if int(in.Arg) < len(slots) {
			copied := append([]int(nil), slots...)
			copied[in.Arg] = pos
			slots = copied
		}
		m.add(l, in.Out, pos, here, slots)
	default:
		l.threads = append(l.threads, thread{pc, slots})
	}
}
