// Package members makes a table of flags, for objects whose members are not named like
// fields.
package members

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/columns"
	"github.com/intelpipe/intelpipe/internal/feed"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// Flags say which member becomes which field.
type Flags struct {
	Columns         []string     `help:"The field for each member of an object, as NAME=FIELD; a|b for alternatives. A member of a nested object is named with dots." placeholder:"NAME=FIELD,…" field:"event,columns,named"`
	Rows            string       `help:"The member of the report that has the objects, if that is no array." placeholder:"NAME"`
	Convert         []string     `help:"How to read the values of a member, as in parse-csv. May be given several times." placeholder:"NAME=STEPS" sep:"none"`
	Type            string       `help:"The classification.type of objects that have none." placeholder:"TYPE" vocabulary:"classification.type"`
	TypeTranslation stage.Object `help:"The classification.type for what the feed writes." placeholder:"json:{TEXT:TYPE}"`
}

var errMembers = errors.New("--rows, --convert, --type and --type-translation are for --columns, which is missing")

// Table says what becomes of the members, or is nil without --columns.
func (m *Flags) Table(d *harmonization.Dictionary, lines bool) (*feed.Table, error) {
	if len(m.Columns) == 0 {
		if m.Rows != "" || len(m.Convert) > 0 || m.Type != "" || len(m.TypeTranslation) > 0 {
			return nil, errMembers
		}
		return nil, nil
	}
	t := &feed.Table{Format: feed.JSON{Lines: lines, Members: !lines, In: m.Rows}, SkipBlank: true}
	steps := map[string]string{}
	for _, c := range m.Convert {
		name, how, ok := strings.Cut(c, "=")
		if !ok || how == "" {
			return nil, fmt.Errorf("--convert %s: NAME=STEPS is expected", plain.Quote(c))
		}
		steps[name] = how
	}
	for _, c := range m.Columns {
		i := strings.LastIndexByte(c, '=')
		if i < 1 || i == len(c)-1 {
			return nil, fmt.Errorf("--columns: %s: NAME=FIELD is expected", plain.Quote(c))
		}
		column := feed.Column{From: c[:i], To: c[i+1:], Convert: steps[c[:i]]}
		delete(steps, c[:i])
		if column.To == columns.TypeField && len(m.TypeTranslation) > 0 {
			for _, word := range slices.Sorted(maps.Keys(m.TypeTranslation)) {
				column.Words = append(column.Words, [2]string{word, fmt.Sprint(m.TypeTranslation[word])})
			}
		}
		t.Rows = append(t.Rows, column)
	}
	for _, name := range slices.Sorted(maps.Keys(steps)) {
		return nil, fmt.Errorf("--convert %s: --columns has no such member", plain.Quote(name))
	}
	return t, columns.SetType(t, d, m.Type)
}
