package catalogue

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/intelpipe/intelpipe/internal/plain"
	"github.com/intelpipe/intelpipe/internal/stage"
	"github.com/intelpipe/intelpipe/internal/timeformat"
)

// Feed is an entry of the catalogue.
type Feed struct {
	ID            string // by which it is called on the command line
	Name          string // feed.name
	Provider      string // feed.provider
	Code          string // feed.code, or ""
	Documentation string // feed.documentation, or ""
	Access        string // public or restricted
	Licence       string // a note
	Interval      string // how often to collect, such as "1 hour", or "stream"
	Fresh         string // how old the newest entry may be, or ""
	Collector     []Word
	Parser        []Word            // none if the collector has events
	Set           map[string]string // values for <NAME> in words
	Ask           map[string]string // what a user has to give for <NAME>, and what that is
	Credentials   map[string]string // secrets by the name of their flag without -file, and what they are
	Dead          string            // why it is no more, or ""
	Instead       string            // the id of the feed that has taken its place, or ""
	Remark        string

	Builtin bool
	Path    string // of its file, or ""
	from    *document
	at      int
}

// Place is where it stands, FILE:LINE:COLUMN.
func (f *Feed) Place() string { return f.from.place(f.at) }

// read makes the feeds of a document. known are those that it may be like.
func read(d *document, known []*Feed) ([]*Feed, error) {
	n, err := d.parse()
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(n.text, "{") {
		return nil, d.wrong(n.at, "an object is expected: a feed, or one with the member feeds")
	}
	base := &Feed{Path: d.name, from: d}
	i := slices.IndexFunc(n.members, func(m member) bool { return m.key == "feeds" })
	if i < 0 {
		f, err := base.with(n, known)
		if err != nil {
			return nil, err
		}
		return []*Feed{f}, nil
	}
	for _, m := range n.members {
		if m.key == "id" || m.key == "like" {
			return nil, d.wrong(m.at, "%s belongs into each of the feeds", m.key)
		}
		if m.key != "feeds" {
			if err := base.set(m); err != nil {
				return nil, err
			}
		}
	}
	list := n.members[i].value
	if len(list.items) == 0 {
		return nil, d.wrong(list.at, "a list of feeds is expected, each an object")
	}
	var feeds []*Feed
	for _, item := range list.items {
		f, err := base.with(item, known)
		if err != nil {
			return nil, err
		}
		if search(feeds, f.ID) != nil {
			return nil, d.wrong(item.at, "the feed %s is there twice", f.ID)
		}
		feeds = append(feeds, f)
	}
	return feeds, nil
}

// with is a feed that has in common what f says.
func (f *Feed) with(n node, known []*Feed) (*Feed, error) {
	d := f.from
	if !strings.HasPrefix(n.text, "{") {
		return nil, d.wrong(n.at, "an object is expected")
	}
	made := *f
	if i := slices.IndexFunc(n.members, func(m member) bool { return m.key == "like" }); i >= 0 {
		like := n.members[i].value
		id, err := d.string(like)
		if err != nil {
			return nil, err
		}
		model := search(known, id)
		if model == nil {
			return nil, d.wrong(like.at, "%w", unknown(known, id))
		}
		made = *model
		made.Builtin, made.Path, made.from = false, d.name, d
		made.Collector, made.Parser = placed(made.Collector, n.at), placed(made.Parser, n.at)
	}
	made.at, made.ID = n.at, ""
	for _, m := range n.members {
		if err := made.set(m); err != nil {
			return nil, err
		}
	}
	return &made, made.complete()
}

// placed are words of another document, which are said to stand at.
func placed(words []Word, at int) []Word {
	words = slices.Clone(words)
	for i := range words {
		words[i].at = at
	}
	return words
}

