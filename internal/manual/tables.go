package manual

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/intelpipe/intelpipe/harmonization"
	"github.com/intelpipe/intelpipe/harmonization/vocabulary"
	"github.com/intelpipe/intelpipe/internal/flags"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/manual/page"
	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/stage"
)

// inspection are the arguments and flags of fields and types.
type inspection struct {
	Pattern       string `arg:"" optional:"" help:"Show only what has this text in its name or meaning; * stands for any text, and then the whole name has to match."`
	JSON          bool   `name:"json" help:"Print an object a line."`
	Report        bool   `help:"Show the fields of reports."`
	Harmonization string `help:"Take the fields from FILE, an IntelMQ harmonization.conf." placeholder:"FILE"`
	Config        string `help:"Take flags from this JSON file." default:"/etc/intelpipe/config.json" placeholder:"FILE"`
	Help          bool   `help:"Print this and exit." short:"h"`

	dictionary *harmonization.Dictionary
}

// inspect reads the command line of fields and types, with which other flags of
// the configuration file have nothing to do.
func inspect(name, summary string, args []string, getenv func(string) string) (*inspection, string, error) {
	c := new(inspection)
	spec := &flags.Command{Name: "intelpipe " + name, Text: &page.Page{Summary: summary}}
	err := flags.ParseOwn(spec, c, args, getenv)
	var asked *flags.Asked
	if errors.As(err, &asked) {
		text, _, _ := strings.Cut(Help(spec, asked.Model, false), "\n--help-all ")
		return nil, text, nil
	} else if err != nil {
		return nil, "", err
	}
	if c.dictionary, err = harmonization.Open(c.Harmonization); err != nil {
		return nil, "", stage.Usage(err)
	}
	return c, "", nil
}

// matches reports whether the pattern is in a row. With a * in it, the whole
// name has to match.
func (c *inspection) matches(r row) bool {
	pattern := strings.ToLower(c.Pattern)
	if strings.Contains(pattern, "*") {
		ok, _ := filepath.Match(strings.NewReplacer("[", `\[`, "?", `\?`).Replace(pattern), r[0][1])
		return ok
	}
	return slices.ContainsFunc(r[:], func(pair [2]string) bool { return strings.Contains(strings.ToLower(pair[1]), pattern) })
}

// Fields is the table of the fields of messages. The error is a stage.Usage if the
// arguments are wrong.
func Fields(args []string, getenv func(string) string) (string, error) {
	c, text, err := inspect("fields", "list the fields of messages, their types and what they mean", args, getenv)
	if c == nil {
		return text, err
	}
	kind := harmonization.Event
	if c.Report {
		kind = harmonization.Report
	}
	var rows []row
	for f := range c.dictionary.Fields(kind) {
		rows = append(rows, row{{"name", f.Name}, {"type", f.Type}, {"meaning", f.Description}})
	}
	return c.print("fields: no field", rows)
}

// Types is the table of the classification types.
func Types(args []string, getenv func(string) string) (string, error) {
	c, text, err := inspect("types", "list the classification types, their taxonomies and what they mean", args, getenv)
	if c == nil {
		return text, err
	}
	var rows []row
	for class := range vocabulary.Classifications() {
		if _, err := c.dictionary.CheckValue(harmonization.Event, "classification.type", harmonization.Text(class.Type)); err == nil {
			rows = append(rows, row{{"type", class.Type}, {"taxonomy", class.Taxonomy}, {"meaning", class.Description}})
		}
	}
	return c.print("types: no classification type", rows)
}

// row is what is known of one thing, in pairs of a name and a value.
type row [3][2]string

// print lays the rows that match out as columns, or as objects.
func (c *inspection) print(what string, all []row) (string, error) {
	rows := slices.DeleteFunc(slices.Clone(all), func(r row) bool { return !c.matches(r) })
	if len(rows) == 0 {
		var names []string
		for _, r := range all {
			names = append(names, r[0][1])
		}
		hint := ""
		if near := plain.Nearest(c.Pattern, slices.Values(names)); near != "" {
			hint = "; did you mean " + near + "?"
		}
		return "", stage.Usage(fmt.Errorf("%s matches %s%s", what, plain.Quote(c.Pattern), hint))
	}
	var b strings.Builder
	var width [2]int
	for _, r := range rows {
		for i := range width {
			width[i] = max(width[i], len(r[i][1]))
		}
	}
	for _, r := range rows {
		if !c.JSON {
			b.WriteString(strings.TrimRight(fmt.Sprintf("%-*s  %-*s  %s", width[0], r[0][1], width[1], r[1][1], plain.Line(r[2][1])), " ") + "\n")
			continue
		}
		line := []byte{'{'}
		for i, pair := range r {
			if i > 0 {
				line = append(line, ',')
			}
			line = append(json.AppendString(line, pair[0]), ':')
			line = json.AppendString(line, pair[1])
		}
		b.Write(append(line, "}\n"...))
	}
	return b.String(), nil
}
