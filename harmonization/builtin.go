package harmonization

import "sync"

// Default returns the dictionary of the built-in fields, which are those of IntelMQ 3.5.
func Default() *Dictionary { return builtin() }

var builtin = sync.OnceValue(build)

func build() *Dictionary {
	d := new(Dictionary)
	for kind, fields := range [][]Field{eventFields[:], reportFields[:]} {
		list := make([]*Field, len(fields))
		for i := range fields {
			list[i] = &fields[i]
			if err := list[i].prepare(); err != nil {
				panic(err) // a test prepares them all
			}
		}
		d.messages[kind].fill(list)
	}
	return d
}
