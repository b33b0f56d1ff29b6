package flags

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/internal/plain"
)

// Check looks for the first mistake in the words behind the command's name, and says
// which of them it is: a flag that the command does not have, a value that does not fit.
// That something is missing is no mistake, and no file is opened.
func (c *Command) Check(args []string) (at int, err error) {
	f := new(Flags)
	k, err := parser(c, c.New(), f, func(string) string { return "" })
	if err != nil {
		return 0, err
	}
	b := &binder{Flags: f, spec: c, node: k.Model.Node, scope: k.Model.Flags, given: map[*kong.Flag][]setting{}}
	if err := b.read(args); err != nil {
		return b.at, err
	}
	for i, arg := range args {
		name, _, _ := strings.Cut(arg, "=")
		flag, _ := b.find(name)
		settings := b.given[flag]
		if len(settings) == 0 || IsSecret(flag) {
			continue
		}
		delete(b.given, flag) // it is looked at once, at its first place
		f.places = places{flag: "--" + flag.Name}
		if err := set(flag, settings); err != nil {
			return i, err
		}
		if err := f.CheckNames(harmonization.Default()); err != nil {
			return i, err
		}
	}
	if takes := len(b.node.Positional); len(b.args) > takes && (takes == 0 || !b.node.Positional[takes-1].IsCumulative()) {
		return slices.Index(args, b.args[takes]), fmt.Errorf("unexpected argument %s", plain.Quote(b.args[takes]))
	}
	return 0, nil
}
