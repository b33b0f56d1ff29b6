package flags

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// examples are the commands of the section Examples of a manual. A line that
// ends with a backslash goes on in the next one.
func Examples(doc string) []string {
	_, section, _ := strings.Cut(doc, "# Examples\n")
	section, _, _ = strings.Cut(section, "\n# ")
	var list []string
	more := false
	for line := range strings.Lines(section) {
		text, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "\t")
		if !ok {
			more = false
			continue
		}
		if more {
			list[len(list)-1] += "\n" + text
		} else {
			list = append(list, text)
		}
		more = strings.HasSuffix(text, `\`)
	}
	return list
}

// example is a call of the command with these flags, from its manual if that
// has one.
func example(spec *Command, Flags ...*kong.Flag) string {
	for _, text := range Examples(spec.Page().Doc) {
		text = strings.Join(strings.Fields(strings.ReplaceAll(text, "\\\n", " ")), " ")
		if i := strings.Index(" "+text, " "+spec.Name+" "); i >= 0 {
			text = own(text, i)
			if !strings.Contains(text, "$") && !slices.ContainsFunc(Flags, func(f *kong.Flag) bool { return !strings.Contains(text, "--"+f.Name) }) {
				return text
			}
		}
	}
	text := spec.Name
	for _, flag := range Flags {
		text += " " + Synopsis(flag)
	}
	return text
}

// own cuts the command out of text that begins at start. It ends where another
// one begins, or its input or output is named, or the quote that it stands in.
func own(text string, start int) string {
	var quotes []rune // that are open, outside of the command and in it
	outside := 0
	for i, r := range text {
		if i == start {
			outside = len(quotes)
		}
		switch n := len(quotes); {
		case n > 0 && r == quotes[n-1]:
			if n == outside && i >= start {
				return strings.TrimSpace(text[start:i])
			}
			quotes = quotes[:n-1]
		case (r == '\'' || r == '"') && (n == 0 || n == outside && i >= start):
			quotes = append(quotes, r)
		case i >= start && n == outside && strings.ContainsRune("|&;<>)", r):
			return strings.TrimSpace(text[start:i])
		}
	}
	return text[start:]
}
