package table

import (
	"context"
	"errors"
	"fmt"
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
	if t.List != "" && ListName(report) == "" {
		return fmt.Errorf("neither feed.url nor extra.file_name names the list; name it, for example --file-name %s", t.List)
	}
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
	var g Group
	for _, p.row.part = range parts {
		if p.one(in, func(e *event.Message) error { return g.Add(e).Err() }) != nil {
			break
		}
	}
	return g.Emit(emit)
}

// Group holds the events of one piece of a report until all are made. If one has
// failed, that is all the piece makes: one entry in the dump, and no event.
type Group struct {
	made []*event.Message
	size int
}

// maxGroup bounds what is held, in bytes of raw.
const maxGroup = 256 << 20

var errGroup = errors.New("with raw in each of them, the events of this piece take more than 256 MiB: split it")

// Add adds an event, which fails if it is too much. Behind one that has failed there
// should be none.
func (g *Group) Add(e *event.Message) *event.Message {
	raw, _ := e.Origin()
	if g.size += len(raw); g.size > maxGroup && len(g.made) > 0 {
		e.Fail(errGroup)
	}
	g.made = append(g.made, e)
	return e
}

// Emit emits the events.
func (g *Group) Emit(emit stage.Emit) error {
	if i := slices.IndexFunc(g.made, func(e *event.Message) bool { return e.Err() != nil }); i >= 0 {
		failed := g.made[i]
		for _, e := range slices.Delete(g.made, i, i+1) {
			e.Release()
		}
		return emit(failed)
	}
	for _, e := range g.made {
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

func (p *Plan) one(in *Input, emit stage.Emit) error {
	e, filled := p.begin(in), false
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
	if p.table.Split.Raw && e.Err() != nil {
		whole := in.Event()
		raw, _ := whole.Origin()
		e.SetOrigin(raw)
		whole.Release()
	}
	return emit(e)
}

// begin begins an event of a row, or of a part of it.
func (p *Plan) begin(in *Input) *event.Message {
	if !p.table.Split.Raw {
		return in.Event()
	}
	e := event.Borrow()
	p.row.report.Derive(e)
	e.SetOrigin([]byte(p.row.part.Dumps()))
	e.SetPlace(p.row.report.Place())
	return e
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
