package warninglist

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/intelpipe/intelpipe/internal/charset"
	"github.com/intelpipe/intelpipe/internal/json"
	"github.com/intelpipe/intelpipe/internal/lookup/database"
	"github.com/intelpipe/intelpipe/internal/network"
	"github.com/intelpipe/intelpipe/internal/plain"
)

var (
	errEmpty = errors.New("there are no entries in it")
	errEntry = errors.New("an entry is empty, and would be found everywhere")
)

// load reads a list.
func load(file string) (*list, error) {
	text, err := charset.ReadFile(file)
	if err != nil {
		return nil, err
	}
	l := &list{name: path.Base(file), strings: map[string]bool{}, domains: map[string]bool{}}
	if head := bytes.TrimSpace(text); len(head) > 0 && head[0] == '{' {
		err = l.misp(string(text), file)
	} else {
		err = l.plain(string(text), file)
	}
	if err != nil {
		return nil, err
	}
	if l.networks, err = l.building.IPSet(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(l.strings)+len(l.domains)+len(l.substrings)+len(l.regexes)+len(l.networks.Ranges()) == 0 {
		return nil, fmt.Errorf("%s: %w", file, errEmpty)
	}
	return l, nil
}

// plain reads an entry a line.
func (l *list) plain(text, file string) error {
	return database.Entries(file, text, func(entry string) error {
		if _, no := network.Parse(entry); no == nil {
			return l.network(entry)
		}
		if !strings.Contains(entry, ".") || l.domain(entry) != nil {
			l.strings[entry] = true
		}
		return nil
	})
}

// misp reads a MISP warninglist.
func (l *list) misp(text, file string) error {
	if err := json.Check(text); err != nil {
		return json.InFile(file, err)
	}
	var w struct {
		Name string   `json:"name"`
		Type string   `json:"type"`
		List []string `json:"list"`
	}
	if err := json.Unmarshal([]byte(text), &w); err != nil {
		return fmt.Errorf("%s: this is no MISP warninglist: %w", file, err)
	}
	if w.Name != "" {
		l.name = w.Name
	}
	if w.Type == "" {
		w.Type = "string"
	}
	add := adder(w.Type)
	if add == nil {
		return fmt.Errorf("%s: a list of the type %s is not known; %s is expected", file, plain.Quote(w.Type), plain.Choice(types[:]))
	}
	for _, entry := range w.List {
		err := errEntry
		if entry != "" {
			err = add(l, entry)
		}
		if err != nil {
			at := max(0, strings.Index(text, string(json.AppendString(nil, entry))))
			return fmt.Errorf("%s: %w", json.Place(file, text, at), err)
		}
	}
	return nil
}
