package manual

import (
	"fmt"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/internal/flags"
)

// CommonFlags is the section of intelpipe(7) about flags that commands share.
func CommonFlags(specs []flags.Command) (string, error) {
	var b strings.Builder
	seen := map[string]bool{}
	for _, group := range []struct{ key, title string }{
		{"common", "Common flags"}, {"feed", "Flags of collectors and parsers"},
	} {
		fmt.Fprintf(&b, ".SS %s\n", group.title)
		var items []item
		for i := range specs {
			model, err := flags.Model(&specs[i])
			if err != nil {
				return "", err
			}
			for _, item := range flagged(model.Node, group.key) {
				if !seen[item.name] {
					seen[item.name] = true
					items = append(items, item)
				}
			}
		}
		slices.SortFunc(items, func(a, b item) int { return strings.Compare(bare(a.name), bare(b.name)) })
		for _, item := range items {
			b.WriteString(item.roff())
		}
	}
	return b.String(), nil
}

// bare is a flag's name without what stands before it.
func bare(synopsis string) string {
	_, name, _ := strings.Cut(strings.Replace(synopsis, "[no-]", "", 1), "--")
	return name
}
