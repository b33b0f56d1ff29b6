package table

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/event"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Parser is what commands embed that are tables.
type Parser struct {
	env   *stage.Env
	plans map[*Table][]compiled
}

type compiled struct {
	plan       *Plan
	dictionary *harmonization.Dictionary
	names      []string
}

// Tabular is a command that is a table, or several. The data format is checked
// against them, and the manual shows them.
type Tabular interface{ Tables() []*Table }

// Start keeps what the runtime offers.
func (p *Parser) Start(_ context.Context, env *stage.Env) error {
	p.env = env
	return nil
}

// Env is what the runtime offers, from Start on.
func (p *Parser) Env() *stage.Env { return p.env }

// Parse makes events of a report.
func (p *Parser) Parse(t *Table, report *event.Message, emit stage.Emit) error {
	for in, err := range t.Format.Inputs(report, emit) {
		if err != nil {
			return err
		}
		plan, err := p.plan(t, report.Dict(), in.Names)
		if err != nil {
			return err
		}
		plan.row.report = report
		if err := plan.emit(in, emit); err != nil {
			return err
		}
	}
	return nil
}

// maxPlans is for how many kinds of reports a parser keeps plans of one table.
const maxPlans = 16

// plan compiles a table, unless that has been done for these columns before.
func (p *Parser) plan(t *Table, d *harmonization.Dictionary, names []string) (*Plan, error) {
	for _, c := range p.plans[t] {
		if c.dictionary == d && (same(c.names, names) || slices.Equal(c.names, names)) {
			return c.plan, nil
		}
	}
	plan, err := t.Compile(d, names)
	if err != nil {
		return nil, err
	}
	if p.env != nil {
		plan.warn = p.env.Warn
	}
	if p.plans == nil {
		p.plans = map[*Table][]compiled{}
	}
	if len(p.plans[t]) == maxPlans {
		p.plans[t] = nil
	}
	p.plans[t] = append(p.plans[t], compiled{plan, d, names})
	return plan, nil
}

// same reports whether both are one slice, which is looked at for each row.
func same(a, b []string) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// emit makes one event of a row, or one of each part.
func (p *Plan) emit(in *Input, emit stage.Emit) error {
	if p.table.Split.From == "" {
		return p.one(in, emit)
	}
	p.row.Fields, p.row.object, p.row.part = in.Fields, in.Object, harmonization.Value{}
	p.row.turn++
	parts := p.parts()
	var made []*event.Message
	hold := func(e *event.Message) error {
		made = append(made, e)
		return e.Err()
	}
	for _, p.row.part = range parts {
		if p.one(in, hold) != nil {
			break
		}
	}
	return Together(made, emit)
}

// Together emits the events of one piece of a report. If one has failed, that is
// all the piece makes: one entry in the dump, and no event.
func Together(made []*event.Message, emit stage.Emit) error {
	for i, e := range made {
		if e.Err() != nil {
			made[0], made[i] = e, made[0]
			for _, other := range made[1:] {
				other.Release()
			}
			return emit(e)
		}
	}
	for _, e := range made {
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

func (p *Plan) one(in *Input, emit stage.Emit) error {
	e := in.Event()
	filled := false
	if in.Object != nil {
		filled = p.FillObject(e, in.Object)
	} else {
		filled = p.Fill(e, in.Fields)
	}
	if !filled {
		e.Release()
		return nil
	}
	if x, ok := in.Piece.(Recoverer); ok && e.Err() != nil {
		x.Recover(e)
	}
	if p.table.Split.Raw && e.Err() == nil {
		e.SetOrigin([]byte(p.row.part.Dumps()))
	}
	return emit(e)
}

// parts are the values of the column that Split takes apart.
func (p *Plan) parts() (parts []harmonization.Value) {
	s := &p.table.Split
	whole := p.row
	whole.split = ""
	v := whole.Value(s.From)
	var elements []json.RawMessage
	switch {
	case v.Kind == harmonization.Compound && json.Unmarshal([]byte(v.Text), &elements) == nil:
		for _, element := range elements {
			parts = append(parts, harmonization.JSON(string(element)))
		}
	case v.Kind == harmonization.String:
		by := s.By
		if by == "" {
			by = ","
		}
		for part := range strings.SplitSeq(v.Text, by) {
			if part = strings.TrimSpace(part); part != "" {
				parts = append(parts, harmonization.Text(part))
			}
		}
	case !v.Empty():
		parts = append(parts, v)
	}
	if len(parts) == 0 && s.Keep {
		parts = []harmonization.Value{{}}
	}
	return parts
}

// Format says how a report is written.
type Format interface {
	Inputs(report *event.Message, emit stage.Emit) iter.Seq2[*Input, error]
}

// Input is one row, before a table has looked at it.
type Input struct {
	Piece
	Names  []string // of the columns, if they have some
	Fields []string
	Object *event.Object
}

// Piece makes the event for a row, since it knows where that comes from.
type Piece interface{ Event() *event.Message }

// Recoverer is a Piece that puts something else into the dump than into raw: it is
// shown events that have failed.
type Recoverer interface{ Recover(e *event.Message) }
