package regex

import (
	"sync"
	"unicode/utf8"

	"github.com/intelpipe/intelpipe/internal/python/regex/syntax"
)

// program is an expression for our own engine, which follows all ways through
// it at once, in the order in which Python would try them.
//
// What it has that Go's engine has not is a memory of loops. Python leaves a
// loop when the last round has taken no character, after that round. So a
// place in the program is not all that decides how it goes on: there is also
// which of the loops around have gone without a character since their round
// began. An inner round begins later than the outer one, so that the outermost
// of them says it all.
type program struct {
	code  []instruction
	start int
	loops int // loops in loops
	sets  map[*syntax.Set]*charset
	pool  sync.Pool
}

type instruction struct {
	do   do
	arg  int // of save, assert, enter and again
	next int
	alt  int // second choice of split, enter and again
	set  *charset
}

type do uint8

const (
	take      do = iota // a character
	split               // next, then alt
	save                // the offset
	assert              // a place
	enter               // a loop: next is what it repeats
	again               // the end of a round
	leave               // the end of the last round
	enterLazy           // as enter and again, but alt goes first
	againLazy
	match
)

// charset finds ASCII characters at once, others in ranges.
type charset struct {
	ascii  [2]uint64
	ranges []rune
}

func newCharset(ranges []rune) *charset {
	c := &charset{ranges: ranges}
	for r := range rune(0x80) {
		if syntax.Within(ranges, r) {
			c.ascii[r>>6] |= 1 << (r & 63)
		}
	}
	return c
}

func (c *charset) has(r rune) bool {
	if r < 0x80 {
		return c.ascii[r>>6]&(1<<(r&63)) != 0
	}
	return syntax.Within(c.ranges, r)
}

func newProgram(tree *syntax.Node) *program {
	p := &program{sets: map[*syntax.Set]*charset{}}
	end := p.add(instruction{do: save, arg: 1, next: p.add(instruction{do: match})})
	p.start = p.add(instruction{do: save, arg: 0, next: p.compile(tree, end, 0)})
	return p
}

func (p *program) add(i instruction) int {
	p.code = append(p.code, i)
	return len(p.code) - 1
}

// compile returns the start of the code for n, which goes on at next. depth is
// how many loops are around it that may go round without a character.
func (p *program) compile(n *syntax.Node, next, depth int) int {
	switch n.Op {
	case syntax.Concat:
		for i := len(n.Subs) - 1; i >= 0; i-- {
			next = p.compile(n.Subs[i], next, depth)
		}
		return next
	case syntax.Alternate:
		last := len(n.Subs) - 1
		at := p.compile(n.Subs[last], next, depth)
		for i := last - 1; i >= 0; i-- {
			at = p.add(instruction{do: split, next: p.compile(n.Subs[i], next, depth), alt: at})
		}
		return at
	case syntax.Character:
		c := p.sets[n.Set]
		if c == nil {
			c = newCharset(n.Set.Flat())
			p.sets[n.Set] = c
		}
		return p.add(instruction{do: take, set: c, next: next})
	case syntax.Capture:
		next = p.add(instruction{do: save, arg: 2*n.Group + 1, next: next})
		next = p.compile(n.Subs[0], next, depth)
		return p.add(instruction{do: save, arg: 2 * n.Group, next: next})
	case syntax.Repeat:
		return p.repeat(n, next, depth)
	}
	return p.add(instruction{do: assert, arg: int(n.Op), next: next})
}

func (p *program) repeat(n *syntax.Node, next, depth int) int {
	body := n.Subs[0]
	watched := n.Max != 1 && body.Nullable()
	inner := depth
	if watched {
		inner++
		p.loops = max(p.loops, inner)
	}
	choose := func(watch do, round, next int) int {
		i := instruction{do: split, arg: depth, next: round, alt: next}
		if watched {
			if i.do = watch; n.Lazy {
				i.do += enterLazy - enter
			}
		} else if n.Lazy {
			i.next, i.alt = next, round
		}
		return p.add(i)
	}
	at := next
	switch {
	case n.Max < 0:
		loop := choose(again, 0, next)
		round := p.compile(body, loop, inner)
		if !watched && n.Lazy {
			p.code[loop].alt = round
		} else {
			p.code[loop].next = round
		}
		if at = loop; watched {
			at = choose(enter, round, next)
		}
	case n.Max > n.Min:
		if watched {
			at = p.add(instruction{do: leave, arg: depth, next: next})
		}
		for i := n.Max; i > n.Min; i-- {
			watch := again
			if i == n.Min+1 {
				watch = enter
			}
			at = choose(watch, p.compile(body, at, inner), next)
		}
	}
	for range n.Min {
		at = p.compile(body, at, depth)
	}
	return at
}

// machine is the state of a search.
type machine struct {
	*program
	text      string
	visited   []uint32 // by instruction and level, the last position at which it was
	now       uint32
	threads   []thread
	following []thread
	free      [][]int
	at        []int // offsets of the way that is followed
	keep      int   // how many offsets somebody wants to know
}

