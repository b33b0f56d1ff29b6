package flags

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// checkNames looks up the fields that flags name, and the words of vocabularies,
// in the dictionary in force.
func (f *Flags) CheckNames(d *harmonization.Dictionary) error {
	given := slices.SortedFunc(maps.Keys(f.places), func(a, b *kong.Flag) int { return cmp.Compare(a.Name, b.Name) })
	for _, flag := range given {
		place := f.places[flag]
		if tag := flag.Tag.Get("field"); tag != "" {
			kind, options, _ := strings.Cut(tag, ",")
			if err := checkFields(d, kind, options, flag.Target.Interface()); err != nil {
				return fmt.Errorf("%s: %w", place, err)
			}
		}
		if field := flag.Tag.Get("vocabulary"); field != "" {
			f, err := d.Field(harmonization.Event, field)
			if err != nil {
				return fmt.Errorf("%s: %w", place, err)
			}
			for value := range members(flag.Target.Interface(), true) {
				if value == "" {
					continue
				}
				if _, err := f.Sanitise(harmonization.Text(value)); err != nil {
					return fmt.Errorf("%s: %w", place, err)
				}
			}
		}
	}
	return nil
}

// checkFields looks up the names in a flag's value. Options, separated by
// commas: values, of an object that has the names there and not as keys;
// columns, names in the form of parse-csv; named, NAME= may stand before; newer, which takes fields that only
// the built-in dictionary knows; group, which takes extra for all below it;
// false, which means none.
func checkFields(d *harmonization.Dictionary, kind, options string, value any) error {
	has := func(option string) bool { return slices.Contains(strings.Split(options, ","), option) }
	message := harmonization.Event
	if kind == "report" {
		message = harmonization.Report
	}
	for name := range members(value, has("values")) {
		if has("named") {
			name = strings.TrimSpace(name[strings.LastIndexByte(name, '=')+1:])
		}
		parts := []string{name}
		if has("columns") {
			parts = slices.DeleteFunc(strings.Split(name, "|"), func(s string) bool { return s == "" || s == "__IGNORE__" })
		}
		for _, name := range parts {
			if has("false") && name == "false" {
				continue
			}
			err := d.Check(message, name)
			if err != nil && has("newer") && harmonization.Default().Check(message, name) == nil {
				err = nil
			}
			if err != nil {
				return err
			}
			if f, _ := d.Field(message, name); f != nil && f.Type == "JSONDict" && !has("group") {
				return fmt.Errorf("no message has %s itself: name a field below it, such as %s.tag", name, name)
			}
		}
	}
	return nil
}

// members yields the names in a flag's value: itself, its elements, or its keys
// or values.
func members(value any, values bool) iter.Seq[string] {
	switch v := value.(type) {
	case string:
		return slices.Values([]string{v}[:min(len(v), 1)]) // the empty text names none
	case []string:
		return slices.Values(v)
	case stage.Object:
		return func(yield func(string) bool) {
			for _, key := range slices.Sorted(maps.Keys(v)) {
				name := key
				if text, ok := v[key].(string); values && ok {
					name = text
				} else if values {
					continue // the command says what it wants
				}
				if !yield(name) {
					return
				}
			}
		}
	}
	panic(fmt.Sprintf("a flag of type %T cannot name fields", value)) // a mistake in the command's struct
}
