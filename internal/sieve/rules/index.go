package rules

import (
	"math/bits"
	"net/netip"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/sieve/condition"
	"github.com/intelpipe/intelpipe/internal/sieve/state"
)

// index finds those of many statements that may do something with an event, by the values
// that their conditions need. Thousands of rules that ask for an AS or a network each are
// not tried one by one.
type index struct {
	size    int
	guarded int      // how many statements have guards
	always  []uint64 // a bit for each statement that has none
	fields  []*fieldIndex
	chosen  []uint64 // a bit for each statement to try
}

// worthwhile is from how many statements on an index is faster than to try them all.
const worthwhile = 16

// fieldIndex has the statements by the value of one field.
type fieldIndex struct {
	field    *state.Field
	texts    map[string][]int
	numbers  map[state.Number][]int
	prefixes map[netip.Prefix][]int
	lengths  [2][129]bool // of prefixes, for IPv4 and IPv6

	version uint64
	found   []int // for that version of the value
}

func newIndex(size int) *index {
	x := &index{size: size, always: make([]uint64, (size+63)/64), chosen: make([]uint64, (size+63)/64)}
	for i := range size {
		x.always[i/64] |= 1 << (i % 64)
	}
	return x
}

// add notes the guards of a statement.
func (x *index) add(i int, guards []condition.Guard) {
	if guards == nil {
		return
	}
	x.guarded++
	x.always[i/64] &^= 1 << (i % 64)
	for _, g := range guards {
		f := x.of(g.Field)
		switch g.By {
		case condition.ByText:
			f.texts[g.Text] = append(f.texts[g.Text], i)
		case condition.ByNumber:
			f.numbers[g.Number] = append(f.numbers[g.Number], i)
		default:
			f.prefixes[g.Prefix] = append(f.prefixes[g.Prefix], i)
			f.lengths[family(g.Prefix.Addr())][g.Prefix.Bits()] = true
		}
	}
}

func (x *index) of(f *state.Field) *fieldIndex {
	for _, known := range x.fields {
		if known.field == f {
			return known
		}
	}
	made := &fieldIndex{field: f, texts: map[string][]int{}, numbers: map[state.Number][]int{}, prefixes: map[netip.Prefix][]int{}}
	x.fields = append(x.fields, made)
	return made
}

func family(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

// block carries out the statements that may do something. When one of them has changed the
// event, others may be among them.
func (x *index) block(steps []step) step {
	return func(r *state.Run) (Ending, error) {
		x.choose(r)
		round := r.Round
		for i := x.next(0); i < x.size; i = x.next(i + 1) {
			if end, err := steps[i](r); err != nil || end != goOn {
				return end, err
			}
			if r.Round != round {
				round = r.Round
				x.choose(r)
			}
		}
		return goOn, nil
	}
}

// choose looks for the statements to try.
func (x *index) choose(r *state.Run) {
	copy(x.chosen, x.always)
	for _, f := range x.fields {
		if !r.Read(f.field) {
			continue
		}
		if f.version != f.field.Version {
			f.version = f.field.Version
			f.find()
		}
		for _, i := range f.found {
			x.chosen[i/64] |= 1 << (i % 64)
		}
	}
}

// next is the first chosen statement from one on, or one behind the last.
func (x *index) next(i int) int {
	for word := i / 64; word < len(x.chosen); word++ {
		rest := x.chosen[word]
		if word == i/64 {
			rest &= ^uint64(0) << (i % 64)
		}
		if rest != 0 {
			return word*64 + bits.TrailingZeros64(rest)
		}
	}
	return x.size
}

// find looks up the value of the field.
func (f *fieldIndex) find() {
	f.found = f.found[:0]
	if v := f.field.Value; v.Kind == harmonization.String {
		f.found = append(f.found, f.texts[v.Text]...)
	}
	if n, ok := f.field.Number(); ok {
		f.found = append(f.found, f.numbers[n]...)
	}
	if len(f.prefixes) == 0 {
		return
	}
	a := f.field.Addr()
	if !a.IsValid() { // the statements tell it
		for _, all := range f.prefixes {
			f.found = append(f.found, all...)
		}
		return
	}
	for length, used := range f.lengths[family(a)] {
		if used {
			p, _ := a.Prefix(length)
			f.found = append(f.found, f.prefixes[p]...)
		}
	}
}