// set takes one member.
func (f *Feed) set(m member) (err error) {
	d := f.from
	for _, text := range []struct {
		key string
		to  *string
	}{
		{"id", &f.ID},
		{"name", &f.Name},
		{"provider", &f.Provider},
		{"code", &f.Code},
		{"documentation", &f.Documentation},
		{"access", &f.Access},
		{"licence", &f.Licence},
		{"interval", &f.Interval},
		{"fresh", &f.Fresh},
		{"dead", &f.Dead},
		{"instead", &f.Instead},
		{"remark", &f.Remark},
	} {
		if m.key != text.key {
			continue
		}
		if *text.to, err = d.string(m.value); err != nil {
			return err
		}
		switch m.key {
		case "id":
			if !isWord(f.ID) {
				err = d.wrong(m.value.at, "lower-case letters, digits, - and _ are expected, 60 at most")
			}
		case "access":
			if f.Access != "public" && f.Access != "restricted" {
				err = d.wrong(m.value.at, "public or restricted is expected")
			}
		case "interval", "fresh":
			if m.key == "interval" && f.Interval == stream {
				break
			}
			if span, failed := timeformat.ParseRelative(*text.to); failed != nil {
				err = d.wrong(m.value.at, "%w", failed)
			} else if span < time.Second {
				err = d.wrong(m.value.at, "a second at least is expected")
			}
		}
		return err
	}
	switch m.key {
	case "like":
	case "collector":
		f.Collector, err = d.words(m.value)
	case "parser":
		f.Parser, err = d.words(m.value)
	case "set":
		var more map[string]string
		more, err = d.strings(m.value)
		f.Set = maps.Clone(f.Set)
		if f.Set == nil {
			f.Set = map[string]string{}
		}
		maps.Copy(f.Set, more)
	case "ask":
		f.Ask, err = d.strings(m.value)
	case "credentials":
		f.Credentials, err = d.strings(m.value)
	default:
		known := []string{"id", "like", "name", "provider", "code", "documentation", "access", "licence", "interval", "fresh", "collector", "parser", "set", "ask", "credentials", "dead", "instead", "remark"}
		if near := plain.Nearest(m.key, slices.Values(known)); near != "" {
			return d.wrong(m.at, "unknown member %s; did you mean %s?", plain.Quote(m.key), near)
		}
		return d.wrong(m.at, "unknown member %s; known are %s", plain.Quote(m.key), strings.Join(known, ", "))
	}
	return err
}

// complete looks for what is missing, and for names that lead nowhere.
func (f *Feed) complete() error {
	for _, need := range []struct{ key, value string }{{"id", f.ID}, {"name", f.Name}, {"provider", f.Provider}, {"access", f.Access}} {
		if need.value == "" {
			return f.from.wrong(f.at, "the feed has no %s", need.key)
		}
	}
	if len(f.Collector) == 0 {
		return f.from.wrong(f.at, "the feed %s has no collector", f.ID)
	}
	if f.Interval == "" {
		f.Interval = "1 day"
	}
	used := map[string]bool{}
	names := func(at int, text string) error {
		for name := range placeholders(text) {
			used[name] = true
			if f.Set[name] == "" && f.Ask[name] == "" {
				return f.from.wrong(at, "<%s> is neither in set nor in ask", name)
			}
		}
		return nil
	}
	for _, w := range slices.Concat(f.Collector, f.Parser) {
		if err := names(w.at, w.Text); err != nil {
			return err
		}
	}
	for _, text := range append(slices.Sorted(maps.Values(f.Set)), f.Documentation) {
		if err := names(f.at, text); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Set)) {
		if !used[name] {
			return f.from.wrong(f.at, "the feed %s sets %s, and no word has <%s>", f.ID, name, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Ask)) {
		if !used[name] {
			return f.from.wrong(f.at, "the feed %s asks for %s, and no word has <%s>", f.ID, name, name)
		}
	}
	return nil
}

// placeholders yields the names in <NAME>. A group of a regular expression is none.
func placeholders(text string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for rest := text; ; {
			before, after, ok := strings.Cut(rest, "<")
			if !ok {
				return
			}
			name, behind, closed := strings.Cut(after, ">")
			rest = after
			if !closed || !isWord(name) || strings.HasSuffix(before, "(?") || strings.HasSuffix(before, "(?P") {
				continue
			}
			if rest = behind; !yield(name) {
				return
			}
		}
	}
}

