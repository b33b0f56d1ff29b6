package catalogue

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Line is what a feed needs to become a command line.
type Line struct {
	Values  map[string]string // for what it asks for
	From    string            // a file or a URL that takes the place of its own one, or ""
	Secrets map[string]string // the files of credentials, by their names
	More    []string          // further flags of the collector
	Parser  []string          // further flags of the parser
}

// Words are the command lines of collector and parser.
func (f *Feed) Words(l Line) (collector, parser []string, err error) {
	line := f.Collector
	switch isURL := strings.HasPrefix(l.From, "http://") || strings.HasPrefix(l.From, "https://"); {
	case l.From == "":
	case isURL && line[0].Text == "collect-http":
		line = replace(line, "--http-url", l.From)
	case isURL:
		line = []Word{{Text: "collect-http"}, {Text: "--http-url"}, {Text: l.From, done: true}}
	default:
		line = []Word{{Text: "collect-file"}, {Text: l.From, done: true}}
	}
	if line[0].Text == f.Collector[0].Text {
		for _, name := range slices.Sorted(maps.Keys(l.Secrets)) {
			line = append(slices.Clone(line), Word{Text: "--" + name + "-file"}, Word{Text: l.Secrets[name], done: true})
		}
		if l.From != "" && l.Secrets["http-secret"] == "" {
			line = withoutSecret(line) // what it is taken from instead need not know the key
		}
	}
	collector, missing := f.expand(line, l.Values)
	parser, lacking := f.expand(f.Parser, l.Values)
	if missing = append(missing, lacking...); len(missing) > 0 {
		err = fmt.Errorf("%s: --set %s=TEXT is missing: %s", f.ID, missing[0], f.Ask[missing[0]])
	}
	collector = slices.Concat(collector, f.describe(l.Values), l.More)
	if len(parser) > 0 {
		parser = append(parser, l.Parser...)
	}
	return collector, parser, err
}

// replace gives a flag another value.
func replace(line []Word, flag, value string) []Word {
	line = slices.Clone(line)
	for i := range line {
		if name, _, joined := strings.Cut(line[i].Text, "="); name == flag && joined {
			line[i].Text, line[i].done = flag+"="+value, true
		} else if line[i].Text == flag && i+1 < len(line) {
			line[i+1].Text, line[i+1].done = value, true
		}
	}
	return line
}

// withoutSecret leaves out flags whose values have the place of a secret.
func withoutSecret(line []Word) []Word {
	line = slices.Clone(line)
	for i := 1; i < len(line); i++ {
		if strings.Contains(line[i].Text, "{secret}") {
			line = slices.Delete(line, i-1, i+1)
			i--
		}
	}
	return line
}

// describe are the flags by which a collector tells of the feed.
func (f *Feed) describe(values map[string]string) (words []string) {
	documentation, _ := f.fill(f.Documentation, values)
	for _, d := range []struct{ flag, text string }{
		{"--name", f.Name}, {"--provider", f.Provider}, {"--code", f.Code}, {"--documentation", documentation},
	} {
		if d.text != "" {
			words = append(words, d.flag, d.text)
		}
	}
	return words
}

// ParserName is the command of its parser, or "".
func (f *Feed) ParserName() string {
	if len(f.Parser) == 0 {
		return ""
	}
	return f.Parser[0].Text
}

// URL is where it comes from, as far as its words tell, and else "".
func (f *Feed) URL() string {
	for _, w := range f.Collector[1:] {
		text, _ := f.fill(w.Text, nil)
		if strings.Contains(text, "://") && !strings.HasPrefix(text, "-") {
			return text
		}
	}
	return ""
}

// Dirs are the directories that have feeds of users: that of the machine, and that of
// the user.
func Dirs(environ []string) []string {
	dirs := []string{"/etc/intelpipe/feeds"}
	home := variable(environ, "HOME")
	if home != "" {
		home += "/.config"
	}
	if config := cmp.Or(variable(environ, "XDG_CONFIG_HOME"), home); config != "" {
		dirs = append(dirs, filepath.Join(config, "intelpipe", "feeds"))
	}
	return dirs
}

func variable(environ []string, name string) string {
	for _, v := range slices.Backward(environ) {
		if text, ok := strings.CutPrefix(v, name+"="); ok {
			return text
		}
	}
	return ""
}

// Secrets looks for the files with the credentials of a feed: FEED.NAME among the
// credentials of systemd, and in the directories. What the collector finds by itself,
// in a variable or by the name of its flag, needs no file. Missing are the others.
func (f *Feed) Secrets(dirs, environ []string) (files map[string]string, missing []string) {
	files = map[string]string{}
	credentials := variable(environ, "CREDENTIALS_DIRECTORY")
	for _, name := range slices.Sorted(maps.Keys(f.Credentials)) {
		if path := firstFile(f.ID+"."+name, append([]string{credentials}, dirs...)); path != "" {
			files[name] = path
			continue
		}
		flag := upper(name)
		found := credentials != "" && firstFile(name, []string{credentials}) != ""
		for _, v := range []string{"INTELPIPE_" + flag, "INTELPIPE_" + upper(f.Collector[0].Text) + "_" + flag} {
			found = found || variable(environ, v) != "" || variable(environ, v+"_FILE") != ""
		}
		if !found {
			missing = append(missing, name)
		}
	}
	return files, missing
}

// SecretFile is where a user puts a credential.
func (f *Feed) SecretFile(name string, dirs []string) string {
	return filepath.Join(dirs[len(dirs)-1], f.ID+"."+name)
}

func firstFile(name string, dirs []string) string {
	for _, dir := range dirs {
		if dir == "" {
			continue
		}
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() {
			return filepath.Join(dir, name)
		}
	}
	return ""
}

func upper(name string) string { return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) }