type thread struct {
	pc int
	at []int
}

// search reports whether the program is found in s, and stores where in at.
func (p *program) search(s string, at []int) bool {
	m, _ := p.pool.Get().(*machine)
	if m == nil {
		m = &machine{program: p, visited: make([]uint32, len(p.code)*(p.loops+1))}
	}
	m.text, m.keep = s, len(at)
	if len(m.at) != m.keep {
		m.at, m.free = make([]int, m.keep), nil
	}
	found := m.run(at)
	m.text = ""
	p.pool.Put(m)
	return found
}

func (m *machine) run(at []int) (found bool) {
	m.threads = m.threads[:0]
	m.tick()
	for pos := 0; pos <= len(m.text); {
		if !found {
			for i := range m.at {
				m.at[i] = -1
			}
			m.follow(m.start, pos, m.loops, &m.threads)
		}
		if found && len(m.threads) == 0 {
			break
		}
		r, width := rune(-1), 1
		if pos < len(m.text) {
			r, width = utf8.DecodeRuneInString(m.text[pos:])
		}
		m.following = m.following[:0]
		m.tick()
		for i, t := range m.threads {
			in := &m.code[t.pc]
			if in.do == match {
				found = true
				copy(at, t.at)
				m.release(m.threads[i:])
				break
			}
			if r >= 0 && in.set.has(r) {
				copy(m.at, t.at)
				m.follow(in.next, pos+width, m.loops, &m.following)
			}
			m.release(m.threads[i : i+1])
		}
		if found && m.keep == 0 {
			return true
		}
		m.threads, m.following = m.following, m.threads
		pos += width
	}
	return found
}

// tick makes all instructions unvisited.
func (m *machine) tick() {
	if m.now++; m.now == 0 {
		clear(m.visited)
		m.now = 1
	}
}

func (m *machine) release(threads []thread) {
	if m.keep > 0 {
		for _, t := range threads {
			m.free = append(m.free, t.at)
		}
	}
}

// follow adds the threads that begin at pc to a list, the preferred ones
// first. level is the outermost loop around that has taken no character in its
// round; m.loops stands for none.
func (m *machine) follow(pc, pos, level int, list *[]thread) {
	for {
		in := &m.code[pc]
		seen := &m.visited[pc*(m.loops+1)+level]
		if in.do == take || in.do == match {
			seen = &m.visited[pc*(m.loops+1)] // the level is of no importance any more
		}
		if *seen == m.now {
			return
		}
		*seen = m.now
		switch in.do {
		case take, match:
			t := thread{pc: pc}
			if m.keep > 0 {
				if n := len(m.free); n > 0 {
					t.at, m.free = m.free[n-1], m.free[:n-1]
				} else {
					t.at = make([]int, m.keep)
				}
				copy(t.at, m.at)
			}
			*list = append(*list, t)
			return
		case split:
			m.follow(in.next, pos, level, list)
			pc = in.alt
			continue
		case save:
			if in.arg < m.keep {
				old := m.at[in.arg]
				m.at[in.arg] = pos
				m.follow(in.next, pos, level, list)
				m.at[in.arg] = old
				return
			}
		case assert:
			if !m.holds(syntax.Op(in.arg), pos) {
				return
			}
		case enter:
			m.follow(in.next, pos, min(level, in.arg), list)
			pc = in.alt
			continue
		case enterLazy:
			m.follow(in.alt, pos, level, list)
			level = min(level, in.arg)
		case again, againLazy, leave:
			stuck := level <= in.arg
			outer := level
			if level >= in.arg {
				outer = m.loops
			}
			switch {
			case in.do == leave:
				level = outer
			case stuck:
				pc, level = in.alt, outer
				continue
			case in.do == again:
				m.follow(in.next, pos, in.arg, list)
				pc, level = in.alt, outer
				continue
			default:
				m.follow(in.alt, pos, outer, list)
				level = in.arg
			}
		}
		pc = in.next
	}
}

// holds reports whether an assertion is true at pos.
func (m *machine) holds(o syntax.Op, pos int) bool {
	s := m.text
	switch o {
	case syntax.BeginText:
		return pos == 0
	case syntax.EndText:
		return pos == len(s)
	case syntax.EndFinal:
		return pos == len(s) || pos == len(s)-1 && s[pos] == '\n'
	case syntax.BeginLine:
		return pos == 0 || s[pos-1] == '\n'
	case syntax.EndLine:
		return pos == len(s) || s[pos] == '\n'
	}
	word := syntax.IsWord
	if o == syntax.ASCIIBoundary || o == syntax.ASCIINoBoundary {
		word = syntax.IsASCIIWord
	}
	before, _ := utf8.DecodeLastRuneInString(s[:pos])
	after, _ := utf8.DecodeRuneInString(s[pos:])
	// What is outside of the text is decoded as U+FFFD, which is in no word.
	at := word(before) != word(after)
	if o == syntax.Boundary || o == syntax.ASCIIBoundary {
		return at
	}
	return !at && s != ""
}