// Check looks up its commands and their flags.
func (f *Feed) Check(commands stage.Commands) error {
	for _, line := range [][]Word{f.Collector, f.Parser} {
		if len(line) == 0 {
			continue
		}
		family := "collect-"
		if len(f.Collector) > 0 && &line[0] != &f.Collector[0] {
			family = "parse-"
		}
		if !strings.HasPrefix(line[0].Text, family) {
			return f.from.wrong(line[0].at, "%s: a command that begins with %s is expected", plain.Quote(line[0].Text), family)
		}
		words, places := f.sample(line)
		if at, err := commands.Check(words); err != nil {
			return f.from.wrong(line[places[at]].at, "%w", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Credentials)) {
		if _, err := commands.Check([]string{f.Collector[0].Text, "--" + name + "-file", "x"}); err != nil {
			return f.from.wrong(f.at, "the feed %s: credentials: %s: %w", f.ID, name, err)
		}
	}
	return nil
}

// sample are words without the flags whose values a user gives, and where each stands
// in the line.
func (f *Feed) sample(line []Word) (words []string, at []int) {
	filled, _ := f.expand(line, nil)
	for i, text := range filled {
		if i+1 < len(filled) && strings.HasPrefix(text, "--") && f.asks(filled[i+1]) || f.asks(text) {
			continue
		}
		words, at = append(words, text), append(at, i)
	}
	return words, at
}

// asks says whether a text has the name of something that a user gives.
func (f *Feed) asks(text string) bool {
	for name := range placeholders(text) {
		if f.Ask[name] != "" {
			return true
		}
	}
	return false
}

// Missing are the commands that it needs and that do not exist.
func (f *Feed) Missing(commands stage.Commands) (names []string) {
	for _, line := range [][]Word{f.Collector, f.Parser} {
		if len(line) > 0 && !commands.Has(line[0].Text) {
			names = append(names, line[0].Text)
		}
	}
	return names
}

// stream is the interval of a feed that goes on and on.
const stream = "stream"

// Stream says that it does not end.
func (f *Feed) Stream() bool { return f.Interval == stream }

// Span is a text such as "1 hour" as a duration, and 0 for none.
func Span(text string) time.Duration {
	span, _ := timeformat.ParseRelative(text) // which set has checked
	return span
}

// expand replaces <NAME> by values.
func (f *Feed) expand(line []Word, values map[string]string) (words []string, missing []string) {
	for _, w := range line {
		if w.done {
			words = append(words, w.Text)
			continue
		}
		text, lacking := f.fill(w.Text, values)
		words, missing = append(words, text), append(missing, lacking...)
	}
	return words, missing
}

// fill replaces <NAME> in a text. A value may have one in turn.
func (f *Feed) fill(text string, values map[string]string) (filled string, missing []string) {
	for range 3 {
		missing = nil
		var pairs []string
		for name := range placeholders(text) {
			if value := cmp.Or(values[name], f.Set[name]); value != "" {
				pairs = append(pairs, "<"+name+">", value)
			} else {
				missing = append(missing, name)
			}
		}
		text = strings.NewReplacer(pairs...).Replace(text)
	}
	return text, missing
}

func search(feeds []*Feed, id string) *Feed {
	if i := slices.IndexFunc(feeds, func(f *Feed) bool { return f.ID == id }); i >= 0 {
		return feeds[i]
	}
	return nil
}

// unknown is the error for a name that no feed has.
func unknown(feeds []*Feed, id string) error {
	ids := func(yield func(string) bool) {
		for _, f := range feeds {
			if !yield(f.ID) {
				return
			}
		}
	}
	if near := plain.Nearest(id, ids); near != "" {
		return fmt.Errorf("unknown feed %s; did you mean %s?", plain.Quote(id), near)
	}
	return fmt.Errorf("unknown feed %s; feeds list shows all", plain.Quote(id))
}
